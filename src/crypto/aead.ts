/**
 * One short message under one key: AES-256-GCM with a random nonce in front.
 *
 *   nonce 12 | ciphertext | tag 16
 *
 * Random 96-bit nonces are safe for 2^32 messages a key (NIST SP 800-38D section 8.3); long contents and busy
 * keys use `payload.ts`, which derives a key for each message.
 */

import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { aesGcmKey } from "./provider.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** How much longer a sealed message is than its plaintext. */
export const SEAL_OVERHEAD_BYTES: number = NONCE_BYTES + TAG_BYTES;

/** Encrypts under a 32-byte key; the associated data is authenticated, but not contained. */
export function sealBytes(key: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(plaintext.length + SEAL_OVERHEAD_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  sealed.set(nonce);
  aesGcmKey(key).sealInto(sealed.subarray(NONCE_BYTES), nonce, plaintext, associatedData);
  return sealed;
}

/** The plaintext of `sealBytes`. Throws CryptoError if the key, one byte or the associated data differs. */
export function openBytes(key: Uint8Array, sealed: Uint8Array, associatedData: Uint8Array): Uint8Array {
  if (sealed.length < SEAL_OVERHEAD_BYTES) throw new CryptoError();
  const plaintext = new Uint8Array(sealed.length - SEAL_OVERHEAD_BYTES);
  const nonce = sealed.subarray(0, NONCE_BYTES);
  aesGcmKey(key).openInto(plaintext, nonce, sealed.subarray(NONCE_BYTES), associatedData);
  return plaintext;
}
