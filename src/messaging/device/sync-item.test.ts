import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { CodecError } from "../../core/errors.ts";
import { decodeLetter, encodeLetter, type Letter } from "../letter.ts";

const vectors = JSON.parse(readFileSync(new URL("../../../vectors/device.json", import.meta.url), "utf8"));

test("the stored letters between devices read as they were written", () => {
  for (const letter of vectors.letters as Letter[]) assert.deepEqual(decodeLetter(encodeLetter(letter)), letter);
});

for (const { why, letter } of vectors.invalidLetters as { why: string; letter: unknown }[]) {
  test(`a letter between devices is refused: ${why}`, () => {
    assert.throws(
      () => decodeLetter(JSON.stringify(letter)),
      (error: CodecError) => error.code === "bad_letter",
    );
  });
}
