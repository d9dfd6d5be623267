import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { contentDisposition } from "./download.ts";

test("names reach old and new readers", () => {
  assert.equal(contentDisposition("a b.txt"), `attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt`);
  assert.equal(
    contentDisposition("é'(*).pdf"),
    `attachment; filename="_'(*).pdf"; filename*=UTF-8''%C3%A9%27%28%2A%29.pdf`,
  );
});

test("no name breaks out of its place in the header, and every name comes back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const header = contentDisposition(name);
      assert.match(header, /^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''[\w%!#$&+.^`|~-]*$/);
      assert.equal(header.split('"').length, 3);
      assert.equal(decodeURIComponent(header.split("''")[1] as string), name.toWellFormed());
      assert.equal(new Headers({ "content-disposition": header }).get("content-disposition"), header);
    }),
  );
});
