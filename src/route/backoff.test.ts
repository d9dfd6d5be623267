import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { retryDelayMs } from "./backoff.ts";

test("waits grow twofold up to the maximum and stay within half of it", () => {
  fc.assert(
    fc.property(
      fc.nat(200),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      (attempt, firstMs, maxMs) => {
        const delayMs = retryDelayMs(attempt, firstMs, maxMs);
        const wholeMs = Math.min(maxMs, firstMs * 2 ** attempt);
        assert.ok(delayMs >= Math.floor(wholeMs / 2) && delayMs <= wholeMs);
      },
    ),
  );
});

test("two clients do not come back together", () => {
  const delays = new Set(Array.from({ length: 50 }, () => retryDelayMs(10, 250, 30_000)));
  assert.ok(delays.size > 25);
});
