import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ENTRY_TYPES, type EntryType } from "./entry.ts";
import { ENTRY_LEVELS, type EntryLevel, levelNumber } from "./entry-level.ts";
import { comparePlaces, type Place, type Ranked, relevanceOf, scoreOf } from "./rank.ts";

const DAY_MS = 86_400_000;
const ranked: fc.Arbitrary<Ranked> = fc.record({
  type: fc.constantFrom(...(Object.keys(ENTRY_TYPES) as EntryType[])),
  level: fc.constantFrom(...ENTRY_LEVELS),
  confidence: fc.integer({ min: 0, max: 100 }),
  weight: fc.integer({ min: 0, max: 4_000 }),
  ageMs: fc.integer({ min: -DAY_MS, max: 3_000 * DAY_MS }),
  relevance: fc.double({ min: 0, max: 1, noNaN: true }),
});
const RUNS = { numRuns: 300 };

test("what is better in one thing never scores less, and any score is between 0 and 36", () => {
  const better: ((one: Ranked, other: Ranked) => Ranked)[] = [
    (one, { confidence }) => ({ ...one, confidence: Math.max(one.confidence, confidence) }),
    (one, { weight }) => ({ ...one, weight: Math.max(one.weight, weight) }),
    (one, { ageMs }) => ({ ...one, ageMs: Math.min(one.ageMs, ageMs) }),
    (one, { relevance }) => ({ ...one, relevance: Math.max(one.relevance, relevance) }),
    (one, { level }) => (levelNumber(level) > levelNumber(one.level) ? { ...one, level } : one),
  ];
  fc.assert(
    fc.property(ranked, ranked, (one, other) => {
      const score = scoreOf(one);
      assert.ok(score >= 0 && score <= 36);
      for (const improve of better) assert.ok(scoreOf(improve(one, other)) >= score);
    }),
    RUNS,
  );
});

test("a level more outweighs whatever one chooses oneself, an eighth more of weight what one says", () => {
  fc.assert(
    fc.property(ranked, fc.constantFrom<EntryLevel>("rejected", "low", "medium"), (one, level) => {
      const proud = { ...one, level, weight: Math.max(1, one.weight), confidence: 100, ageMs: 0 };
      const above = ENTRY_LEVELS[levelNumber(level) + 1] as EntryLevel;
      assert.ok(scoreOf({ ...proud, level: above, confidence: 0, ageMs: one.ageMs * 1_000 }) > scoreOf(proud));
      const weight = Math.min(proud.weight, 3_000);
      assert.ok(scoreOf({ ...proud, weight: weight * 1.125, confidence: 0 }) > scoreOf({ ...proud, weight }));
    }),
    RUNS,
  );
});

test("what is old keeps a half, and predictions are old sooner", () => {
  const about = { level: "low", confidence: 100, weight: 1_000, relevance: 1 } as const;
  const at = (type: EntryType, days: number): number => scoreOf({ ...about, type, ageMs: days * DAY_MS });
  assert.equal(at("observation", 0), 1);
  assert.equal(at("observation", 90), 0.75);
  assert.ok(at("observation", 100_000) >= 0.5);
  assert.ok(at("prediction", 30) < at("observation", 30) && at("observation", 30) < at("synthesis", 30));
});

test("bm25 is taken in relation to the best, and is 1 without a text", () => {
  assert.equal(relevanceOf(-2, -4), 0.5);
  assert.equal(relevanceOf(-4, -4), 1);
  assert.equal(relevanceOf(0, 0), 1);
  assert.equal(relevanceOf(null, -4), 1);
  assert.equal(relevanceOf(-1e-9, -1e-9), 1);
});

test("what was superseded comes last, the newest first, and the order is one whatever it was before", () => {
  const place: fc.Arbitrary<Place> = fc.record({
    isSuperseded: fc.boolean(),
    score: fc.constantFrom(1, 2, 3),
    madeAtMs: fc.constantFrom(1, 2, 3),
    place: fc.integer({ min: 0, max: 1_000 }),
  });
  const places = fc.uniqueArray(place, { selector: (one) => one.place, maxLength: 20 });
  fc.assert(
    fc.property(places, (all) => {
      const sorted = all.toSorted(comparePlaces);
      assert.deepEqual(all.toReversed().toSorted(comparePlaces), sorted);
      const firstOld = sorted.findIndex(({ isSuperseded }) => isSuperseded);
      if (firstOld < 0) return;
      const old = sorted.slice(firstOld);
      assert.ok(old.every(({ isSuperseded }) => isSuperseded));
      old.forEach(({ madeAtMs }, i) => assert.ok(i === 0 || madeAtMs <= (old[i - 1] as Place).madeAtMs));
    }),
    RUNS,
  );
});
