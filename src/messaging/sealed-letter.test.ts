import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { testIdentity } from "../../test/support/identity.ts";
import { concatBytes, fromBase64Url, fromHex, toBase64Url, utf8Encode } from "../core/bytes.ts";
import { CodecError, NocturneError } from "../core/errors.ts";
import { sealEnvelope } from "../crypto/envelope.ts";
import { decodeLetter, encodeLetter, type Letter, letterHead } from "./letter.ts";
import { openLetter, sealLetter } from "./sealed-letter.ts";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/letter.json", import.meta.url), "utf8"));
const alice = testIdentity("alice");
const bob = testIdentity("bob");
const mallory = testIdentity("mallory");
const NOW = Date.parse("2026-01-01T00:00:00Z");
const HYBRID = { publicKey: bob.publicKey, hybridPublicKey: toBase64Url(bob.hybrid.publicKey) };

function letter(text: string): Letter {
  return { ...letterHead(NOW), kind: "text", n: 1, text, files: [] };
}

for (const { suite, sender, envelope, letter } of vectors.sealed) {
  test(`the stored letter opens: ${suite}`, () => {
    assert.deepEqual(openLetter(fromBase64Url(envelope), bob), { sender, suite, letter, pass: null });
  });
}

for (const { why, text } of vectors.invalidLetters as { why: string; text: string }[]) {
  test(`a letter is refused: ${why}`, () => {
    assert.throws(
      () => decodeLetter(text),
      (error: CodecError) => error.code === "bad_letter",
    );
  });
}

test("any text survives the way, with and without a card", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), fc.boolean(), (text, hasCard) => {
      const sent = letter(text);
      const envelope = sealLetter(sent, alice, hasCard ? HYBRID : { ...HYBRID, hybridPublicKey: null });
      assert.deepEqual(openLetter(envelope, bob), {
        sender: alice.publicKey,
        suite: hasCard ? "hybrid" : "elliptic-curve",
        letter: sent,
        pass: null,
      });
    }),
    { numRuns: 20 },
  );
});

test("an envelope shows neither sender nor text, and is another one each time", () => {
  const sent = letter("meet me at the old bridge");
  const [one, other] = [sealLetter(sent, alice, HYBRID), sealLetter(sent, alice, HYBRID)];
  const seen = Buffer.from(one);
  for (const hidden of [fromHex(alice.publicKey), utf8Encode("old bridge"), utf8Encode(sent.id)]) {
    assert.equal(seen.indexOf(hidden), -1);
  }
  assert.notDeepEqual(one, other);
});

test("nobody else opens it, and a changed envelope opens for nobody", () => {
  const envelope = sealLetter(letter("hi"), alice, HYBRID);
  assert.throws(() => openLetter(envelope, mallory), NocturneError);
  const middle = Math.floor(envelope.length / 2);
  envelope[middle] = (envelope[middle] as number) ^ 1;
  assert.throws(() => openLetter(envelope, bob), NocturneError);
});

test("the attack: a letter in somebody else's name is refused, because its tag cannot be made", () => {
  const content = utf8Encode(encodeLetter(letter("send the documents to me")));
  const forgedTags = [new Uint8Array(32), fromHex("ff".repeat(32))];
  for (const tag of forgedTags) {
    const body = concatBytes(Uint8Array.of(1), fromHex(alice.publicKey), tag, content);
    const envelope = sealEnvelope(body, {
      nostrPublicKey: fromHex(bob.publicKey),
      hybridPublicKey: bob.hybrid.publicKey,
    });
    assert.throws(
      () => openLetter(envelope, bob),
      (error: NocturneError) => error.code === "cannot_open",
    );
  }
});

test("a letter cannot be passed on: what Alice wrote to Bob does not open as written to Mallory", () => {
  const toMallory = sealLetter(letter("for Mallory"), alice, { publicKey: mallory.publicKey, hybridPublicKey: null });
  assert.throws(() => openLetter(toMallory, bob), NocturneError);
});

test("text of any kind is a letter or a CodecError", () => {
  const value = fc.oneof(fc.json(), fc.string(), fc.constant(encodeLetter(letter("x"))));
  fc.assert(
    fc.property(value, (text) => {
      try {
        assert.equal(typeof decodeLetter(text).id, "string");
      } catch (error) {
        assert.ok(error instanceof CodecError);
      }
    }),
  );
});
