import assert from "node:assert/strict";
import { test } from "node:test";
import { InternalError, LockedError, ValidationError } from "../../core/errors.ts";
import { DavError, davErrorBody, davStatusOf } from "./dav-error.ts";
import { readXml } from "./xml.ts";

test("failures have the status that file managers know: a full disk, a locked vault, a file's own password", () => {
  const cases = [
    [new InternalError("disk_full", ""), 507],
    [new ValidationError("too_many_files", ""), 507],
    [new LockedError(), 503],
    [new ValidationError("file_password_needed", ""), 403],
    [new ValidationError("too_many_attempts", ""), 429],
    [new ValidationError("bad_file_name", ""), 400],
    [new ValidationError("unknown_file", ""), 404],
    [new InternalError("file_missing", ""), 500],
    [new DavError(423, "locked", ""), 423],
  ] as const;
  for (const [error, status] of cases) assert.equal(davStatusOf(error), status, error.code);
});

test("a condition is told in XML with the paths to blame, all else in a sentence", () => {
  const error = new DavError(423, "locked", "", { name: "lock-token-submitted", hrefs: ["/dav/a&b"] });
  const root = readXml(davErrorBody(error).text);
  assert.deepEqual([root.namespaceURI, root.localName, root.textContent], ["DAV:", "error", "/dav/a&b"]);
  const plain = davErrorBody(new ValidationError("x", "It is so.", { hint: "Do this." }));
  assert.deepEqual(plain, { type: "text/plain; charset=utf-8", text: "It is so. Do this.\n" });
});
