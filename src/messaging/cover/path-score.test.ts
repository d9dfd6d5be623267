import assert from "node:assert/strict";
import { test } from "node:test";
import { COVER_LIMITS } from "../../core/cell-limits.ts";
import { randomUnit } from "../../core/random.ts";
import { LoopWatch } from "./loop-watch.ts";
import {
  choosePaths,
  isBadPath,
  type PathScore,
  ratePath,
  scoreLoss,
  scoreReturn,
  UNTRIED_PATH,
} from "./path-score.ts";

/** The score after observations: a delay in ms, or null for a loss. */
function scoreAfter(observations: readonly (number | null)[]): PathScore {
  return observations.reduce<PathScore>(
    (score, delayMs) => (delayMs === null ? scoreLoss(score) : scoreReturn(score, delayMs)),
    UNTRIED_PATH,
  );
}

function repeat<T>(value: T, count: number): T[] {
  return new Array<T>(count).fill(value);
}

test("a way is bad after three losses in a row, and good again after as many returns", () => {
  assert.equal(isBadPath(scoreAfter([100, null, null])), false);
  assert.equal(isBadPath(scoreAfter([100, null, null, null])), true);
  assert.equal(isBadPath(scoreAfter([100, null, null, null, 100, 100, 100])), false);
  assert.equal(isBadPath(scoreAfter([...repeat(null, 50), 100])), true);
});

test("one loss in three makes a way bad, one in ten does not", () => {
  const third = scoreAfter(Array.from({ length: 90 }, (_, i) => (i % 3 === 2 ? null : 100)));
  const tenth = scoreAfter(Array.from({ length: 90 }, (_, i) => (i % 10 === 9 ? null : 100)));
  assert.ok(isBadPath(third), `loss ${third.loss}`);
  assert.ok(!isBadPath(tenth), `loss ${tenth.loss}`);
});

test("delay follows what is observed; a loss says nothing about it", () => {
  assert.equal(scoreAfter([100]).delayMs, 100);
  assert.equal(scoreAfter([100, 200]).delayMs, 110);
  assert.equal(scoreAfter([100, null]).delayMs, 100);
  assert.ok(Math.abs((scoreAfter([100, ...repeat(5_000, 60)]).delayMs ?? 0) - 5_000) < 20);
});

test("ratings: untried is best, delay halves, loss takes its share", () => {
  assert.equal(ratePath(UNTRIED_PATH), 1);
  assert.equal(ratePath({ loss: 0, delayMs: COVER_LIMITS.halvingDelayMs }), 0.5);
  assert.equal(ratePath({ loss: 0.1, delayMs: 0 }), 0.9);
  assert.ok(ratePath({ loss: 0.21, delayMs: 0 }) < 0.05);
});

test("ways are drawn in proportion to their ratings, bad ones rarely", () => {
  const scores = new Map<string, PathScore>([
    ["good", { loss: 0, delayMs: 0 }],
    ["slow", { loss: 0, delayMs: COVER_LIMITS.halvingDelayMs }],
    ["bad", { loss: 0.5, delayMs: 0 }],
  ]);
  const counts = new Map<string, number>();
  const rounds = 20_000;
  for (let i = 0; i < rounds; i++) {
    const [first = ""] = choosePaths(["good", "slow", "bad"], scores, 1, randomUnit);
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  const share = (relay: string) => (counts.get(relay) ?? 0) / rounds;
  const sum = 1 + 0.5 + 0.025;
  assert.ok(Math.abs(share("good") - 1 / sum) < 0.02);
  assert.ok(Math.abs(share("slow") - 0.5 / sum) < 0.02);
  assert.ok(share("bad") > 0.005 && share("bad") < 0.03, `bad: ${share("bad")}`);
});

test("two of three are different ones, and the same draws choose the same", () => {
  const relays = ["a", "b", "c"];
  const drawn = choosePaths(relays, new Map(), 2, randomUnit);
  assert.equal(new Set(drawn).size, 2);
  const draws = [0.9, 0.1, 0.5];
  const choose = () => {
    const left = [...draws];
    return choosePaths(relays, new Map(), 2, () => left.shift() ?? 0);
  };
  assert.deepEqual(choose(), ["b", "c"]);
  assert.deepEqual(choose(), choose());
});

test("a way that lost everything is still taken when there is no other", () => {
  const scores = new Map([["a", { loss: 1, delayMs: null }]]);
  assert.deepEqual(choosePaths(["a"], scores, 2, randomUnit), ["a"]);
  assert.deepEqual(choosePaths([], scores, 2, randomUnit), []);
});

test("a loop cell comes back once, or is lost once", () => {
  const watch = new LoopWatch();
  watch.left("a", 1_000);
  watch.left("b", 2_000);
  assert.equal(watch.takeReturn("a", 1_300), 300);
  assert.equal(watch.takeReturn("a", 1_400), null);
  assert.equal(watch.takeReturn("of somebody else", 1_400), null);
  assert.equal(watch.takeLost(2_000 + COVER_LIMITS.loopMs), 0);
  assert.equal(watch.takeLost(2_001 + COVER_LIMITS.loopMs), 1);
  assert.equal(watch.takeLost(9_000 + COVER_LIMITS.loopMs), 0);
  assert.equal(watch.takeReturn("b", 9_001 + COVER_LIMITS.loopMs), null);
});

test("loop cells under way are bounded: the oldest is forgotten", () => {
  const watch = new LoopWatch();
  for (let i = 0; i <= COVER_LIMITS.loopsUnderWay; i++) watch.left(`${i}`, i);
  assert.equal(watch.takeReturn("0", 500), null);
  assert.equal(watch.takeReturn("1", 501), 500);
});
