import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { systemClock, systemTimers } from "../../core/clock.ts";
import { randomUnit } from "../../core/random.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { CoverLaw, type CoverProfile } from "./cover-law.ts";
import { type Departure, Emitter, type EmitterOptions } from "./emitter.ts";

const START_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

interface Sent {
  readonly atMs: number;
  readonly id: string;
}

/** An emitter in virtual time, what it sent, and what was settled. */
function setUp(profile: CoverProfile, options: Partial<EmitterOptions> = {}) {
  const time = new VirtualTime(START_MS);
  const law = new CoverLaw(profile);
  const sent: Sent[] = [];
  const settled: string[] = [];
  const departure = (id: string): Departure => ({
    make: () => ({ id }) as VerifiedEvent, // signing is not the emitter's matter
    settled: (accepted) => void settled.push(`${id} ${accepted}`),
  });
  const emitter = new Emitter({
    law,
    clock: time,
    timers: time,
    random: randomUnit,
    dummy: () => departure("dummy"),
    publish: async (event) => void sent.push({ atMs: time.nowMs(), id: event.id }),
    ...options,
  });
  return { time, law, sent, settled, departure, emitter, ids: () => sent.map(({ id }) => id) };
}

/** The same draws each time, so that two runs can be compared cell by cell. */
function repeatable(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test("real cells take the place of dummies, in their order", async () => {
  const { time, emitter, departure, ids, settled } = setUp("balanced");
  await time.advance(60_000);
  const before = ids().length;
  assert.ok(before > 5);
  for (const id of ["a", "b", "c"]) assert.ok(emitter.post(departure(id)));
  assert.equal(ids().length, before, "nothing leaves at once");
  await time.advance(60_000);
  const first = ids().indexOf("a");
  assert.ok(first - before <= 1, "it leaves in the next period");
  assert.deepEqual(ids().slice(first, first + 4), ["a", "b", "c", "dummy"]);
  assert.ok(settled.includes("a true"));
  assert.equal(emitter.waiting, 0);
});

test("the moments are the same whether somebody writes or not", async () => {
  const idle = setUp("balanced", { random: repeatable(7) });
  const busy = setUp("balanced", { random: repeatable(7) });
  for (let i = 0; i < 100; i++) busy.emitter.post(busy.departure(`real ${i}`));
  await idle.time.advance(HOUR_MS);
  await busy.time.advance(HOUR_MS);
  assert.deepEqual(
    busy.sent.map(({ atMs }) => atMs),
    idle.sent.map(({ atMs }) => atMs),
  );
  assert.equal(busy.ids().filter((id) => id.startsWith("real")).length, 100);
});

test("the attack: a relay that answers late, never, or refuses cannot move the moments", async () => {
  const prompt = setUp("balanced", { random: repeatable(9) });
  await prompt.time.advance(HOUR_MS);
  const publishers = [() => new Promise<void>(() => {}), () => Promise.reject(new Error("refused"))];
  for (const answer of publishers) {
    const times: number[] = [];
    const slow = setUp("balanced", {
      random: repeatable(9),
      publish: () => {
        times.push(slow.time.nowMs());
        return answer();
      },
    });
    await slow.time.advance(HOUR_MS);
    assert.deepEqual(
      times,
      prompt.sent.map(({ atMs }) => atMs),
    );
  }
});

test("how long a cell takes to make does not move what comes after it", async () => {
  const quick = setUp("balanced", { random: repeatable(11) });
  const slow = setUp("balanced", { random: repeatable(11) });
  slow.emitter.post({
    make: () => {
      slow.time.stall(400);
      return { id: "slow" } as VerifiedEvent;
    },
    settled: () => {},
  });
  for (const { time } of [quick, slow]) await time.advance(150_000);
  const at = slow.ids().indexOf("slow");
  const times = ({ sent }: typeof slow) => sent.slice(at + 2).map(({ atMs }) => Math.round(atMs));
  assert.ok(times(slow).length > 20);
  assert.deepEqual(times(slow), times(quick));
});

test("a clock that is set back or forth neither stops the stream nor makes it burst", async () => {
  for (const jumpMs of [-HOUR_MS, HOUR_MS]) {
    const { time, sent } = setUp("balanced");
    await time.advance(60_000);
    time.set(time.nowMs() + jumpMs);
    const before = sent.length;
    await time.advance(150_000);
    assert.ok(Math.abs(sent.length - before - 30) < 8, `${sent.length - before} in 150 s`);
  }
});

test("one cell leaves in each period, at any moment of it", async () => {
  const { time, sent } = setUp("balanced");
  await time.advance(HOUR_MS);
  assert.ok(Math.abs(sent.length - 720) < 20, `${sent.length} in an hour`);
  const gaps = sent.slice(1).map(({ atMs }, i) => atMs - (sent[i]?.atMs ?? 0));
  assert.ok(Math.max(...gaps) <= 12_000);
  assert.ok(Math.min(...gaps) < 1_000 && Math.max(...gaps) > 8_500, "the moments are spread");
});

test("a cell posted within a period waits for the next, also if the moment is yet to come", async () => {
  const { time, emitter, departure, ids } = setUp("balanced", { random: () => 0.5 }); // 0 to 5 s, 5 to 10 s
  await time.advance(1_250);
  emitter.post(departure("a"));
  await time.advance(2_500);
  assert.deepEqual(ids(), ["dummy"]);
  await time.advance(5_000);
  assert.deepEqual(ids(), ["dummy", "a"]);
});

test("after a sleep of an hour there is no burst", async () => {
  const { time, sent } = setUp("balanced");
  await time.advance(HOUR_MS);
  const before = sent.length;
  time.stall(HOUR_MS);
  await time.advance(15_000);
  const after = sent.length - before;
  assert.ok(after >= 1 && after < 8, `${after} cells in the 15 s after a sleep in which 720 were missed`);
});

test("fast sends at once and nothing else", async () => {
  const { time, emitter, departure, sent } = setUp("fast");
  await time.advance(1_000);
  emitter.post(departure("a"));
  await time.advance(HOUR_MS);
  assert.deepEqual(sent, [{ atMs: START_MS + 1_000, id: "a" }]);
});

test("a full queue says so", () => {
  const { emitter, departure, settled } = setUp("stealth", { queuedCells: 2 });
  assert.deepEqual(
    ["a", "b", "c"].map((id) => emitter.post(departure(id))),
    [true, true, false],
  );
  assert.equal(emitter.waiting, 2);
  assert.deepEqual(settled, []);
});

test("a cell that cannot be made gives its turn to the next, and then to a dummy", async () => {
  const { time, emitter, departure, ids, settled } = setUp("balanced");
  const broken = (id: string): Departure => ({
    ...departure(id),
    make: () => {
      throw new Error("expired");
    },
  });
  emitter.post(broken("a"));
  emitter.post(departure("b"));
  emitter.post(broken("c"));
  await time.advance(60_000);
  assert.deepEqual(ids().slice(0, 3), ["dummy", "b", "dummy"]);
  assert.deepEqual(settled.slice(1, 4), ["a false", "b true", "c false"]);
});

test("a refused cell is settled as not accepted", async () => {
  const { time, emitter, departure, settled } = setUp("fast", { publish: () => Promise.reject(new Error("refused")) });
  emitter.post(departure("a"));
  await time.advance(1);
  assert.deepEqual(settled, ["a false"]);
});

test("closing from within a cell's end lets nothing more leave", async () => {
  const { time, emitter, ids } = setUp("balanced");
  emitter.post({
    make: () => {
      throw new Error("expired");
    },
    settled: () => emitter.close(),
  });
  await time.advance(60_000);
  assert.deepEqual(ids(), ["dummy"]);
});

test("closing ends the stream and settles what waits", async () => {
  const { time, emitter, departure, sent, settled } = setUp("stealth");
  emitter.post(departure("a"));
  emitter.close();
  assert.deepEqual(settled, ["a false"]);
  assert.equal(emitter.post(departure("b")), false);
  await time.advance(HOUR_MS);
  assert.deepEqual(sent, []);
});

test("a change of the law is followed at once: what waits leaves when the stream ends, and a stream begins", async () => {
  const { time, law, emitter, departure, ids, sent, settled } = setUp("stealth");
  law.onChange(() => emitter.renew());
  for (const id of ["a", "b"]) emitter.post(departure(id));
  law.change("fast");
  assert.deepEqual(ids(), ["a", "b"]);
  await time.advance(HOUR_MS);
  assert.deepEqual(
    [ids(), settled],
    [
      ["a", "b"],
      ["a true", "b true"],
    ],
    "and nothing after them",
  );
  law.change("balanced");
  await time.advance(60_000);
  const balanced = sent.length;
  assert.ok(balanced > 7, "dummies leave");
  law.change("stealth");
  await time.advance(600_000);
  assert.ok(sent.length - balanced <= 30, "no second stream beside the new one");
  law.change("balanced");
  emitter.close();
  const last = sent.length;
  law.change("fast");
  await time.advance(HOUR_MS);
  assert.equal(sent.length, last);
});

test("the machine's own clock and timers drive it, until it is closed", async () => {
  const options = { clock: systemClock, timers: systemTimers, random: () => 0.001 }; // 2 ms
  const { emitter, sent } = setUp("balanced", options);
  await waitUntil("three cells have left", () => sent.length >= 3);
  emitter.close();
  const count = sent.length;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(sent.length, count);
});
