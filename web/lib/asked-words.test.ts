import assert from "node:assert/strict";
import { test } from "node:test";
import { askWords, wordsMatch } from "./asked-words.ts";

const WORDS = Array.from({ length: 24 }, (_, i) => `word${i + 1}`).join(" ");

test("two different places are asked, in order, each with its own word", () => {
  for (let i = 0; i < 200; i++) {
    const [first, second, ...rest] = askWords(WORDS);
    assert.equal(rest.length, 0);
    assert.ok(first && second && first.place < second.place && second.place <= 24 && first.place >= 1);
    assert.equal(first.word, `word${first.place}`);
    assert.equal(second.word, `word${second.place}`);
  }
});

test("every place is asked sooner or later", () => {
  const seen = new Set(Array.from({ length: 2_000 }, () => askWords(WORDS).map(({ place }) => place)).flat());
  assert.equal(seen.size, 24);
});

test("the right words match whatever their case, wrong, missing and swapped ones do not", () => {
  const asked = askWords(WORDS);
  const right = asked.map(({ word }) => word);
  assert.ok(wordsMatch(asked, right));
  assert.ok(
    wordsMatch(
      asked,
      right.map((word) => ` ${word.toUpperCase()} `),
    ),
  );
  assert.ok(!wordsMatch(asked, right.toReversed()));
  assert.ok(!wordsMatch(asked, [right[0] ?? ""]));
  assert.ok(!wordsMatch(asked, ["", ""]));
});
