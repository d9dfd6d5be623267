/** A person made from a few words, the same at every run: for tests that need somebody but no vault. */

import { utf8Encode } from "../../src/core/bytes.ts";
import { createHybridKeyPair } from "../../src/crypto/hybrid-kem.ts";
import { deriveKey, sha256 } from "../../src/crypto/key-derivation.ts";
import { mlDsa65 } from "../../src/crypto/signing.ts";
import { encodeNpub, fingerprint, publicKeyOf } from "../../src/nostr/keys.ts";
import type { Identity } from "../../src/vault/identity.ts";

export function testIdentity(name: string): Identity {
  const root = sha256(utf8Encode(`test identity ${name}`));
  const nostrSecretKey = deriveKey(root, "test/nostr/v1");
  const publicKey = publicKeyOf(nostrSecretKey);
  return {
    npub: encodeNpub(publicKey),
    publicKey,
    device: publicKey,
    nostrSecretKey,
    hybrid: createHybridKeyPair(deriveKey(root, "test/hybrid/v1")),
    signing: mlDsa65.createKeyPair(deriveKey(root, "test/signing/v1")),
    fingerprint: fingerprint(publicKey),
    devices: [],
    account: null,
  };
}
