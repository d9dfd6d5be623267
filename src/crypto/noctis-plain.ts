/**
 * The key stream of Noctis-256 in plain TypeScript: for the download page, whose policy allows no WebAssembly, and for
 * engines without SIMD. Beside it stands `noctis-stream.ts`, of which it is the oracle.
 *
 * It reads tables at secret indexes, so that a program on the same machine may learn of the key through cache timing.
 */

/**
 * XORs the key stream from block 0 on onto `data`, into `output` of the same length, which may be the same bytes.
 * Nonces have 24 bytes.
 */
export type NoctisStream = (output: Uint8Array, nonce: Uint8Array, data: Uint8Array) => void;

const ROUNDS = 20;
const BLOCK_BYTES = 32;
const BLOCK_WORDS = 8;

/** The stream of an S-box of 256 bytes and of 20 round keys, eight big-endian words each. */
export function noctisStream(box: Uint8Array, roundKeys: Int32Array): NoctisStream {
  const pairs = pairTable(box);
  return (output, nonce, data) => {
    const block = new Int32Array(BLOCK_WORDS);
    const stream = new Uint8Array(BLOCK_BYTES);
    const view = new DataView(stream.buffer);
    const nonceView = new DataView(nonce.buffer, nonce.byteOffset, nonce.byteLength);
    // Only the counter's low word moves: no buffer holds 2^32 blocks (128 GiB).
    for (let start = 0, counter = 0; start < data.length; start += BLOCK_BYTES, counter++) {
      for (let i = 0; i < 6; i++) block[i] = nonceView.getInt32(4 * i);
      block[6] = 0;
      block[7] = counter;
      encryptBlock(pairs, roundKeys, block);
      for (let i = 0; i < BLOCK_WORDS; i++) view.setInt32(4 * i, block[i] as number);
      const end = Math.min(BLOCK_BYTES, data.length - start);
      for (let i = 0; i < end; i++) output[start + i] = (data[start + i] as number) ^ (stream[i] as number);
    }
  };
}

/**
 * The 20 rounds, in place, on eight words in local variables. The byte move of s = (5r + 1) mod 32 places is a
 * shift by s mod 4 bytes across neighbouring words, then a rotation of the words by s / 4, whose three binary
 * digits are done one by one.
 */
function encryptBlock(pairs: Uint16Array, roundKeys: Int32Array, block: Int32Array): void {
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

/** Both S-box bytes of each 16-bit value: two look-ups a word instead of four. */
function pairTable(box: Uint8Array): Uint16Array {
  const pairs = new Uint16Array(65_536);
  for (let i = 0; i < pairs.length; i++) pairs[i] = ((box[i >>> 8] as number) << 8) | (box[i & 255] as number);
  return pairs;
}
