/**
 * A frame: what is sealed for one device of an epoch, in an event that shows only whom it is for.
 *
 *   event    kind 1059 | one-use key | random date | ["p", device] | content: base64 of
 *   payload  2 | nonce 12 | locator 16 | random 4 | AES-256-GCM(length u32 | body | zeros) | tag 16
 *
 *   locator  HMAC-SHA-256(locate key, device 32 | nonce 12)[0..16]      names the epoch to its members only
 *   keys     HKDF of the epoch's exported key, "frame/seal/v1" and "frame/locate/v1"
 *
 * Head, sizes and their steps are those of a NIP-44 payload, so that a relay cannot tell a frame from any other gift
 * wrap. The outer seal hides what MLS shows (group, epoch, kind of message), also from quantum computers. Specified in
 * NEP-08.
 */

import { v2 as nip44 } from "nostr-tools/nip44";
import { concatBytes, equalBytes, fromHex, u32 } from "../../core/bytes.ts";
import { CodecError, CryptoError } from "../../core/errors.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import { deriveKey, hmacSha256 } from "../../crypto/key-derivation.ts";
import { type AesGcmKey, aesGcmKey } from "../../crypto/provider.ts";

const LIKE_NIP44 = 2;
const NONCE_BYTES = 12;
const LOCATOR_BYTES = 16;
const RANDOM_BYTES = 4;
const HEAD_BYTES = 33;
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;
/** NIP-44 ends with a tag of 32 bytes and begins its text with a length of 2; ours are 16 and 4. */
const SLACK_BYTES: number = 2 + 32 - TAG_BYTES;
const MIN_PAYLOAD_BYTES: number = HEAD_BYTES + TAG_BYTES + LENGTH_BYTES;

/** The two keys of one epoch's frames. */
export interface FrameKeys {
  readonly seal: AesGcmKey;
  readonly locate: Uint8Array;
}

/** `exported` is the epoch's exported key "frame/v1", 32 bytes. */
export function frameKeysOf(exported: Uint8Array): FrameKeys {
  return { seal: aesGcmKey(deriveKey(exported, "frame/seal/v1")), locate: deriveKey(exported, "frame/locate/v1") };
}

/** The content of an event for `device` (hex). Throws CodecError `frame_too_large` above SESSION_LIMITS.frameBytes. */
export function sealFrame(keys: FrameKeys, device: string, body: Uint8Array): string {
  if (body.length > SESSION_LIMITS.frameBytes)
    throw new CodecError("frame_too_large", "A message is too large to send.");
  const to = fromHex(device);
  const random = randomBytes(NONCE_BYTES + RANDOM_BYTES);
  const nonce = random.subarray(0, NONCE_BYTES);
  const head = concatBytes(Uint8Array.of(LIKE_NIP44), nonce, locate(keys, to, nonce), random.subarray(NONCE_BYTES));
  const roomBytes = nip44.utils.calcPaddedLen(Math.max(1, LENGTH_BYTES + body.length - SLACK_BYTES)) + SLACK_BYTES;
  const plain = new Uint8Array(roomBytes);
  plain.set(u32(body.length));
  plain.set(body, LENGTH_BYTES);
  const payload = new Uint8Array(HEAD_BYTES + roomBytes + TAG_BYTES);
  payload.set(head);
  keys.seal.sealInto(payload.subarray(HEAD_BYTES), nonce, plain, concatBytes(head, to));
  return Buffer.from(payload.buffer).toString("base64");
}

/** The bytes of an event's content, or null if it cannot be a frame. */
export function readPayload(content: string): Uint8Array | null {
  try {
    const payload = new Uint8Array(Buffer.byteLength(content, "base64"));
    Buffer.from(payload.buffer).write(content, "base64");
    if (Buffer.from(payload.buffer).toString("base64") !== content) return null;
    return payload.length >= MIN_PAYLOAD_BYTES && payload[0] === LIKE_NIP44 ? payload : null;
  } catch {
    return null;
  }
}

/** True if the payload was sealed for `device` in the epoch of these keys; two microseconds. */
export function isSealedFor(payload: Uint8Array, keys: FrameKeys, device: Uint8Array): boolean {
  const nonce = payload.subarray(1, 1 + NONCE_BYTES);
  return equalBytes(locate(keys, device, nonce), payload.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + LOCATOR_BYTES));
}

/** The body of a frame for `device`. Throws CryptoError. */
export function openFrame(payload: Uint8Array, keys: FrameKeys, device: Uint8Array): Uint8Array {
  const head = payload.subarray(0, HEAD_BYTES);
  const plain = new Uint8Array(payload.length - HEAD_BYTES - TAG_BYTES);
  keys.seal.openInto(plain, head.subarray(1, 1 + NONCE_BYTES), payload.subarray(HEAD_BYTES), concatBytes(head, device));
  const bodyBytes = new DataView(plain.buffer).getUint32(0);
  if (bodyBytes > plain.length - LENGTH_BYTES) throw new CryptoError();
  return plain.subarray(LENGTH_BYTES, LENGTH_BYTES + bodyBytes);
}

function locate(keys: FrameKeys, device: Uint8Array, nonce: Uint8Array): Uint8Array {
  return hmacSha256(keys.locate, concatBytes(device, nonce)).subarray(0, LOCATOR_BYTES);
}
