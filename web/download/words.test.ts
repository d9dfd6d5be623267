import assert from "node:assert/strict";
import { test } from "node:test";
import { PROBLEM_WORDS, sizeInWords } from "./words.ts";

test("sizes read as file managers show them", () => {
  const sizes: readonly [number, string][] = [
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1_000, "1.0 kB"],
    [99_949, "99.9 kB"],
    [99_950, "100 kB"],
    [123_456, "123 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [1_073_741_824, "1.1 GB"],
    [5e15, "5000 TB"],
  ];
  for (const [bytes, words] of sizes) assert.equal(sizeInWords(bytes), words);
});

test("every problem says what happened and what to do, without jargon", () => {
  for (const { title, text } of Object.values(PROBLEM_WORDS)) {
    assert.ok(title.length > 0 && text.length > title.length);
    assert.doesNotMatch(`${title} ${text}`, /lease|cipher|decrypt|server|error|invalid|token|HTTP/i);
  }
});
