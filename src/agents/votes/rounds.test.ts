import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkRules, roundMs, roundOf, windowAt, windowsOf } from "./rounds.ts";
import { RULES } from "./testing.ts";

const DAY_MS = 86_400_000;

test("rounds follow each other from 1970 on, a commit window and a reveal window each", () => {
  assert.deepEqual(windowsOf(RULES, 0), { startMs: 0, revealMs: DAY_MS, endMs: 1.5 * DAY_MS });
  assert.deepEqual(windowsOf(RULES, 2), { startMs: 3 * DAY_MS, revealMs: 4 * DAY_MS, endMs: 4.5 * DAY_MS });
  const times = [0, DAY_MS - 1, DAY_MS, 1.5 * DAY_MS - 1, 1.5 * DAY_MS];
  assert.deepEqual(
    times.map((at) => [roundOf(RULES, at), windowAt(RULES, at)]),
    [
      [0, "commit"],
      [0, "commit"],
      [0, "reveal"],
      [0, "reveal"],
      [1, "commit"],
    ],
  );
});

test("every time is in one window of one round", () => {
  const seconds = fc.integer({ min: 1, max: 2_592_000 }).map((s) => 1_000 * s);
  fc.assert(
    fc.property(seconds, seconds, fc.nat({ max: 4e12 }), (commitMs, revealMs, at) => {
      const rules = { ...RULES, commitMs, revealMs };
      const round = roundOf(rules, at) as number;
      const { startMs, revealMs: middleMs, endMs } = windowsOf(rules, round);
      assert.ok(startMs <= at && at < endMs && endMs - startMs === roundMs(rules));
      assert.equal(windowAt(rules, at), at < middleMs ? "commit" : "reveal");
    }),
    { numRuns: 200 },
  );
});

test("what is no time is in no round, and windows are whole seconds within bounds", () => {
  for (const at of [-1, 0.5, Number.NaN, 2 ** 53]) assert.equal(roundOf(RULES, at), null);
  checkRules({ ...RULES, commitMs: 1_000, revealMs: 2_592_000_000 });
  for (const wrong of [0, 999, 1_500, -1_000, Number.NaN, 2_592_001_000]) {
    assert.throws(() => checkRules({ ...RULES, commitMs: wrong }), { code: "vote_rules" });
    assert.throws(() => checkRules({ ...RULES, revealMs: wrong }), { code: "vote_rules" });
  }
});
