import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { ed25519 as curve } from "@noble/curves/ed25519.js";
import { concatBytes, fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { ed25519 } from "./signing.ts";
import { isStrictKey } from "./strict-key.ts";
import { IDENTITY, MIXED_KEY, PLAIN_KEY, SECOND_ENCODINGS, signByMixedKey, SMALL_ORDER } from "./strict-key-testing.ts";

const messages = Array.from({ length: 24 }, (_, n) => utf8Encode(`I endorse number ${n}`));

/** What Node says, without any look of ours at the key. */
function verifiesPlainly(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const der = concatBytes(fromHex("302a300506032b6570032100"), publicKey);
  return verify(null, message, createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" }), signature);
}

test("keys that a seed makes are strict, and stay so", () => {
  for (let seed = 0; seed < 8; seed++) {
    const { publicKey } = ed25519.createKeyPair(new Uint8Array(32).fill(seed));
    assert.ok(isStrictKey(publicKey));
    assert.ok(isStrictKey(publicKey.slice()));
  }
});

test("the attack: with an all-zero key anybody signs everything", () => {
  const forged = fromHex(`${IDENTITY}${"00".repeat(32)}`);
  for (const key of SMALL_ORDER) {
    for (const message of messages.slice(0, 2))
      assert.ok(curve.verify(forged, message, fromHex(key)), "good by the rules of ZIP 215");
    assert.equal(isStrictKey(fromHex(key)), false, key);
  }
});

test("the attack: one secret, two keys, and Node takes the signatures of both", () => {
  const believed = messages.filter((message) => verifiesPlainly(message, signByMixedKey(message), MIXED_KEY));
  assert.ok(believed.length > 0, "one in eight is good");
  assert.equal(isStrictKey(MIXED_KEY), false);
  assert.equal(isStrictKey(PLAIN_KEY), true);
});

test("no point of small order is a key, in no encoding", () => {
  for (const key of SMALL_ORDER) {
    assert.ok(curve.Point.fromHex(key).isSmallOrder(), "it is one of them");
    assert.equal(isStrictKey(fromHex(key)), false, key);
  }
  for (const key of SECOND_ENCODINGS) assert.equal(isStrictKey(fromHex(key)), false, key);
  assert.equal(new Set([...SMALL_ORDER, ...SECOND_ENCODINGS]).size, 14);
});

test("an honest key with any of these added is no second name of it", () => {
  const honest = curve.Point.fromBytes(ed25519.createKeyPair(new Uint8Array(32).fill(9)).publicKey);
  for (const key of SMALL_ORDER.filter((key) => key !== IDENTITY)) {
    const mixed = honest.add(curve.Point.fromHex(key)).toBytes();
    assert.equal(isStrictKey(mixed), false, toHex(mixed));
  }
});

test("what is no point, has another length or another encoding is no key", () => {
  const small = fromHex(`03${"00".repeat(31)}`);
  assert.equal(isStrictKey(small.with(0, 2)), false, "no point has this y");
  assert.equal(isStrictKey(fromHex("ff".repeat(32))), false);
  assert.ok(isStrictKey(PLAIN_KEY));
  for (const bytes of [new Uint8Array(), PLAIN_KEY.subarray(1), concatBytes(PLAIN_KEY, Uint8Array.of(0))])
    assert.equal(isStrictKey(bytes), false, `${bytes.length} bytes`);
  // The same point with y + p, which fits into 255 bits for the 19 smallest y only.
  const again = fromHex(`f0${"ff".repeat(30)}7f`);
  assert.deepEqual(curve.Point.fromBytes(again, true).toBytes(), curve.Point.fromBytes(small).toBytes());
  assert.equal(isStrictKey(again), false);
});
