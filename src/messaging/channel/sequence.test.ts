import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import { countMissing, expectFrom, fill, type Sequence } from "./sequence.ts";

test("whatever order numbers and cards come in, exactly the numbers in between are missing", () => {
  const step = fc.record({ isCard: fc.boolean(), n: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      let sequence: Sequence | null = null;
      const present = new Set<number>();
      let [low, high] = [Infinity, -Infinity];
      for (const { isCard, n } of steps) {
        sequence = isCard ? expectFrom(sequence, n) : fill(sequence, n);
        if (!isCard) present.add(n);
        low = Math.min(low, n);
        high = Math.max(high, isCard ? n - 1 : n);
      }
      const missing: number[] = [];
      for (let n = low; n <= high; n++) if (!present.has(n)) missing.push(n);
      const found = (sequence?.gaps ?? []).flatMap(([from, to]) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      assert.deepEqual(found, missing);
      assert.equal(countMissing(sequence), missing.length);
      assert.deepEqual([sequence?.first, sequence?.last], [low, high]);
    }),
  );
});

test("gaps are bounded, and numbers far apart cost nothing", () => {
  let sequence = fill(null, 1);
  for (let i = 1; i <= CHANNEL_LIMITS.gaps; i++) sequence = fill(sequence, 1 + 2 * i);
  assert.throws(() => fill(sequence, 1 + 2 * (CHANNEL_LIMITS.gaps + 1)), { code: "too_many_gaps" });
  const next = fill(sequence, sequence.last + 1);
  assert.equal(next.gaps.length, CHANNEL_LIMITS.gaps);
  assert.equal(countMissing(fill(fill(null, 1), Number.MAX_SAFE_INTEGER)), Number.MAX_SAFE_INTEGER - 2);
});
