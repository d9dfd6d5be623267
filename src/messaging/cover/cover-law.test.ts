import assert from "node:assert/strict";
import { test } from "node:test";
import { COVER_LIMITS } from "../../core/limits.ts";
import { randomUnit } from "../../core/random.ts";
import {
  acknowledgementDueMs,
  CoverLaw,
  coverCost,
  drawGapMs,
  expectedWaitSeconds,
  nextBoundaryMs,
} from "./cover-law.ts";

const { slotMs, openGapMs, closedGapMs, stealthGapMs } = COVER_LIMITS;
const BOUNDARY = 3_000_000 * slotMs;

test("gaps are exponential: their mean, and the share that is longer than one, two and three means", () => {
  const count = 40_000;
  const gaps = Array.from({ length: count }, () => drawGapMs(2_000, randomUnit()));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / count;
  assert.ok(Math.abs(mean - 2_000) < 60, `mean ${mean} ms`); // six standard errors
  for (const means of [1, 2, 3]) {
    const share = gaps.filter((gap) => gap > means * 2_000).length / count;
    assert.ok(Math.abs(share - Math.exp(-means)) < 0.015, `${share} are longer than ${means} means`);
  }
});

test("the smallest and the largest draw give gaps that a timer can wait for", () => {
  assert.equal(drawGapMs(60_000, 0), 0);
  const longest = drawGapMs(60_000, 1 - 2 ** -53);
  assert.ok(longest > 36 * 60_000 && longest < 37 * 60_000);
});

test("opening the app shows from the next boundary on", () => {
  const law = new CoverLaw("balanced", false, BOUNDARY);
  law.setAppOpen(true, BOUNDARY + 1);
  assert.equal(law.meanGapMs(BOUNDARY + 1), closedGapMs);
  assert.equal(law.meanGapMs(BOUNDARY + slotMs - 1), closedGapMs);
  assert.equal(law.meanGapMs(BOUNDARY + slotMs), openGapMs);
});

test("closing the app shows from the next boundary on", () => {
  const law = new CoverLaw("balanced", true, BOUNDARY);
  law.setAppOpen(false, BOUNDARY + 1);
  assert.equal(law.meanGapMs(BOUNDARY + slotMs - 1), openGapMs);
  assert.equal(law.meanGapMs(BOUNDARY + slotMs), closedGapMs);
});

test("a visit between two boundaries never shows", () => {
  const law = new CoverLaw("balanced", false, BOUNDARY);
  law.setAppOpen(true, BOUNDARY + 1_000);
  law.setAppOpen(false, BOUNDARY + slotMs - 1_000);
  for (let at = BOUNDARY; at < BOUNDARY + 3 * slotMs; at += 1_000) assert.equal(law.meanGapMs(at), closedGapMs);
});

test("what counts is the moment of the boundary, also when nobody looks at it", () => {
  const law = new CoverLaw("balanced", true, BOUNDARY);
  law.setAppOpen(false, BOUNDARY + slotMs + 1); // open at the boundary, closed right after, asked later
  assert.equal(law.meanGapMs(BOUNDARY + slotMs + 2), openGapMs);
  assert.equal(law.meanGapMs(BOUNDARY + 2 * slotMs), closedGapMs);
});

test("stealth never changes, fast has no stream", () => {
  for (const open of [false, true]) {
    assert.equal(new CoverLaw("stealth", open, BOUNDARY).meanGapMs(BOUNDARY), stealthGapMs);
    assert.equal(new CoverLaw("fast", open, BOUNDARY).meanGapMs(BOUNDARY), null);
  }
});

test("boundaries are multiples of ten minutes", () => {
  assert.equal(nextBoundaryMs(BOUNDARY), BOUNDARY + slotMs);
  assert.equal(nextBoundaryMs(BOUNDARY - 1), BOUNDARY);
});

test("what a profile costs", () => {
  assert.deepEqual(coverCost("stealth", true, 3_160), { cellsPerHour: 120, kilobytesPerHour: 379.2 });
  assert.deepEqual(coverCost("balanced", true, 3_160), { cellsPerHour: 1_800, kilobytesPerHour: 5_688 });
  assert.deepEqual(coverCost("balanced", false, 3_160, 2), { cellsPerHour: 120, kilobytesPerHour: 379.2 });
  assert.deepEqual(coverCost("fast", true, 3_160), { cellsPerHour: 0, kilobytesPerHour: 0 });
});

test("how long a cell waits on average", () => {
  assert.equal(expectedWaitSeconds("balanced", true), 2);
  assert.equal(expectedWaitSeconds("balanced", false, 2), 180);
  assert.equal(expectedWaitSeconds("stealth", true), 30);
  assert.equal(expectedWaitSeconds("fast", true, 5), 0);
  assert.equal(acknowledgementDueMs(closedGapMs, 500), 180_500);
});
