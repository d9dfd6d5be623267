import assert from "node:assert/strict";
import { test } from "node:test";
import { countOf, formatAgo, formatBytes, formatDay, formatUntil, inGroups, shortNpub } from "./format.ts";

test("sizes keep two figures below ten and none above", () => {
  assert.deepEqual([0, 1, 999, 1_000, 1_234, 9_960, 52_000_000, 999_600, 3_500_000_000].map(formatBytes), [
    "0 B",
    "1 B",
    "999 B",
    "1.0 KB",
    "1.2 KB",
    "10 KB",
    "52 MB",
    "1.0 MB",
    "3.5 GB",
  ]);
});

test("a day is named by its distance in local days, not by 24 hours", () => {
  const lateEvening = new Date(2025, 10, 21, 23, 59).toISOString();
  const justAfterMidnight = new Date(2025, 10, 22, 0, 1).getTime();
  assert.equal(formatDay(lateEvening, justAfterMidnight), "Yesterday");
  assert.equal(formatDay(lateEvening, new Date(2025, 10, 21, 23, 59, 59).getTime()), "Today");
  assert.match(formatDay(lateEvening, new Date(2025, 10, 25).getTime()), /21/);
});

test("time to come is told in one unit", () => {
  const nowMs = Date.parse("2025-11-21T12:00:00Z");
  const inMs = (ms: number): string => formatUntil(new Date(nowMs + ms).toISOString(), nowMs);
  assert.deepEqual([-1, 0, 30_000, 60_000, 3_600_000, 7_200_000, 86_400_000 * 6.4].map(inMs), [
    "now",
    "now",
    "in less than a minute",
    "in 1 minute",
    "in 1 hour",
    "in 2 hours",
    "in 6 days",
  ]);
});

test("keys are grouped by five however they are spaced", () => {
  assert.equal(inGroups("12345 67890  12"), "12345 67890 12");
  assert.equal(inGroups("abcdefg"), "abcde fg");
  assert.equal(inGroups(""), "");
});

test("counts and npubs are short", () => {
  assert.equal(countOf(1, "file"), "1 file");
  assert.equal(countOf(0, "file"), "0 files");
  assert.equal(shortNpub("npub1qqqqwwwweeeerrrr"), "npub1qqqq…rrrr");
});

test("time past is told in the largest unit that fits, and not by the second at first", () => {
  const now = Date.parse("2026-01-31T18:00:00.000Z");
  const ago = (seconds: number) => formatAgo(new Date(now - seconds * 1_000).toISOString(), now);
  assert.deepEqual([-3, 0, 4, 5, 59, 60, 119, 3_600, 90_000, 200_000].map(ago), [
    "just now",
    "just now",
    "just now",
    "5 seconds ago",
    "59 seconds ago",
    "1 minute ago",
    "1 minute ago",
    "1 hour ago",
    "1 day ago",
    "2 days ago",
  ]);
});
