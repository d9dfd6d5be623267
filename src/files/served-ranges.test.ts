import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addRanges, type ByteRange, coversAll } from "./served-ranges.ts";

test("ranges agree with a bitmap, whatever is added in whatever order", () => {
  const total = 40;
  const piece = fc.tuple(fc.nat(total), fc.nat(total)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const bitmap = new Array<boolean>(total).fill(false);
      let ranges: ByteRange[] = [];
      for (const [start, end] of pieces) {
        bitmap.fill(true, start, end);
        ranges = addRanges(ranges, [[start, end]]);
      }
      const drawn = new Array<boolean>(total).fill(false);
      for (const [start, end] of ranges) drawn.fill(true, start, end);
      assert.deepEqual(drawn, bitmap);
      assert.equal(coversAll(ranges, total), bitmap.every(Boolean));
      for (let i = 1; i < ranges.length; i++) assert.ok((ranges[i]?.[0] ?? 0) > (ranges[i - 1]?.[1] ?? 0));
    }),
  );
});
