import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { TokenBucket } from "./token-bucket.ts";

test("a burst passes at once, then the rate holds", () => {
  const bucket = new TokenBucket(10, 3, 0);
  assert.deepEqual([bucket.take(0), bucket.take(0), bucket.take(0)], [0, 0, 0]);
  assert.equal(bucket.take(0), 100);
  assert.equal(bucket.take(60), 40);
  assert.equal(bucket.take(100), 0);
  assert.equal(bucket.take(100), 100);
});

test("rest fills the bucket, but never over its brim", () => {
  const bucket = new TokenBucket(10, 3, 0);
  for (let i = 0; i < 3; i++) bucket.take(0);
  const taken = Array.from({ length: 5 }, () => bucket.take(1_000_000));
  assert.deepEqual(taken.slice(0, 4), [0, 0, 0, 100]);
});

test("no pattern of asking gets more than burst and rate allow", () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 });
  fc.assert(
    fc.property(pauses, (waits) => {
      const bucket = new TokenBucket(10, 5, 0);
      let nowMs = 0;
      let taken = 0;
      for (const wait of waits) {
        nowMs += wait;
        if (bucket.take(nowMs) === 0) taken++;
      }
      assert.ok(taken <= 5 + nowMs / 100 + 1e-6);
    }),
  );
});
