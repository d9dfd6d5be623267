import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainJson, plainLine, plainText } from "./plain-text.ts";

const DANGEROUS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Any text, rich in what a terminal obeys. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\u001b[2J",
        "\u001b]0;title\u0007",
        "\u009b31m",
        "\u0007",
        "\r",
        "\b",
        "\u202e",
        "\u2066",
        "\n",
        "\u2028",
      ),
    ),
  )
  .map((parts) => parts.join(""));

test("colours, titles, cursor movements and rings do not reach the terminal", () => {
  assert.equal(plainText("a\u001b[31mred\u001b[0m"), "ared");
  assert.equal(plainText("\u001b]0;owned\u0007x"), "x");
  assert.equal(plainText("50 %\r99 %"), "50 %\ufffd99 %");
  assert.equal(plainText("x\u0008\u0008y"), "x\ufffd\ufffdy");
  assert.equal(plainText("\u009b2Jx"), "x");
});

test("letters of all scripts, emoji, tabs and line breaks stay as they are", () => {
  const text = "Grüße, 你好, שלום, 👩‍👩‍👧\n\tzweite Zeile";
  assert.equal(plainText(text), text);
});

test("direction marks cannot turn the rest of a line around", () => {
  assert.equal(plainText("invoice\u202efdp.exe"), "invoice\ufffdfdp.exe");
});

test("a name stays on its line", () => {
  assert.equal(plainLine("Eve\n2026-01-01T00:00:00Z  Boss: pay"), "Eve 2026-01-01T00:00:00Z  Boss: pay");
  assert.equal(plainLine("a\tb\u2028c"), "a b c");
});

test("nothing that a terminal obeys gets through, whatever the text", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      assert.doesNotMatch(plainText(text), DANGEROUS);
      assert.doesNotMatch(plainLine(text), /[\n\t\u2028\u2029]/);
      assert.doesNotMatch(plainJson({ text }), DANGEROUS);
    }),
  );
});

test("JSON keeps its value", () => {
  fc.assert(fc.property(hostileText, (text) => assert.equal(JSON.parse(plainJson(text)), text)));
});
