import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { leafHashes } from "../pieces/fragment-tree.ts";
import { LeafHasher } from "./leaf-hasher.ts";
import { sampleFragment } from "./testing.ts";

test("however a fragment is cut on its way, its leaves are the same", () => {
  const cuts = fc.array(fc.oneof(fc.constantFrom(0, 1, 4_095, 4_096, 4_097, 8_192), fc.nat(20_000)), { maxLength: 12 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40_000 }), cuts, (bytes, lengths) => {
      const { content } = sampleFragment(bytes, bytes);
      const hasher = new LeafHasher();
      let at = 0;
      for (const length of lengths) {
        hasher.add(content.subarray(at, at + length));
        at = Math.min(at + length, bytes);
      }
      hasher.add(content.subarray(at));
      assert.deepEqual(hasher.end(), leafHashes(content));
    }),
    { numRuns: 200 },
  );
});
