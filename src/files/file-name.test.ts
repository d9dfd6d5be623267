import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8Encode } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { cleanFileName, numberedName } from "./file-name.ts";

test("ordinary and unicode names stay as they are, in normal form C", () => {
  for (const name of ["notes.txt", ".bashrc", "Zürich 2024.pdf", "写真 ①.png", "👩‍👧.gif", "a..b", "con"]) {
    assert.equal(cleanFileName(name), name.normalize("NFC"));
  }
  assert.equal(cleanFileName("u\u0308.txt"), "\u00fc.txt");
});

test("paths, control characters and direction marks are stripped", () => {
  assert.equal(cleanFileName("../../etc/passwd"), "passwd");
  assert.equal(cleanFileName("C:\\Users\\me\\plan.doc"), "plan.doc");
  assert.equal(cleanFileName("folder/"), "folder");
  assert.equal(cleanFileName("a\u0000b\u001b[31m\r\n.txt"), "ab[31m.txt");
  assert.equal(cleanFileName("photo\u202egpj.exe"), "photogpj.exe");
  assert.equal(cleanFileName("..\u200b/x\ufeff"), "x");
});

test("a name of which nothing is left, or that is too long, is refused", () => {
  for (const name of ["", " ", "/", "..", "a/..", ".\u200b.", "\u0000", "x".repeat(256), "ü".repeat(128)]) {
    assert.throws(() => cleanFileName(name), { constructor: ValidationError, code: "bad_file_name" });
  }
  assert.equal(cleanFileName("x".repeat(255)).length, 255);
});

test("whatever comes in, what goes out is one safe path part and stays the same when cleaned again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      let cleaned: string;
      try {
        cleaned = cleanFileName(name);
      } catch (error) {
        assert.ok(error instanceof ValidationError);
        return;
      }
      assert.doesNotMatch(cleaned, /[/\\\p{Cc}]|^\.{0,2}$/u);
      assert.ok(utf8Encode(cleaned).length <= 255);
      assert.equal(cleanFileName(cleaned), cleaned);
    }),
  );
});

test("a numbered name keeps its extension and fits", () => {
  assert.equal(numberedName("plan.txt", 2), "plan (2).txt");
  assert.equal(numberedName(".bashrc", 1), ".bashrc (1)");
  assert.equal(numberedName("no dot", 1), "no dot (1)");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 255 }), fc.nat(99), (name, number) => {
      assert.ok(utf8Encode(numberedName(name, number)).length <= 255);
    }),
  );
});
