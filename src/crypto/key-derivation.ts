/**
 * Keys from keys: HKDF (RFC 5869), and the one rule by which Nocturne names derived keys.
 *
 *   master key ── deriveKey("files/v1") ──> key of the file library
 *              └─ deriveKey("header/v1") ─> key of a header's MAC
 *
 * Two labels give independent keys: who learns one derived key learns nothing of the master or the others.
 */

import { concatBytes, utf8Encode } from "../core/bytes.ts";
import { InternalError } from "../core/errors.ts";
import { hmac, sha256 as platformSha256 } from "./provider.ts";

type HashName = "sha256" | "sha512";

const HASH_BYTES = { sha256: 32, sha512: 64 } as const;
const FIRST = Uint8Array.of(1);

/** SHA-256 (FIPS 180-4): 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return platformSha256(data);
}

/** HMAC-SHA-256 (RFC 2104): 32 bytes. */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return hmac("sha256", key, data);
}

/** HKDF with SHA-256: extract and expand to `length` bytes, at most 8,160. Throws InternalError above that. */
export function hkdfSha256(
  ikm: Uint8Array,
  salt: Uint8Array | string,
  info: Uint8Array | string,
  length: number,
): Uint8Array {
  return hkdfExpand("sha256", hmac("sha256", bytesOf(salt), ikm), info, length);
}

/** HKDF with SHA-512: extract and expand to `length` bytes, at most 16,320. Throws InternalError above that. */
export function hkdfSha512(
  ikm: Uint8Array,
  salt: Uint8Array | string,
  info: Uint8Array | string,
  length: number,
): Uint8Array {
  return hkdfExpand("sha512", hmac("sha512", bytesOf(salt), ikm), info, length);
}

/**
 * HKDF-Expand alone (RFC 5869 section 2.3), for a `prk` that is already a uniformly random key. It is built on
 * HMAC here because `node:crypto` refuses an info longer than 1,024 bytes.
 */
export function hkdfExpand(hashName: HashName, prk: Uint8Array, info: Uint8Array | string, length: number): Uint8Array {
  const blockBytes = HASH_BYTES[hashName];
  const blocks = Math.ceil(length / blockBytes);
  if (blocks > 255) throw new InternalError("key_too_long", "HKDF cannot derive so many bytes.");
  const infoBytes = bytesOf(info);
  if (length === blockBytes) return hmac(hashName, prk, infoBytes, FIRST);
  if (blocks === 1) return hmac(hashName, prk, infoBytes, FIRST).slice(0, length);
  const output = new Uint8Array(blocks * blockBytes);
  let previous = new Uint8Array(0);
  for (let i = 0; i < blocks; i++) {
    previous = hmac(hashName, prk, previous, infoBytes, Uint8Array.of(i + 1)) as typeof previous;
    output.set(previous, i * blockBytes);
  }
  return output.slice(0, length);
}

/**
 * The key called `label` under a uniformly random master key: HKDF-SHA-512 with an empty salt and the info
 * "nocturne/" + label. A label names its purpose and ends with its version, such as "files/v1".
 */
export function deriveKey(master: Uint8Array, label: string, length: number = 32): Uint8Array {
  return hkdfSha512(master, "", concatBytes(PREFIX, utf8Encode(label)), length);
}

const PREFIX: Uint8Array = utf8Encode("nocturne/");

function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === "string" ? utf8Encode(value) : value;
}
