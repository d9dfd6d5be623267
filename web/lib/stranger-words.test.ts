import assert from "node:assert/strict";
import { test } from "node:test";
import { aboutSeconds, chosenOf, settingsOf, strangerOptions } from "./stranger-words.ts";

const COSTS = [0, 22, 25, 28].map((bits) => ({ bits, seconds: bits === 0 ? 0 : 2 ** bits / 2_700_000 }));

test("the choices name seconds, not bits", () => {
  const titles = strangerOptions(COSTS).map(({ title }) => title);
  assert.deepEqual(titles, [
    "Anybody",
    "Whose machine computes for about 2 seconds",
    "Whose machine computes for about 12 seconds",
    "Whose machine computes for about 2 minutes",
    "Only people with an invite of yours",
  ]);
  assert.deepEqual([0.2, 1.4, 1.6, 89, 91].map(aboutSeconds), [
    "about a second",
    "about a second",
    "about 2 seconds",
    "about 89 seconds",
    "about 2 minutes",
  ]);
});

test("what is chosen is what is set", () => {
  for (const { value } of strangerOptions(COSTS)) {
    const settings = { invitedOnly: false, strangerWork: 22, ...settingsOf(value) };
    assert.equal(chosenOf(settings), value);
  }
  assert.deepEqual(settingsOf("invited"), { invitedOnly: true }, "the demand of before is kept for later");
});
