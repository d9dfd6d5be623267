import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { ed25519, mlDsa65 } from "./signing.ts";

const SCHEMES = {
  Ed25519: { scheme: ed25519, publicKeyBytes: 32, signatureBytes: 64 },
  "ML-DSA-65": { scheme: mlDsa65, publicKeyBytes: 1952, signatureBytes: 3309 },
} as const;

describe("Ed25519", () => {
  it("gives the key and signature of RFC 8032 section 7.1, test 3", () => {
    const seed = fromHex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
    const { publicKey, secretKey } = ed25519.createKeyPair(seed);
    assert.equal(toHex(publicKey), "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    const signature = ed25519.sign(fromHex("af82"), secretKey);
    const expected =
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
      "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
    assert.equal(toHex(signature), expected);
  });
});

for (const [name, { scheme, publicKeyBytes, signatureBytes }] of Object.entries(SCHEMES)) {
  describe(`signatures with ${name}`, () => {
    const { publicKey, secretKey } = scheme.createKeyPair();
    const message = utf8Encode("one statement");
    const signature = scheme.sign(message, secretKey);

    it("have the documented sizes", () => {
      assert.equal(secretKey.length, 32);
      assert.equal(publicKey.length, publicKeyBytes);
      assert.equal(signature.length, signatureBytes);
    });

    it("come from the same key pair for the same seed, and from another without one", () => {
      assert.deepEqual(scheme.createKeyPair(secretKey).publicKey, publicKey);
      assert.notDeepEqual(scheme.createKeyPair().publicKey, publicKey);
    });

    it("hold for their message and key only, whatever bit is turned", () => {
      assert.equal(scheme.verify(message, signature, publicKey), true);
      fc.assert(
        fc.property(fc.constantFrom(0, 1, 2), fc.nat(), fc.nat(7), (part, position, bit) => {
          const parts = [message.slice(), signature.slice(), publicKey.slice()] as const;
          const changed = parts[part] as Uint8Array;
          const index = position % changed.length;
          changed[index] = (changed[index] as number) ^ (1 << bit);
          assert.equal(scheme.verify(...parts), false);
        }),
        { numRuns: 60 },
      );
    });

    it("are refused without an error when they or the key are malformed", () => {
      for (const length of [0, 31, 32, 33, 64, publicKeyBytes + 1]) {
        if (length !== publicKeyBytes) assert.equal(scheme.verify(message, signature, randomBytes(length)), false);
        if (length !== signatureBytes) assert.equal(scheme.verify(message, randomBytes(length), publicKey), false);
      }
    });

    it("cannot be made with a malformed or wiped secret key", () => {
      for (const length of [0, 31, 33, 64]) {
        assert.throws(() => scheme.sign(message, randomBytes(length)), { code: "bad_secret_key" });
        assert.throws(() => scheme.createKeyPair(randomBytes(length)), { code: "bad_secret_key" });
      }
      const wiped = scheme.createKeyPair();
      scheme.sign(message, wiped.secretKey);
      wiped.secretKey.fill(0);
      assert.equal(scheme.verify(message, scheme.sign(message, wiped.secretKey), wiped.publicKey), false);
    });
  });
}
