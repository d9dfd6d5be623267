import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { ed25519 } from "../crypto/signing.ts";
import {
  careKeyOf,
  createManifestKey,
  deriveCareKeys,
  deriveMeshKeys,
  wipeMeshKeys,
  wipeRecordKeys,
} from "./mesh-keys.ts";

test("one secret gives the same keys everywhere, and no two are alike", () => {
  const secret = randomBytes(32);
  const [keys, again] = [deriveMeshKeys(secret), deriveMeshKeys(secret.slice())];
  assert.deepEqual(keys, again);
  const care = deriveCareKeys(careKeyOf(secret));
  const all = [keys.owner.secretKey, keys.catalogue.signing.secretKey, keys.catalogue.sealing, careKeyOf(secret)];
  const secrets = [...all, care.signing.secretKey, care.sealing, secret].map(toHex);
  assert.equal(new Set(secrets).size, secrets.length);
  const other = deriveMeshKeys(randomBytes(32));
  assert.notDeepEqual(other.owner.publicKey, keys.owner.publicKey);
});

test("keys are derived by their labels", () => {
  const secret = new Uint8Array(32).fill(7);
  const { owner, catalogue } = deriveMeshKeys(secret);
  assert.deepEqual(owner.secretKey, deriveKey(secret, "mesh/owner/v1"));
  assert.deepEqual(catalogue.signing.secretKey, deriveKey(secret, "mesh/catalogue-signing/v1"));
  assert.deepEqual(catalogue.sealing, deriveKey(secret, "mesh/catalogue-sealing/v1"));
  const careKey = deriveKey(secret, "mesh/care/v1");
  assert.deepEqual(careKeyOf(secret), careKey);
  const care = deriveCareKeys(careKey);
  assert.deepEqual(care.signing.secretKey, deriveKey(careKey, "mesh/care-signing/v1"));
  assert.deepEqual(care.sealing, deriveKey(careKey, "mesh/care-sealing/v1"));
});

test("every object has a manifest key of its own", () => {
  assert.equal(createManifestKey().length, 32);
  assert.notDeepEqual(createManifestKey(), createManifestKey());
});

test("wiped keys sign and open nothing of their owner any more", () => {
  const keys = deriveMeshKeys(randomBytes(32));
  const message = new Uint8Array(9);
  const pairs = [keys.owner, keys.catalogue.signing];
  for (const { publicKey, secretKey } of pairs)
    assert.ok(ed25519.verify(message, ed25519.sign(message, secretKey), publicKey));
  wipeMeshKeys(keys);
  for (const { publicKey, secretKey } of pairs)
    assert.ok(!ed25519.verify(message, ed25519.sign(message, secretKey), publicKey));
  const care = deriveCareKeys(randomBytes(32));
  wipeRecordKeys(care);
  const zeros = new Uint8Array(32);
  for (const secret of [keys.owner.secretKey, keys.catalogue.signing.secretKey, keys.catalogue.sealing])
    assert.deepEqual(secret, zeros);
  assert.deepEqual([care.signing.secretKey, care.sealing], [zeros, zeros]);
});
