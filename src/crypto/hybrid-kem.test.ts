import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { XWing } from "@noble/post-quantum/hybrid.js";
import { thirdPartyVectors } from "../../test/support/vectors.ts";
import { fromHex, toHex } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import {
  createHybridKeyPair,
  decapsulate,
  encapsulate,
  HYBRID_CIPHERTEXT_BYTES,
  HYBRID_PUBLIC_KEY_BYTES,
  HYBRID_SHARED_SECRET_BYTES,
} from "./hybrid-kem.ts";

describe("hybrid key encapsulation (X-Wing)", () => {
  it("agrees with the vectors of the draft", (t) => {
    const vectors = thirdPartyVectors("x-wing/test-vectors.json") as Record<string, string>[] | null;
    if (!vectors) return t.skip("x-wing/test-vectors.json is missing");
    assert.ok(vectors.length >= 3);
    for (const { seed, eseed, pk, ct, ss } of vectors as Record<"seed" | "eseed" | "pk" | "ct" | "ss", string>[]) {
      const pair = createHybridKeyPair(fromHex(seed));
      assert.equal(toHex(pair.publicKey), pk);
      assert.equal(toHex(decapsulate(fromHex(ct), pair.secretKey)), ss);
      // Encapsulation draws its own randomness, so the oracle of the tests below is held to the vector instead.
      const oracle = XWing.encapsulate(fromHex(pk), fromHex(eseed));
      assert.deepEqual([toHex(oracle.cipherText), toHex(oracle.sharedSecret)], [ct, ss]);
    }
  });

  it("agrees with noble both ways", () => {
    for (let round = 0; round < 10; round++) {
      const seed = randomBytes(32);
      const pair = createHybridKeyPair(seed);
      assert.deepEqual(pair.publicKey, XWing.keygen(seed).publicKey);
      const ours = encapsulate(pair.publicKey);
      assert.equal(ours.ciphertext.length, HYBRID_CIPHERTEXT_BYTES);
      assert.equal(ours.sharedSecret.length, HYBRID_SHARED_SECRET_BYTES);
      assert.deepEqual(XWing.decapsulate(ours.ciphertext, seed), ours.sharedSecret);
      const theirs = XWing.encapsulate(pair.publicKey);
      assert.deepEqual(decapsulate(theirs.cipherText, pair.secretKey), theirs.sharedSecret);
    }
  });

  it("gives another secret for each encapsulation, and for any change of the ciphertext or key", () => {
    const pair = createHybridKeyPair(randomBytes(32));
    const { ciphertext, sharedSecret } = encapsulate(pair.publicKey);
    assert.notDeepEqual(encapsulate(pair.publicKey).sharedSecret, sharedSecret);
    for (const position of [0, 500, 1087, 1088, 1100, 1119]) {
      const changed = ciphertext.slice();
      changed[position] = (changed[position] as number) ^ 1;
      assert.notDeepEqual(decapsulate(changed, pair.secretKey), sharedSecret);
    }
    assert.notDeepEqual(decapsulate(ciphertext, randomBytes(32)), sharedSecret);
    assert.deepEqual(decapsulate(ciphertext, pair.secretKey), sharedSecret);
  });

  it("forgets a secret key whose buffer was wiped", () => {
    const pair = createHybridKeyPair(randomBytes(32));
    const { ciphertext, sharedSecret } = encapsulate(pair.publicKey);
    assert.deepEqual(decapsulate(ciphertext, pair.secretKey), sharedSecret);
    pair.secretKey.fill(0);
    assert.notDeepEqual(decapsulate(ciphertext, pair.secretKey), sharedSecret);
  });

  it("refuses wrong lengths, points of small order and keys out of range", () => {
    const pair = createHybridKeyPair(randomBytes(32));
    const { ciphertext } = encapsulate(pair.publicKey);
    for (const bad of [ciphertext.subarray(1), new Uint8Array(HYBRID_CIPHERTEXT_BYTES + 1), new Uint8Array(0)]) {
      assert.throws(() => decapsulate(bad, pair.secretKey), CryptoError);
    }
    assert.throws(() => decapsulate(ciphertext.slice().fill(0, 1088), pair.secretKey), CryptoError);
    const badKeys = [
      pair.publicKey.subarray(1),
      new Uint8Array(HYBRID_PUBLIC_KEY_BYTES + 1),
      pair.publicKey.slice().fill(255, 0, 2),
      pair.publicKey.slice().fill(0, 1184),
    ];
    for (const bad of badKeys) assert.throws(() => encapsulate(bad), { code: "bad_public_key" });
    assert.throws(() => createHybridKeyPair(new Uint8Array(31)), { code: "bad_secret_key" });
  });
});
