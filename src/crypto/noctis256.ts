/**
 * Noctis-256, the cipher of Nocturne's seed documents: a 256-bit block, a 512-bit key, 20 rounds, used in counter
 * mode with HMAC-SHA3-256 over nonce and ciphertext.
 *
 * EXPERIMENTAL AND UNAUDITED. Nobody but its author has analysed it, and this implementation reads tables at
 * secret indexes, so that a program on the same machine may learn of the key through cache timing. It must never
 * be the only protection of anything: `noctis-payload.ts` runs it inside AES-256-GCM under another key.
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
import { hmac, sha3_256 } from "./provider.ts";

export const NOCTIS_KEY_BYTES = 64;
export const NOCTIS_NONCE_BYTES = 24;
export const NOCTIS_MAC_BYTES = 32;

const ROUNDS = 20;
const BLOCK_BYTES = 32;
const BLOCK_WORDS = 8;

/** A key made ready: about 30 hashes, so worth keeping for many messages. */
export interface NoctisSchedule {
  /** Both S-box bytes of each 16-bit value: two look-ups a word instead of four. */
  readonly pairs: Uint16Array;
  /** 20 round keys of 8 big-endian words. */
  readonly roundKeys: Int32Array;
  readonly macKey: Uint8Array;
}

/** Makes a 64-byte key ready. Throws InternalError for any other length. */
export function expandNoctisKey(key: Uint8Array): NoctisSchedule {
  if (key.length !== NOCTIS_KEY_BYTES) throw new InternalError("key_size", "A Noctis-256 key has 64 bytes.");
  return { pairs: pairTable(noctisSbox(key)), roundKeys: noctisRoundKeys(key), macKey: key.slice(0, BLOCK_BYTES) };
}

/** Encrypts or decrypts (the same) under a 64-byte key and a 24-byte nonce that is never used twice with it. */
export function noctis256Ctr(key: Uint8Array, nonce: Uint8Array, data: Uint8Array): Uint8Array {
  const output = new Uint8Array(data.length);
  noctisCtrInto(output, expandNoctisKey(key), nonce, data);
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
  noctisCtrInto(ciphertext, schedule, nonce, plaintext);
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
  noctisCtrInto(output, schedule, nonce, ciphertext);
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
    const j = (draws[used++] as number) % (i + 1);
    const swapped = box[i] as number;
    box[i] = box[j] as number;
    box[j] = swapped;
  }
  return box;
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

/** XORs the key stream onto `data`. Only the counter's low word moves: no buffer holds 2^32 blocks (128 GiB). */
function noctisCtrInto(output: Uint8Array, schedule: NoctisSchedule, nonce: Uint8Array, data: Uint8Array): void {
  if (nonce.length !== NOCTIS_NONCE_BYTES) throw new InternalError("nonce_size", "A Noctis-256 nonce has 24 bytes.");
  const block = new Int32Array(BLOCK_WORDS);
  const stream = new Uint8Array(BLOCK_BYTES);
  const view = new DataView(stream.buffer);
  const nonceWords = wordsOf(nonce);
  for (let start = 0, counter = 0; start < data.length; start += BLOCK_BYTES, counter++) {
    block.set(nonceWords);
    block[6] = 0;
    block[7] = counter;
    encryptBlock(schedule, block);
    for (let i = 0; i < BLOCK_WORDS; i++) view.setInt32(4 * i, block[i] as number);
    const end = Math.min(BLOCK_BYTES, data.length - start);
    for (let i = 0; i < end; i++) output[start + i] = (data[start + i] as number) ^ (stream[i] as number);
  }
}

/**
 * The 20 rounds, in place, on eight words in local variables. The byte move of s = (5r + 1) mod 32 places is a
 * shift by s mod 4 bytes across neighbouring words, then a rotation of the words by s / 4, whose three binary
 * digits are done one by one.
 */
function encryptBlock({ pairs, roundKeys }: NoctisSchedule, block: Int32Array): void {
  let a = block[0] as number;
  let b = block[1] as number;
  let c = block[2] as number;
  let d = block[3] as number;
  let e = block[4] as number;
  let f = block[5] as number;
  let g = block[6] as number;
  let h = block[7] as number;
  for (let r = 0, k = 0; r < ROUNDS; r++, k += BLOCK_WORDS) {
    a = substitute(pairs, a);
    b = substitute(pairs, b);
    c = substitute(pairs, c);
    d = substitute(pairs, d);
    e = substitute(pairs, e);
    f = substitute(pairs, f);
    g = substitute(pairs, g);
    h = substitute(pairs, h);
    const places = (5 * r + 1) & 31;
    const bits = (places & 3) * 8;
    const last = h;
    h = shiftIn(g, h, bits);
    g = shiftIn(f, g, bits);
    f = shiftIn(e, f, bits);
    e = shiftIn(d, e, bits);
    d = shiftIn(c, d, bits);
    c = shiftIn(b, c, bits);
    b = shiftIn(a, b, bits);
    a = shiftIn(last, a, bits);
    // biome-ignore format: a rotation is one thing
    if (places & 4) { const t = h; h = g; g = f; f = e; e = d; d = c; c = b; b = a; a = t; }
    // biome-ignore format: a rotation is one thing
    if (places & 8) { let t = h; h = f; f = d; d = b; b = t; t = g; g = e; e = c; c = a; a = t; }
    // biome-ignore format: a rotation is one thing
    if (places & 16) { let t = a; a = e; e = t; t = b; b = f; f = t; t = c; c = g; g = t; t = d; d = h; h = t; }
    a ^= roundKeys[k] as number;
    b ^= roundKeys[k + 1] as number;
    c ^= roundKeys[k + 2] as number;
    d ^= roundKeys[k + 3] as number;
    e ^= roundKeys[k + 4] as number;
    f ^= roundKeys[k + 5] as number;
    g ^= roundKeys[k + 6] as number;
    h ^= roundKeys[k + 7] as number;
    const sumD = (d + h) | 0;
    const carryD = carry(d, h, sumD);
    const sumC = (c + g + carryD) | 0;
    const carryC = carry(c, g, sumC);
    const sumB = (b + f + carryC) | 0;
    a = (a + e + carry(b, f, sumB)) | 0;
    b = sumB;
    c = sumC;
    d = sumD;
  }
  block[0] = a;
  block[1] = b;
  block[2] = c;
  block[3] = d;
  block[4] = e;
  block[5] = f;
  block[6] = g;
  block[7] = h;
}

function substitute(pairs: Uint16Array, word: number): number {
  return ((pairs[word >>> 16] as number) << 16) | (pairs[word & 0xffff] as number);
}

/** `word` moved right by 0 to 24 bits, with the low bits of the word before it coming in from the left. */
function shiftIn(before: number, word: number, bits: number): number {
  // Two shifts, because a shift by 32 would be none at all.
  return (word >>> bits) | ((before << 1) << (31 - bits));
}

/** The carry out of a 32-bit addition x + y (+ carry in) whose result was `sum`. */
function carry(x: number, y: number, sum: number): number {
  return ((x & y) | ((x | y) & ~sum)) >>> 31;
}

function pairTable(box: Uint8Array): Uint16Array {
  const pairs = new Uint16Array(65_536);
  for (let i = 0; i < pairs.length; i++) pairs[i] = ((box[i >>> 8] as number) << 8) | (box[i & 255] as number);
  return pairs;
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
