import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRange } from "./range.ts";

test("one range with a start is read, its end inclusive on the wire", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (start, more) => {
      assert.deepEqual(parseRange(`bytes=${start}-${start + more}`), { start, end: start + more + 1 });
      assert.deepEqual(parseRange(`bytes=${start}-`), { start, end: null });
    }),
  );
});

test("anything else asks for the whole", () => {
  const others = [undefined, "", "bytes=-5", "bytes=5-4", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=1e3-"];
  for (const header of others) assert.equal(parseRange(header), null);
  fc.assert(fc.property(fc.string(), (text) => parseRange(`bytes=${text}x`) === null));
});
