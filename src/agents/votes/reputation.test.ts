import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { log2Thousandths } from "./fixed-log.ts";
import { freshnessOf, reputationOf } from "./reputation.ts";

const DAY_MS = 86_400_000;
const newcomer = { verified: 0, right: 0, decided: 0, idleMs: null };

test("a logarithm is the largest whole number of thousandths that is not too large", () => {
  const known = [1, 2, 3, 4, 10, 1_000, 1_024, 200_001];
  assert.deepEqual(known.map(log2Thousandths), [0, 1_000, 1_584, 2_000, 3_321, 9_965, 10_000, 17_609]);
  const numbers = fc.oneof(fc.integer({ min: 1, max: 300_000 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
  fc.assert(
    fc.property(numbers, (n) => {
      const log = BigInt(log2Thousandths(n));
      const power = BigInt(n) ** 1_000n;
      assert.ok(2n ** log <= power && power < 2n ** (log + 1n));
    }),
    { numRuns: 60 },
  );
});

test("logarithms never fall, and around powers of two they are not off by one", () => {
  for (let n = 1; n < 300; n++) assert.ok(log2Thousandths(n) <= log2Thousandths(n + 1), `${n}`);
  for (let power = 1; power < 53; power++) {
    assert.equal(log2Thousandths(2 ** power), 1_000 * power);
    assert.ok(log2Thousandths(2 ** power - 1) < 1_000 * power);
  }
  for (const none of [0, -1, 1.5, Number.NaN, 2 ** 53])
    assert.throws(() => log2Thousandths(none), { code: "fixed_log" });
});

test("a fresh operator weighs something, and nobody more than four of them", () => {
  assert.deepEqual(reputationOf(newcomer), {
    verified: 0,
    accuracy: 1_000,
    freshness: 0,
    reputation: 0,
    weight: 1_000,
  });
  const known = { verified: 7, right: 9, decided: 9, idleMs: 0 };
  assert.equal(reputationOf(known).weight, 4_000);
  assert.equal(reputationOf({ ...known, verified: 200_000 }).weight, 4_000);
  assert.equal(reputationOf({ ...known, verified: 1 }).weight, 2_000);
});

test("being wrong and being away cost weight, down to that of a newcomer and not below", () => {
  const known = { verified: 3, right: 2, decided: 3, idleMs: 0 };
  assert.deepEqual(reputationOf(known), {
    verified: 3,
    accuracy: 666,
    freshness: 1_000,
    reputation: 1_332,
    weight: 2_332,
  });
  assert.equal(reputationOf({ ...known, right: 0 }).weight, 1_000);
  assert.equal(reputationOf({ ...known, idleMs: 90 * DAY_MS }).weight, 1_666);
  assert.equal(reputationOf({ ...known, idleMs: 9_000 * DAY_MS }).weight, 1_000);
});

test("freshness halves in 90 days, and never rises", () => {
  const after = [0, 45, 90, 135, 180, 270, 900, 1_000, 100_000].map((days) => freshnessOf(days * DAY_MS));
  assert.deepEqual(after, [1_000, 750, 500, 375, 250, 125, 0, 0, 0]);
  fc.assert(
    fc.property(fc.nat({ max: 1e11 }), fc.nat({ max: 1e10 }), (idleMs, more) => {
      assert.ok(freshnessOf(idleMs + more) <= freshnessOf(idleMs));
    }),
    { numRuns: 200 },
  );
});
