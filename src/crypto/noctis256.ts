/**
 * Noctis-256, the cipher of Nocturne's seed documents: a 256-bit block, a 512-bit key, 20 rounds, used in counter
 * mode with HMAC-SHA3-256 over nonce and ciphertext.
 *
 * EXPERIMENTAL AND UNAUDITED. Nobody but its author has analysed it. It must never be the only protection of anything:
 * `noctis-payload.ts` runs it inside AES-256-GCM under another key. No secret decides which memory is read, but for the
 * key stream where it runs without WebAssembly (`noctis-stream.ts`, `noctis-plain.ts`).
 *
 *   block    nonce 24 | counter 8, big-endian, from 0                    -> 32 bytes of key stream
 *   round r  S-box each byte; byte i moves to (i + 5r + 1) mod 32; XOR round key r;
 *            the left half, a 128-bit big-endian number, += the right half
 *   sealed   ciphertext | HMAC-SHA3-256(key[0..32], nonce | ciphertext)
 *
 * Vectors: `vectors/noctis256.json`.
 */

import { concatBytes, equalBytes, utf8Encode } from "../core/bytes.ts";
import { CryptoError, InternalError } from "../core/errors.ts";
import { type NoctisStream, noctisStream } from "./noctis-stream.ts";
import { hmac, sha3_256 } from "./provider.ts";

export const NOCTIS_KEY_BYTES = 64;
export const NOCTIS_NONCE_BYTES = 24;
export const NOCTIS_MAC_BYTES = 32;

const ROUNDS = 20;
const BLOCK_BYTES = 32;
const BLOCK_WORDS = 8;

/** A key made ready: about 30 hashes, so worth keeping for many messages. */
export interface NoctisSchedule {
  readonly stream: NoctisStream;
  readonly macKey: Uint8Array;
}

/** Makes a 64-byte key ready. Throws InternalError for any other length. */
export function expandNoctisKey(key: Uint8Array): NoctisSchedule {
  if (key.length !== NOCTIS_KEY_BYTES) throw new InternalError("key_size", "A Noctis-256 key has 64 bytes.");
  return { stream: noctisStream(noctisSbox(key), noctisRoundKeys(key)), macKey: key.slice(0, BLOCK_BYTES) };
}

/** Encrypts or decrypts (the same) under a 64-byte key and a 24-byte nonce that is never used twice with it. */
export function noctis256Ctr(key: Uint8Array, nonce: Uint8Array, data: Uint8Array): Uint8Array {
  const output = new Uint8Array(data.length);
  applyStream(expandNoctisKey(key), output, nonce, data);
  return output;
}

/** HMAC-SHA3-256 over nonce | ciphertext under the first 32 bytes of the key: 32 bytes. */
export function noctis256Mac(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return hmac("sha3-256", key.subarray(0, BLOCK_BYTES), nonce, ciphertext);
}

/** Ciphertext | MAC 32 under a 64-byte key and a 24-byte nonce that is never used twice with it. */
export function sealNoctis256(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(plaintext.length + NOCTIS_MAC_BYTES);
  sealNoctisInto(sealed, expandNoctisKey(key), nonce, plaintext);
  return sealed;
}

/** The plaintext of `sealNoctis256`. Throws CryptoError if key, nonce or any byte differs. */
export function openNoctis256(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (sealed.length < NOCTIS_MAC_BYTES) throw new CryptoError();
  const plaintext = new Uint8Array(sealed.length - NOCTIS_MAC_BYTES);
  openNoctisInto(plaintext, expandNoctisKey(key), nonce, sealed);
  return plaintext;
}

/** `sealNoctis256` into a buffer that is 32 bytes longer than the plaintext. */
export function sealNoctisInto(
  output: Uint8Array,
  schedule: NoctisSchedule,
  nonce: Uint8Array,
  plaintext: Uint8Array,
): void {
  const ciphertext = output.subarray(0, plaintext.length);
  applyStream(schedule, ciphertext, nonce, plaintext);
  output.set(hmac("sha3-256", schedule.macKey, nonce, ciphertext), plaintext.length);
}

