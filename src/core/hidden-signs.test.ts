import assert from "node:assert/strict";
import { test } from "node:test";
import { hasHiddenSign, withoutHiddenSigns } from "./hidden-signs.ts";

const HIDDEN = ["\u0000", "\u001b", "\u007f", "\u009b", "\u00ad", "\u061c", "\u200b", "\u200d", "\u202e", "\u2028"];
const MORE = ["\u2066", "\u2069", "\ufeff", "\ufff9", "\ud800", "\u{e0041}", "\u{e01ef}", "\u115f", "\u3164"];

test("what nobody sees is found and taken out", () => {
  for (const sign of [...HIDDEN, ...MORE]) {
    assert.ok(hasHiddenSign(`a${sign}b`), escape(sign));
    assert.equal(withoutHiddenSigns(`a${sign}b${sign}`), "ab", escape(sign));
  }
});

test("what people write stays", () => {
  for (const text of ["Grüße, 世界", "❤\ufe0f 👍🏽", "a b", "‘x’ — y"]) {
    assert.ok(!hasHiddenSign(text), text);
    assert.equal(withoutHiddenSigns(text), text);
  }
  assert.ok(hasHiddenSign("a\nb"));
  assert.equal(withoutHiddenSigns("a\r\n\tb"), "a\n\tb");
});

function escape(sign: string): string {
  return `U+${sign.codePointAt(0)?.toString(16)}`;
}
