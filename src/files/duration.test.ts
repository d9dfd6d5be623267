import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDuration, parseDuration } from "./duration.ts";

test("durations in every unit", () => {
  const known = { "1s": 1_000, "30m": 1_800_000, "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000 };
  for (const [text, ms] of Object.entries(known)) assert.equal(parseDuration(text), ms);
  assert.equal(parseDuration(" 3650d "), 315_360_000_000);
});

test("anything else is refused", () => {
  for (const text of ["", "h", "1", "0h", "-1h", "1.5h", "1 h", "1H", "1w", "1h30m", "3651d", "9999999999s", "١h"]) {
    assert.throws(() => parseDuration(text), { code: "bad_duration" }, text);
  }
  for (const ms of [0, -1, Number.NaN, Infinity, 0.5, 315_360_000_001]) {
    assert.throws(() => checkDuration(ms), { code: "bad_duration" });
  }
});
