import assert from "node:assert/strict";
import { test } from "node:test";
import { COVER_LIMITS } from "../../core/limits.ts";
import { acknowledgementDueMs, CoverLaw, coverCost, drawPeriodMs, expectedWaitSeconds } from "./cover-law.ts";

const { slotMs, openPeriodMs, closedPeriodMs, stealthPeriodMs } = COVER_LIMITS;
const BOUNDARY = 3_000_000 * slotMs;

test("periods are up to a fifth longer or shorter, evenly", () => {
  assert.equal(drawPeriodMs(2_000, 0), 1_600);
  assert.equal(drawPeriodMs(2_000, 0.5), 2_000);
  assert.ok(drawPeriodMs(2_000, 1 - 2 ** -53) <= 2_400);
});

test("opening the app shows from the next boundary on", () => {
  const law = new CoverLaw("balanced", false, BOUNDARY);
  law.setAppOpen(true, BOUNDARY + 1);
  assert.equal(law.meanPeriodMs(BOUNDARY + 1), closedPeriodMs);
  assert.equal(law.meanPeriodMs(BOUNDARY + slotMs - 1), closedPeriodMs);
  assert.equal(law.meanPeriodMs(BOUNDARY + slotMs), openPeriodMs);
});

test("closing the app shows from the next boundary on", () => {
  const law = new CoverLaw("balanced", true, BOUNDARY);
  law.setAppOpen(false, BOUNDARY + 1);
  assert.equal(law.meanPeriodMs(BOUNDARY + slotMs - 1), openPeriodMs);
  assert.equal(law.meanPeriodMs(BOUNDARY + slotMs), closedPeriodMs);
});

test("a visit between two boundaries never shows", () => {
  const law = new CoverLaw("balanced", false, BOUNDARY);
  law.setAppOpen(true, BOUNDARY + 1_000);
  law.setAppOpen(false, BOUNDARY + slotMs - 1_000);
  for (let at = BOUNDARY; at < BOUNDARY + 3 * slotMs; at += 1_000) assert.equal(law.meanPeriodMs(at), closedPeriodMs);
});

test("what counts is the moment of the boundary, also when nobody looks at it", () => {
  const law = new CoverLaw("balanced", true, BOUNDARY);
  law.setAppOpen(false, BOUNDARY + slotMs + 1); // open at the boundary, closed right after, asked later
  assert.equal(law.meanPeriodMs(BOUNDARY + slotMs + 2), openPeriodMs);
  assert.equal(law.meanPeriodMs(BOUNDARY + 2 * slotMs), closedPeriodMs);
});

test("stealth never changes, fast has no stream", () => {
  for (const open of [false, true]) {
    assert.equal(new CoverLaw("stealth", open, BOUNDARY).meanPeriodMs(BOUNDARY), stealthPeriodMs);
    assert.equal(new CoverLaw("fast", open, BOUNDARY).meanPeriodMs(BOUNDARY), null);
  }
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
  assert.equal(acknowledgementDueMs(closedPeriodMs, 500), 180_500);
});