/** `openNoctis256` into a buffer that is 32 bytes shorter than the sealed bytes; writes nothing if it throws. */
export function openNoctisInto(
  output: Uint8Array,
  schedule: NoctisSchedule,
  nonce: Uint8Array,
  sealed: Uint8Array,
): void {
  const ciphertext = sealed.subarray(0, output.length);
  const mac = hmac("sha3-256", schedule.macKey, nonce, ciphertext);
  if (!equalBytes(mac, sealed.subarray(output.length))) throw new CryptoError();
  applyStream(schedule, output, nonce, ciphertext);
}

/**
 * The S-box: a Fisher-Yates shuffle of 0..255 drawn from SHA3-256(key | "sbox"), hashed again every 32 draws.
 * `byte mod (i + 1)` is biased, as the cipher's definition has it.
 */
export function noctisSbox(key: Uint8Array): Uint8Array {
  const box = Uint8Array.from({ length: 256 }, (_, i) => i);
  let draws = sha3_256(concatBytes(key, utf8Encode("sbox")));
  let used = 0;
  for (let i = 255; i > 0; i--) {
    if (used === draws.length) {
      draws = sha3_256(draws);
      used = 0;
    }
    swap(box, i, remainder(draws[used++] as number, i + 1));
  }
  return box;
}

/** A byte modulo 2..256, by a multiplication: how long a division takes depends on its numbers. */
function remainder(byte: number, divisor: number): number {
  const inverse = Math.ceil(65_536 / divisor);
  return byte - divisor * ((byte * inverse) >>> 16);
}

/**
 * Swaps entries `i` and `j`, j at most i. Only `i` is public: every entry up to it is read and written, whichever is
 * meant, so that the cache tells nothing of `j`.
 */
function swap(box: Uint8Array, i: number, j: number): void {
  const last = box[i] as number;
  let picked = 0;
  for (let k = 0; k <= i; k++) {
    const mask = ((k ^ j) - 1) >> 31; // all bits where k is j, none elsewhere
    const entry = box[k] as number;
    picked |= entry & mask;
    box[k] = (entry & ~mask) | (last & mask);
  }
  box[i] = picked;
}

/** Round keys as 20 x 8 words: left ^= SHA3-256(right | r), rotated left by (7r + 3) bits; then the halves swap. */
export function noctisRoundKeys(key: Uint8Array): Int32Array {
  const words = new Int32Array(ROUNDS * BLOCK_WORDS);
  let left: Uint8Array = key.slice(0, BLOCK_BYTES);
  let right: Uint8Array = key.slice(BLOCK_BYTES);
  for (let r = 0; r < ROUNDS; r++) {
    const digest = sha3_256(concatBytes(right, Uint8Array.of(r)));
    const mixed = left.map((byte, i) => byte ^ (digest[i] as number));
    const roundKey = rotateLeft(mixed, 7 * r + 3);
    words.set(wordsOf(roundKey), r * BLOCK_WORDS);
    left = right;
    right = roundKey;
  }
  return words;
}

function applyStream({ stream }: NoctisSchedule, output: Uint8Array, nonce: Uint8Array, data: Uint8Array): void {
  if (nonce.length !== NOCTIS_NONCE_BYTES) throw new InternalError("nonce_size", "A Noctis-256 nonce has 24 bytes.");
  stream(output, nonce, data);
}

/** 32 bytes as one big-endian number, rotated left. */
function rotateLeft(half: Uint8Array, bits: number): Uint8Array {
  const skip = bits >>> 3;
  const rest = bits & 7;
  return half.map((_, i) => {
    const high = half[(i + skip) % BLOCK_BYTES] as number;
    const low = half[(i + skip + 1) % BLOCK_BYTES] as number;
    return (high << rest) | (low >>> (8 - rest));
  });
}

function wordsOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i));
}
