import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { systemClock, systemTimers } from "../../core/clock.ts";
import { COVER_LIMITS } from "../../core/limits.ts";
import { randomUnit } from "../../core/random.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { CoverLaw, type CoverProfile } from "./cover-law.ts";
import { type Departure, Emitter, type EmitterOptions } from "./emitter.ts";

const START_MS = 3_000_000 * COVER_LIMITS.slotMs;
const HOUR_MS = 3_600_000;

interface Sent {
  readonly atMs: number;
  readonly id: string;
}

/** An emitter in virtual time, what it sent, and what was settled. */
function setUp(profile: CoverProfile, options: Partial<EmitterOptions> = {}) {
  const time = new VirtualTime(START_MS);
  const law = new CoverLaw(profile, true, START_MS);
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

/** The same draws each time, so that two runs can be compared tick by tick. */
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
  assert.deepEqual(ids().slice(before, before + 4), ["a", "b", "c", "dummy"]);
  assert.ok(settled.includes("a true"));
  assert.equal(emitter.waiting, 0);
});

test("the ticks are the same whether somebody writes or not", async () => {
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

test("the attack: a relay that answers late, never, or refuses cannot move the ticks", async () => {
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

test("how long a cell takes to make does not move the ticks after it", async () => {
  const slow = setUp("balanced", { random: () => 0.5 });
  const made: number[] = [];
  slow.emitter.post({
    make: () => {
      made.push(slow.time.nowMs());
      slow.time.stall(400);
      return { id: "slow" } as VerifiedEvent;
    },
    settled: () => {},
  });
  await slow.time.advance(4_000);
  const gapMs = Math.round((slow.sent[1]?.atMs ?? 0) - (made[0] ?? 0));
  assert.equal(gapMs, Math.round(2_000 * Math.LN2));
});

test("after a sleep of an hour there is no burst", async () => {
  const { time, sent } = setUp("balanced");
  await time.advance(HOUR_MS);
  const before = sent.length;
  time.stall(HOUR_MS);
  await time.advance(5_000);
  const after = sent.length - before;
  assert.ok(after >= 1 && after < 20, `${after} cells in the 5 s after a sleep in which 1,800 were missed`);
});

test("a pace changes at the boundary, not at the next tick of the old one", async () => {
  const { time, law, sent } = setUp("balanced", { random: () => 0.9 }); // closed: 138 s, open: 4.6 s
  law.setAppOpen(false, time.nowMs());
  await time.advance(2 * COVER_LIMITS.slotMs - 1_000);
  law.setAppOpen(true, time.nowMs());
  await time.advance(1_000 + 30_000);
  const sinceBoundary = sent.filter(({ atMs }) => atMs >= START_MS + 2 * COVER_LIMITS.slotMs);
  assert.equal(sinceBoundary.length, 6);
});

test("stealth sends 120 cells an hour and balanced 1,800", async () => {
  for (const [profile, perHour] of [
    ["stealth", 120],
    ["balanced", 1_800],
  ] as const) {
    const { time, sent } = setUp(profile);
    await time.advance(20 * HOUR_MS);
    const expected = 20 * perHour;
    assert.ok(Math.abs(sent.length - expected) < 6 * Math.sqrt(expected), `${profile}: ${sent.length} in 20 h`);
  }
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
  assert.deepEqual(ids().slice(0, 2), ["b", "dummy"]);
  assert.deepEqual(settled.slice(0, 3), ["a false", "b true", "c false"]);
});

test("a refused cell is settled as not accepted", async () => {
  const { time, emitter, departure, settled } = setUp("fast", { publish: () => Promise.reject(new Error("refused")) });
  emitter.post(departure("a"));
  await time.advance(1);
  assert.deepEqual(settled, ["a false"]);
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

test("the machine's own clock and timers drive it, until it is closed", async () => {
  const options = { clock: systemClock, timers: systemTimers, random: () => 0.001 }; // 2 ms
  const { emitter, sent } = setUp("balanced", options);
  await waitUntil("three cells have left", () => sent.length >= 3);
  emitter.close();
  const count = sent.length;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(sent.length, count);
});
