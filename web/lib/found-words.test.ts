import assert from "node:assert/strict";
import { test } from "node:test";
import { foundParts } from "./found-words.ts";

const marked = (text: string, searched: string): string =>
  foundParts(text, searched)
    .map((part) => (part.found ? `[${part.text}]` : part.text))
    .join("");

test("words are marked by their beginning, without case and accents", () => {
  assert.equal(marked("Zoë saw the caves; Zoo?", "zo CAV"), "[Zoë] saw the [caves]; [Zoo]?");
  assert.equal(marked("Zoe\u0308 again", "zoë"), "[Zoe\u0308] again");
  assert.equal(marked("concave", "cave"), "concave");
});

test("the text comes back whole, whatever was searched", () => {
  for (const searched of ["", "  ", "(", "a.*", "nothing"]) {
    const parts = foundParts("a (plain) text, 100 %", searched);
    assert.equal(parts.map(({ text }) => text).join(""), "a (plain) text, 100 %");
  }
});
