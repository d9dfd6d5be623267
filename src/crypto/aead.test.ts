import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gcm } from "@noble/ciphers/aes.js";
import fc from "fast-check";
import { concatBytes } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, SEAL_OVERHEAD_BYTES, sealBytes } from "./aead.ts";

const key = randomBytes(32);
const bytes = fc.uint8Array({ maxLength: 300 });

describe("sealed bytes", () => {
  it("open again, here and with noble", () => {
    fc.assert(
      fc.property(bytes, bytes, (plaintext, associatedData) => {
        const sealed = sealBytes(key, plaintext, associatedData);
        assert.equal(sealed.length, plaintext.length + SEAL_OVERHEAD_BYTES);
        assert.deepEqual(openBytes(key, sealed, associatedData), plaintext);
        const oracle = gcm(key, sealed.subarray(0, 12), associatedData);
        assert.deepEqual(oracle.decrypt(sealed.subarray(12)), plaintext);
        const nonce = randomBytes(12);
        const foreign = concatBytes(nonce, gcm(key, nonce, associatedData).encrypt(plaintext));
        assert.deepEqual(openBytes(key, foreign, associatedData), plaintext);
      }),
    );
  });

  it("never look the same twice", () => {
    const seals = Array.from({ length: 50 }, () => String(sealBytes(key, new Uint8Array(4), new Uint8Array(0))));
    assert.equal(new Set(seals).size, seals.length);
  });

  it("do not open after any change of a bit, any cut, with another key or other associated data", () => {
    const associatedData = Uint8Array.of(1, 2, 3);
    const sealed = sealBytes(key, Uint8Array.of(10, 20, 30, 40), associatedData);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => openBytes(key, changed, associatedData), CryptoError);
    }
    for (let length = 0; length < sealed.length; length++) {
      assert.throws(() => openBytes(key, sealed.subarray(0, length), associatedData), CryptoError);
      assert.throws(() => openBytes(key, sealed.subarray(sealed.length - length), associatedData), CryptoError);
    }
    assert.throws(() => openBytes(key, concatBytes(sealed, Uint8Array.of(0)), associatedData), CryptoError);
    assert.throws(() => openBytes(randomBytes(32), sealed, associatedData), CryptoError);
    assert.throws(() => openBytes(key, sealed, Uint8Array.of(1, 2)), CryptoError);
  });
});
