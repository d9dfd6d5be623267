import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { XWing } from "@hpke/hybridkem-x-wing";
import fc from "fast-check";
import { getCiphersuiteImpl } from "ts-mls";
import { utf8Encode } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { deriveHpkeKeyPair, hpkeExportSecret, hpkeImportSecret, hpkeOpen, hpkeSeal } from "./hpke.ts";
import { createHybridKeyPair, HYBRID_CIPHERTEXT_BYTES } from "./hybrid-kem.ts";

/** The same suite by other people: @hpke/core with @hpke/hybridkem-x-wing. */
const { hpke: oracle } = await getCiphersuiteImpl("MLS_256_XWING_AES256GCM_SHA512_Ed25519");

const info = utf8Encode("info");
const aad = utf8Encode("associated data");
const pair = createHybridKeyPair(randomBytes(32));

describe("hybrid public key encryption (HPKE)", () => {
  it("opens what it seals, of any length, with any info and associated data", () => {
    const bytes = fc.uint8Array({ maxLength: 3000 });
    fc.assert(
      fc.property(bytes, bytes, bytes, (plaintext, info, aad) => {
        const sealed = hpkeSeal(pair.publicKey, plaintext, info, aad);
        assert.equal(sealed.kemOutput.length, HYBRID_CIPHERTEXT_BYTES);
        assert.equal(sealed.ciphertext.length, plaintext.length + 16);
        assert.deepEqual(hpkeOpen(pair.secretKey, sealed, info, aad), plaintext);
      }),
      { numRuns: 40 },
    );
  });

  it("agrees with an independent implementation both ways", async () => {
    const [publicKey, privateKey] = [
      await oracle.importPublicKey(pair.publicKey),
      await oracle.importPrivateKey(pair.secretKey),
    ];
    for (const length of [0, 1, 32, 5000]) {
      const plaintext = randomBytes(length);
      const theirs = await oracle.seal(publicKey, plaintext, info, aad);
      const received = { kemOutput: theirs.enc, ciphertext: theirs.ct };
      assert.deepEqual(hpkeOpen(pair.secretKey, received, info, aad), plaintext);
      const ours = hpkeSeal(pair.publicKey, plaintext, info, aad);
      assert.deepEqual(await oracle.open(privateKey, ours.kemOutput, ours.ciphertext, info, aad), plaintext);
    }
  });

  it("exports the secrets that an independent implementation exports, both ways", async () => {
    const [publicKey, privateKey] = [
      await oracle.importPublicKey(pair.publicKey),
      await oracle.importPrivateKey(pair.secretKey),
    ];
    for (const length of [1, 32, 64, 65, 200]) {
      const context = randomBytes(length);
      const ours = hpkeExportSecret(pair.publicKey, info, context, length);
      assert.deepEqual(await oracle.importSecret(privateKey, context, ours.kemOutput, length, info), ours.secret);
      const theirs = await oracle.exportSecret(publicKey, context, length, info);
      assert.deepEqual(hpkeImportSecret(pair.secretKey, theirs.enc, info, context, length), theirs.secret);
      assert.notDeepEqual(hpkeImportSecret(pair.secretKey, theirs.enc, aad, context, length), theirs.secret);
    }
  });

  it("derives the key pairs that an independent implementation derives", async () => {
    const kem = new XWing();
    for (const length of [0, 32, 64, 300]) {
      const ikm = randomBytes(length);
      const theirs = await kem.deriveKeyPair(ikm);
      const ours = deriveHpkeKeyPair(ikm);
      assert.deepEqual(ours.publicKey, new Uint8Array(await kem.serializePublicKey(theirs.publicKey)));
      assert.deepEqual(ours.secretKey, new Uint8Array(await kem.serializePrivateKey(theirs.privateKey)));
    }
  });

  it("opens nothing after any change", () => {
    const sealed = hpkeSeal(pair.publicKey, utf8Encode("for one person"), info, aad);
    const { kemOutput, ciphertext } = sealed;
    const flip = (bytes: Uint8Array, index: number): Uint8Array =>
      bytes.map((byte, at) => (at === index ? byte ^ 1 : byte));
    for (const index of [0, 600, 1087, 1088, 1119]) {
      const changed = { kemOutput: flip(kemOutput, index), ciphertext };
      assert.throws(() => hpkeOpen(pair.secretKey, changed, info, aad), CryptoError);
    }
    for (let index = 0; index < ciphertext.length; index++) {
      const changed = { kemOutput, ciphertext: flip(ciphertext, index) };
      assert.throws(() => hpkeOpen(pair.secretKey, changed, info, aad), CryptoError);
    }
    for (const length of [0, 15, 16, ciphertext.length - 1]) {
      const cut = { kemOutput, ciphertext: ciphertext.subarray(0, length) };
      assert.throws(() => hpkeOpen(pair.secretKey, cut, info, aad), CryptoError);
    }
    const shorter = { kemOutput: kemOutput.subarray(1), ciphertext };
    assert.throws(() => hpkeOpen(pair.secretKey, shorter, info, aad), CryptoError);
    assert.throws(() => hpkeOpen(pair.secretKey, sealed, aad, aad), CryptoError);
    assert.throws(() => hpkeOpen(pair.secretKey, sealed, info, info), CryptoError);
    assert.throws(() => hpkeOpen(randomBytes(32), sealed, info, aad), CryptoError);
  });

  it("uses another key and nonce each time", () => {
    const [a, b] = [hpkeSeal(pair.publicKey, info, info, aad), hpkeSeal(pair.publicKey, info, info, aad)];
    assert.notDeepEqual(a.kemOutput, b.kemOutput);
    assert.notDeepEqual(a.ciphertext, b.ciphertext);
  });

  it("refuses a malformed public key", () => {
    for (const bad of [pair.publicKey.subarray(1), pair.publicKey.slice().fill(255, 0, 2)]) {
      assert.throws(() => hpkeSeal(bad, info, info, aad), { code: "bad_public_key" });
    }
  });
});
