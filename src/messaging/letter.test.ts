import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { CodecError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { decodeLetter, encodeLetter, isEmoji, type Letter } from "./letter.ts";

const hex = fc
  .array(fc.constantFrom(..."0123456789abcdef"), { minLength: 32, maxLength: 32 })
  .map((all) => all.join(""));
const text = fc.string({ unit: "grapheme", maxLength: 200 });
const head = { v: fc.constant(1 as const), id: hex, at: fc.nat() };
const seconds = fc.integer({ min: 1, max: MESSAGE_LIMITS.timerSeconds });
const file = fc.record(
  {
    id: hex,
    name: fc.string({ minLength: 1, maxLength: 60 }),
    bytes: fc.nat(),
    url: fc.webUrl({ validSchemes: ["http", "https"] }),
    voiceSeconds: fc.integer({ min: 1, max: MESSAGE_LIMITS.voiceSeconds }),
    forRecipients: fc.constant(true as const),
  },
  { requiredKeys: ["id", "name", "bytes", "url"] },
);
const emoji = fc.constantFrom("👍", "❤️", "❤", "🏳️‍🌈", "👩🏻‍❤️‍💋‍👨🏿", "🇨🇭", "1️⃣");
const ids = fc.array(hex, { maxLength: 5 });

const letter: fc.Arbitrary<Letter> = fc.oneof(
  fc.record(
    {
      ...head,
      kind: fc.constant("text" as const),
      n: fc.integer({ min: 1 }),
      text,
      files: fc.array(file, { maxLength: 3 }),
      replyTo: hex,
      expires: seconds,
    },
    { requiredKeys: ["v", "id", "at", "kind", "n", "text", "files"] },
  ),
  fc.record({ ...head, kind: fc.constant("reaction" as const), target: hex, emoji: fc.option(emoji) }),
  fc.record({ ...head, kind: fc.constant("edit" as const), target: hex, text }),
  fc.record({ ...head, kind: fc.constant("delete" as const), target: hex }),
  fc.record({ ...head, kind: fc.constant("timer" as const), seconds: fc.option(seconds) }),
  fc.record({ ...head, kind: fc.constant("typing" as const), on: fc.boolean() }),
  fc.record({ ...head, kind: fc.constant("receipt" as const), delivered: ids, read: ids }),
);

const vectors = JSON.parse(readFileSync(new URL("../../vectors/letter.json", import.meta.url), "utf8"));

test("the stored letters are read as they are", () => {
  assert.ok(vectors.validLetters.length > 0);
  for (const one of vectors.validLetters) assert.deepEqual(decodeLetter(JSON.stringify(one)), one);
});

test("every letter comes back as it was written", () => {
  fc.assert(
    fc.property(letter, (written) => assert.deepEqual(decodeLetter(encodeLetter(written)), structuredClone(written))),
  );
});

test("whatever arrives is a letter or a CodecError", () => {
  const bent = fc.tuple(letter, fc.string(), fc.jsonValue()).map(([one, key, value]) => ({ ...one, [key]: value }));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        bent.map((value) => JSON.stringify(value)),
      ),
      (bytes) => {
        try {
          decodeLetter(bytes);
        } catch (error) {
          assert.ok(error instanceof CodecError && error.code === "bad_letter");
        }
      },
    ),
  );
});

test("a text letter of the first version is still read", () => {
  const old = {
    v: 1,
    id: "00112233445566778899aabbccddeeff",
    at: 1767225600000,
    kind: "text",
    n: 1,
    text: "hello",
    files: [],
  };
  assert.deepEqual(decodeLetter(JSON.stringify(old)), old);
});

test("one emoji is one emoji, with or without the mark that colours it", () => {
  for (const sign of ["👍", "❤️", "❤", "🏳️‍🌈", "🇨🇭", "1️⃣"]) assert.ok(isEmoji(sign), sign);
  for (const sign of ["", "a", "👍👍", " 👍", "1", "👍a"]) assert.ok(!isEmoji(sign), sign);
});
