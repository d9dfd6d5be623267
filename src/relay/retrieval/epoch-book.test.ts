import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../core/bytes.ts";
import { mergeHeaders } from "./epoch-book.ts";

const byId = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a.subarray(64), b.subarray(64));

test("two lists of headers in one, by id, whatever else is in them", () => {
  const header = fc.uint8Array({ minLength: 96, maxLength: 96 });
  const list = fc.uniqueArray(header, {
    selector: (bytes) => Buffer.from(bytes.subarray(64)).toString("hex"),
    maxLength: 30,
  });
  fc.assert(
    fc.property(list, fc.nat(), (headers, any) => {
      const at = any % (headers.length + 1);
      const [a, b] = [headers.slice(0, at).sort(byId), headers.slice(at).sort(byId)];
      const merged = mergeHeaders(concatBytes(...a), concatBytes(...b));
      assert.deepEqual(Buffer.from(merged), Buffer.concat(headers.toSorted(byId)));
    }),
  );
});
