import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { createLogger } from "../../core/log.ts";
import type { Verdict } from "../../mesh/network/topic.ts";
import type { DeviceId } from "../agent-ids.ts";
import { AgentGossip } from "./agent-gossip.ts";
import type { Journal } from "./journal.ts";
import { encodeSaid } from "./said.ts";
import { newClock, newJournal, type TestClock, words } from "./testing.ts";

interface Hearer {
  readonly published: Uint8Array[];
  readonly missing: { count: number };
  /** As gossip does: judged, and told if it is to be taken. */
  hear(bytes: Uint8Array): Verdict;
}

function hearer(
  t: TestContext,
  journal: Journal,
  admits: (device: DeviceId) => boolean = () => true,
  clock: TestClock = newClock(),
): Hearer {
  const published: Uint8Array[] = [];
  const missing = { count: 0 };
  const listeners = new Set<(bytes: Uint8Array) => void>();
  let judge: (bytes: Uint8Array) => Verdict = () => "reject";
  const gossip = new AgentGossip({
    join: (by) => {
      judge = by;
      return {
        publish: async (bytes) => void published.push(bytes),
        listeners: () => 1,
        onMessage: (listener) => {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      };
    },
    journal,
    gate: { admits },
    missing: () => void missing.count++,
    clock,
    log: createLogger("silent"),
  });
  t.after(() => gossip[Symbol.dispose]());
  return {
    published,
    missing,
    hear: (bytes) => {
      const verdict = judge(bytes);
      if (verdict === "take") for (const listener of listeners) listener(bytes);
      return verdict;
    },
  };
}

test("what this agent says is published; what others say is taken in order, and a gap is asked for", async (t) => {
  const [a, b] = [newJournal(t), newJournal(t)];
  const [mouth, ear] = [hearer(t, a), hearer(t, b)];
  for (const text of ["one", "two", "three"]) await a.say(words(text));
  const [one, two, three] = mouth.published as [Uint8Array, Uint8Array, Uint8Array];
  assert.deepEqual([ear.hear(one), b.sizeOf(a.device)], ["take", 1]);
  assert.deepEqual([ear.hear(three), b.sizeOf(a.device), ear.missing.count], ["take", 1, 1]);
  assert.deepEqual([ear.hear(two), ear.hear(three), b.sizeOf(a.device)], ["take", "take", 3]);
  // What was heard is not said once more.
  assert.deepEqual(ear.published, []);
});

test("what is known, or of a device that may not take part, is not passed on; what is forged is held against who passed it on", async (t) => {
  const [a, b] = [newJournal(t), newJournal(t)];
  const said = encodeSaid(await a.say(words("one")));
  const stranger = hearer(t, b, () => false);
  assert.deepEqual([stranger.hear(said), b.sizeOf(a.device), stranger.missing.count], ["ignore", 0, 1]);
  const ear = hearer(t, newJournal(t));
  const forged = said.slice();
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
  assert.deepEqual(
    [ear.hear(forged), ear.hear(new Uint8Array(20)), ear.hear(said), ear.hear(said)],
    ["reject", "reject", "take", "ignore"],
  );
});

test("a flood costs so many checks of signatures in a second, and the rest is left to be asked for", async (t) => {
  const [a, b] = [newJournal(t), newJournal(t)];
  const clock = newClock();
  const ear = hearer(t, b, () => true, clock);
  const all = await Promise.all(
    Array.from({ length: AGENT_LIMITS.messagesASecond + 1 }, (_, i) => a.say(words(`${i}`))),
  );
  const verdicts = all.map((said) => ear.hear(encodeSaid(said)));
  assert.deepEqual([verdicts.at(-2), verdicts.at(-1)], ["take", "ignore"]);
  clock.atMs += 1_000;
  assert.equal(ear.hear(encodeSaid(all.at(-1) as (typeof all)[0])), "take");
});
