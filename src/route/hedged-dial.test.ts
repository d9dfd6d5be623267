/** Hedging: the first that opens is taken, the others end, and no circuit's no is final but the target's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dialHedged } from "./hedged-dial.ts";
import { Isolation } from "./tor/isolation.ts";
import { isRefusalOfTarget, SocksRefusal } from "./tor/socks-stream.ts";

const HEDGING = { hedgeMs: 30, attempts: 3, isFinal: isRefusalOfTarget };
const never = new AbortController().signal;

/** Attempts that end as the script says after so many milliseconds; `null`: not before their signal. */
function script(ends: readonly (readonly [ms: number | null, outcome: string | Error])[]) {
  const given: string[] = [];
  const discarded: string[] = [];
  const open = async (attempt: number, signal: AbortSignal): Promise<string> => {
    const [ms, outcome] = ends[attempt] ?? [null, ""];
    try {
      await sleep(ms ?? 10_000, undefined, { signal });
    } catch {
      given.push(`${attempt} given up`);
      throw signal.reason;
    }
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  return {
    given,
    discarded,
    dial: (signal = never) => dialHedged(open, (late) => discarded.push(late), HEDGING, signal),
  };
}

test("one that hangs gets another beside it; the loser is given up", async () => {
  const { dial, given } = script([
    [null, ""],
    [5, "second"],
  ]);
  const begunMs = performance.now();
  assert.equal(await dial(), "second");
  assert.ok(performance.now() - begunMs < 1_000);
  await sleep(5);
  assert.deepEqual(given, ["0 given up"]);
});

test("a slow first one is still taken when it opens first", async () => {
  const { dial, given } = script([
    [50, "first"],
    [null, ""],
  ]);
  assert.equal(await dial(), "first");
  await sleep(5);
  assert.deepEqual(given, ["1 given up"]);
});

test("a no of a circuit is followed by the next at once; all failed: the first error", async () => {
  const no = (reply: string) => new SocksRefusal(reply);
  assert.equal(
    await script([
      [1, no("Failure")],
      [1, no("TTLExpired")],
      [1, "third"],
    ]).dial(),
    "third",
  );
  await assert.rejects(
    script([
      [1, no("HostUnreachable")],
      [1, no("Failure")],
      [1, no("Failure")],
    ]).dial(),
    { reply: "HostUnreachable" },
  );
});

test("what every exit would repeat is final", async () => {
  let tried = 0;
  const open = async (): Promise<string> => {
    tried++;
    throw new SocksRefusal("ConnectionRefused");
  };
  await assert.rejects(
    dialHedged(open, () => {}, HEDGING, never),
    { reply: "ConnectionRefused" },
  );
  assert.equal(tried, 1);
});

test("no more than so many circuits, and the caller may give up", async () => {
  const { dial, given } = script([]);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 150);
  await assert.rejects(dial(stop.signal), /enough/);
  assert.deepEqual(given.toSorted(), ["0 given up", "1 given up", "2 given up"]);
});

test("labels have users of their own, and a label stays with the circuit that opened", () => {
  const isolation = new Isolation();
  const first = isolation.credentials("ann", 0);
  assert.deepEqual(isolation.credentials("ann", 0), first);
  assert.notEqual(isolation.credentials("bob", 0).user, first.user);
  assert.ok(!JSON.stringify(first).includes("ann"));
  assert.notEqual(isolation.credentials("ann", 1).password, first.password);
  isolation.settle(isolation.credentials("ann", 1));
  assert.equal(isolation.credentials("ann", 0).password, "1", "the circuit that hung is not asked again");
  isolation.settle(first);
  assert.equal(isolation.credentials("ann", 0).password, "1", "one that opened late changes nothing");
  isolation.renew();
  assert.notEqual(isolation.credentials("ann", 0).user, first.user);
});
