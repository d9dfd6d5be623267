/**
 * The keys that let read: one for each epoch, rolled forward, never back.
 *
 *   k(e) -> k(e+1) = HKDF-SHA-512(ikm = k(e), salt = digest, info = "nocturne/channel/next/v1" | u32 e+1)
 *        -> seal key      deriveKey("channel/seal/v1")
 *        -> address key   deriveKey("channel/address/v1"); address = hex HMAC-SHA-256(address key, digest | u32 e)
 *
 * Who gets k(e) reads from epoch e on, and nothing older. A *chain* begins with a random key: the channel's
 * first, or the one of a fresh start. Specified in NEP-07.
 */

import { concatBytes, fromBase64Url, toBase64Url, toHex, u32, utf8Encode } from "../../core/bytes.ts";
import { deriveKey, hkdfSha512, hmacSha256 } from "../../crypto/key-derivation.ts";

export const EPOCH_KEY_BYTES = 32;

const NEXT_LABEL = utf8Encode("nocturne/channel/next/v1");

/** One epoch's key in a form that the vault can keep. */
export interface EpochKey {
  readonly epoch: number;
  /** base64url, 32 bytes. */
  readonly key: string;
}

/** The key of the following epoch of the same chain. */
export function nextEpochKey({ epoch, key }: EpochKey, digest: Uint8Array): EpochKey {
  const info = concatBytes(NEXT_LABEL, u32(epoch + 1));
  return { epoch: epoch + 1, key: toBase64Url(hkdfSha512(fromBase64Url(key), digest, info, EPOCH_KEY_BYTES)) };
}

/** The key of a later epoch of the same chain: `epoch - from.epoch` steps. */
export function epochKeyAt(from: EpochKey, epoch: number, digest: Uint8Array): EpochKey {
  let at = from;
  while (at.epoch < epoch) at = nextEpochKey(at, digest);
  return at;
}

/** Where the events of this epoch lie: 64 hex characters. */
export function epochAddress({ epoch, key }: EpochKey, digest: Uint8Array): string {
  const addressKey = deriveKey(fromBase64Url(key), "channel/address/v1");
  return toHex(hmacSha256(addressKey, concatBytes(digest, u32(epoch))));
}

/** The AES-256-GCM key of this epoch's events. */
export function sealKey({ key }: EpochKey): Uint8Array {
  return deriveKey(fromBase64Url(key), "channel/seal/v1");
}
