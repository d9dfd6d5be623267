import assert from "node:assert/strict";
import { test } from "node:test";
import { COVER_LIMITS } from "../../core/cell-limits.ts";
import { acknowledgementDueMs, CoverLaw, coverCost, drawPeriodMs, expectedWaitSeconds } from "./cover-law.ts";

const { balancedPeriodMs, stealthPeriodMs } = COVER_LIMITS;

test("periods are up to a fifth longer or shorter, evenly", () => {
  assert.equal(drawPeriodMs(2_000, 0), 1_600);
  assert.equal(drawPeriodMs(2_000, 0.5), 2_000);
  assert.ok(drawPeriodMs(2_000, 1 - 2 ** -53) <= 2_400);
});

test("each profile has one pace, fast has no stream", () => {
  assert.equal(new CoverLaw("stealth").meanPeriodMs(), stealthPeriodMs);
  assert.equal(new CoverLaw("balanced").meanPeriodMs(), balancedPeriodMs);
  assert.equal(new CoverLaw("fast").meanPeriodMs(), null);
});

test("what a profile costs", () => {
  assert.deepEqual(coverCost("stealth", 3_160), { cellsPerHour: 120, kilobytesPerHour: 379.2 });
  assert.deepEqual(coverCost("balanced", 3_160), { cellsPerHour: 720, kilobytesPerHour: 2_275.2 });
  assert.deepEqual(coverCost("balanced", 3_160, 2), { cellsPerHour: 1_440, kilobytesPerHour: 4_550.4 });
  assert.deepEqual(coverCost("fast", 3_160), { cellsPerHour: 0, kilobytesPerHour: 0 });
});

test("how long a cell waits on average", () => {
  assert.equal(expectedWaitSeconds("balanced"), 5);
  assert.equal(expectedWaitSeconds("balanced", 2), 15);
  assert.equal(expectedWaitSeconds("stealth"), 30);
  assert.equal(expectedWaitSeconds("fast", 5), 0);
  assert.equal(acknowledgementDueMs(stealthPeriodMs, 500), 90_500);
});
