import assert from "node:assert/strict";
import { test } from "node:test";
import { FOR_EVER, isMuted, playTime, shortSpan, spanWords, TIMERS } from "./spans.ts";

test("spans are told in the largest unit that fits", () => {
  assert.deepEqual(
    TIMERS.map(({ seconds }) => spanWords(seconds)),
    TIMERS.map(({ words }) => words),
  );
  assert.equal(spanWords(172_800), "2 days");
  assert.equal(spanWords(0), "1 second");
});

test("what is left never reads as nothing while there is something", () => {
  assert.equal(shortSpan(1), "1 s");
  assert.equal(shortSpan(60_000), "60 s");
  assert.equal(shortSpan(61_000), "2 min");
  assert.equal(shortSpan(86_400_000), "24 h");
  assert.equal(shortSpan(7 * 86_400_000), "7 d");
  assert.equal(shortSpan(-5), "0 s");
});

test("a conversation is silent until its time is over, or for ever", () => {
  const nowMs = Date.UTC(2026, 0, 1);
  assert.ok(!isMuted({ mutedUntil: null }, nowMs));
  assert.ok(isMuted({ mutedUntil: "2026-01-01T00:00:01.000Z" }, nowMs));
  assert.ok(!isMuted({ mutedUntil: "2026-01-01T00:00:00.000Z" }, nowMs));
  assert.ok(isMuted({ mutedUntil: FOR_EVER }, nowMs));
});

test("playing time is minutes and seconds", () => {
  assert.deepEqual([0, 7.9, 75, 600].map(playTime), ["0:00", "0:07", "1:15", "10:00"]);
});
