import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "../../src/core/random.ts";
import {
  areaUnderCurve,
  binomialInterval,
  chiSquareScore,
  chiSquareTest,
  clusteredInterval,
  ksDistance,
} from "./statistics.ts";
import { trainClassifier } from "./logistic-regression.ts";

function near(actual: number, expected: number, tolerance = 1e-6): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

test("KS distance of small samples, counted by hand", () => {
  assert.equal(ksDistance([1, 2, 3], [1, 2, 3]), 0);
  assert.equal(ksDistance([1, 2, 3], [4, 5, 6]), 1);
  assert.equal(ksDistance([3, 1, 2, 4], [3, 4, 5, 6]), 0.5);
  near(ksDistance([1, 1, 1, 2], [1, 2]), 0.25); // ties
  near(ksDistance([1, 2], [1, 2, 9, 9, 9]), 0.6);
});

test("area under the curve of small samples, counted by hand", () => {
  assert.equal(areaUnderCurve([3, 4], [1, 2]), 1);
  assert.equal(areaUnderCurve([1, 2], [3, 4]), 0);
  assert.equal(areaUnderCurve([1, 1], [1, 1]), 0.5);
  assert.equal(areaUnderCurve([1, 4], [2, 3]), 0.5);
  near(areaUnderCurve([2, 3], [1, 2, 2]), 5 / 6);
});

test("chi-square p-values, against printed tables", () => {
  // Critical values of the 0.05 and 0.001 levels (NIST/SEMATECH e-Handbook 1.3.6.7.4).
  for (const [degrees, at05, at001] of [
    [1, 3.841, 10.828],
    [2, 5.991, 13.816],
    [10, 18.307, 29.588],
    [100, 124.342, 149.449],
  ] as const) {
    near(pValueOf(at05, degrees), 0.05, 1e-4);
    near(pValueOf(at001, degrees), 0.001, 1e-5);
  }
  near(pValueOf(4, 2), Math.exp(-2), 1e-12); // closed forms for 2 and 4 degrees
  near(pValueOf(1, 2), Math.exp(-0.5), 1e-12);
  near(pValueOf(30, 4), Math.exp(-15) * 16, 1e-15);
});

test("a fair die passes the chi-square test, a loaded one does not", () => {
  const fair = chiSquareTest([16, 18, 16, 14, 12, 12], new Array<number>(6).fill(88 / 6));
  near(fair.statistic, 2);
  assert.equal(fair.degreesOfFreedom, 5);
  near(fair.pValue, 0.849145, 1e-6);
  assert.ok(chiSquareTest([160, 180, 160, 140, 120, 300], new Array<number>(6).fill(1_060 / 6)).pValue < 1e-9);
});

test("the score of even counts is small, that of uneven ones is not", () => {
  const even = new Uint16Array(256);
  for (const byte of randomBytes(100_000)) even[byte] = (even[byte] ?? 0) + 1;
  const counts = [...even];
  assert.ok(Math.abs(chiSquareScore(counts)) < 5);
  assert.ok(chiSquareScore(counts.map((count, i) => (i === 0 ? 2 * count : count))) > 5);
  near(chiSquareScore([60, 40]), (4 - 1) / Math.SQRT2);
});

test("an interval of trials that come in clusters is that of as many independent ones as there are clusters", () => {
  const alone = Array.from({ length: 400 }, (_, i) => ({ cluster: i, success: i < 100 }));
  const wide = clusteredInterval(alone.flatMap((trial) => Array<typeof trial>(9).fill(trial)));
  const narrow = clusteredInterval(alone);
  near(narrow.share, 0.25);
  near(wide.low, narrow.low);
  near(narrow.low, 0.25 - 1.959964 * Math.sqrt((0.25 * 0.75) / 399));
});

test("binomial intervals (Newcombe 1998, table I, Wilson)", () => {
  const { low, high } = binomialInterval(81, 263);
  near(low, 0.2553, 5e-5);
  near(high, 0.3662, 5e-5);
  const none = binomialInterval(0, 20);
  near(none.low, 0);
  near(none.high, 0.1611, 5e-5);
});

test("the classifier finds what is there, and nothing where nothing is", () => {
  const draw = () => Math.random() + Math.random() + Math.random() - 1.5; // deviation 0.5
  const samples = Array.from({ length: 4_000 }, (_, i) => {
    const positive = i % 10 === 0;
    return { positive, told: [draw() + (positive ? 0.5 : 0), 1_000 * draw(), 7], untold: [draw(), draw(), 7] };
  });
  const aucOf = (pick: "told" | "untold") => {
    const scorer = trainClassifier(
      samples.slice(0, 2_000).map((sample) => ({ features: sample[pick], positive: sample.positive })),
    );
    const scoresOf = (kind: boolean) =>
      samples.slice(2_000).flatMap((sample) => (sample.positive === kind ? [scorer(sample[pick])] : []));
    return areaUnderCurve(scoresOf(true), scoresOf(false));
  };
  near(aucOf("told"), 0.76, 0.1); // one deviation apart: Phi(1 / sqrt 2)
  near(aucOf("untold"), 0.5, 0.12);
});

/** The p-value of a statistic, through counts that give it. */
function pValueOf(statistic: number, degreesOfFreedom: number): number {
  const expected = new Array<number>(degreesOfFreedom + 1).fill(1_000);
  const counts = [...expected];
  const shift = Math.sqrt((statistic * 1_000) / 2);
  counts[0] = 1_000 + shift;
  counts[1] = 1_000 - shift;
  const result = chiSquareTest(counts, expected);
  near(result.statistic, statistic, 1e-9);
  return result.pValue;
}
