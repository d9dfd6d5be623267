import assert from "node:assert/strict";
import { test } from "node:test";
import { firstEmoji } from "./first-emoji.ts";

test("an emoji is one character for people, however it is made", () => {
  for (const emoji of ["🎉", "👍🏽", "👩‍🚀", "🇨🇭", "❤️", "1️⃣"]) assert.equal(firstEmoji(` ${emoji}🎈 `), emoji);
  assert.equal(firstEmoji("❤"), "❤️");
});

test("anything else is none", () => {
  for (const text of ["", "a", "ok 👍", "1", "<b>"]) assert.equal(firstEmoji(text), null);
});
