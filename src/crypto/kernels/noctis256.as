// The key stream of Noctis-256, XORed onto data: 16 blocks at once, sliced by bytes. Vector i of the state holds byte i
// of all 16 blocks, so that a move of bytes is a matter of which vector is written, and lanes never meet.
// AssemblyScript, built twice by `npm run build:kernels`: with relaxed SIMD and without. The cipher: ../noctis256.ts.
//
//   0      S-box 256 | round keys 20 x 32 | nonce 24 | unused
//   1024   state, before and after a round: 2 x 32 vectors
//   2048   data, in whole steps of 512 bytes
//
// No address depends on the key, the S-box or the data, and nothing branches on them: every S-box look-up reads all 256
// entries. Sixteen times it is a look-up of 16 bytes by the low nibble, of which the four high bits choose one.

const ROUNDS: u32 = 20;
const BLOCK: usize = 32;
const LANES: u32 = 16;
const ROUND_KEYS: usize = 256;
const NONCE: usize = 896;
const BEFORE: usize = 1024;
const AFTER: usize = 1536;
const DATA: usize = 2048;
const STEP: u32 = 512;

// @ts-ignore: decorator
@inline
function entry(row: usize, low: v128): v128 {
  // `low` is below 16, where the relaxed instruction is defined.
  const table = v128.load(row * 16);
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(table, low) : i8x16.swizzle(table, low);
}

// @ts-ignore: decorator
@inline
function choose(zero: v128, one: v128, bit: v128): v128 {
  // All bits of a lane are the same, where the relaxed instruction is defined.
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_laneselect(one, zero, bit) : v128.bitselect(one, zero, bit);
}

// @ts-ignore: decorator
@inline
function four(row: usize, low: v128, bit4: v128, bit5: v128): v128 {
  return choose(
    choose(entry(row, low), entry(row + 1, low), bit4),
    choose(entry(row + 2, low), entry(row + 3, low), bit4),
    bit5,
  );
}

/** The S-box at 0 on 16 bytes. */
// @ts-ignore: decorator
@inline
function substitute(x: v128): v128 {
  const low = v128.and(x, i8x16.splat(15));
  const none = i8x16.splat(0);
  const bit4 = i8x16.lt_s(i16x8.shl(x, 3), none);
  const bit5 = i8x16.lt_s(i16x8.shl(x, 2), none);
  const bit6 = i8x16.lt_s(i16x8.shl(x, 1), none);
  const bit7 = i8x16.lt_s(x, none);
  const lower = choose(four(0, low, bit4, bit5), four(4, low, bit4, bit5), bit6);
  const upper = choose(four(8, low, bit4, bit5), four(12, low, bit4, bit5), bit6);
  return choose(lower, upper, bit7);
}

/** S-box, move of bytes and round key: from BEFORE to AFTER. */
function mix(round: u32): void {
  const places = 5 * round + 1;
  const keys = ROUND_KEYS + <usize>round * BLOCK;
  for (let i: u32 = 0; i < 32; i++) {
    const to = <usize>((i + places) & 31);
    const key = v128.load_splat<u8>(keys + to);
    v128.store(AFTER + to * 16, v128.xor(substitute(v128.load(BEFORE + <usize>i * 16)), key));
  }
}

/** The left half plus the right half, with carries from byte 15 up to byte 0: from AFTER to BEFORE. */
function addHalves(): void {
  const all = i8x16.splat(-1);
  let carry = i8x16.splat(0);
  for (let i: i32 = 15; i >= 0; i--) {
    const at = <usize>i * 16;
    const left = v128.load(AFTER + at);
    const right = v128.load(AFTER + at, 256);
    const sum = i8x16.add(left, right);
    // A sum that is not below one of its parts did not overflow; with a carry coming in, 255 does.
    const fits = i8x16.ge_u(sum, left);
    v128.store(BEFORE + at, i8x16.sub(sum, carry));
    v128.store(BEFORE + at, right, 256);
    carry = v128.or(v128.not(fits), v128.and(carry, i8x16.eq(sum, all)));
  }
}

/** Sixteen blocks of nonce and counter, sliced. `counter` is a multiple of 16, so that only byte 31 differs. */
function begin(counter: u32): void {
  for (let i: usize = 0; i < 24; i++) v128.store(BEFORE + i * 16, v128.load_splat<u8>(NONCE + i));
  for (let i: usize = 24; i < 28; i++) v128.store(BEFORE + i * 16, i8x16.splat(0));
  for (let i: u32 = 0; i < 4; i++) {
    v128.store(BEFORE + <usize>(28 + i) * 16, i8x16.splat(<i8>(counter >> (24 - 8 * i))));
  }
  const last = BEFORE + 31 * 16;
  v128.store(last, i8x16.add(v128.load(last), i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

/** One step of a transposition of 16 x 16 bytes: vectors i and i + 8 become 2i and 2i + 1, interleaved. */
function interleave(from: usize, to: usize): void {
  for (let i: usize = 0; i < 8; i++) {
    const a = v128.load(from + i * 16);
    const b = v128.load(from + i * 16, 128);
    const low = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const high = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128.store(to + i * 32, low);
    v128.store(to + i * 32, high, 16);
  }
}

/** XORs the half of 16 blocks that lies in BEFORE, sliced, onto `at`. Uses AFTER. */
function output(half: usize, at: usize): void {
  const from = BEFORE + half * 256;
  interleave(from, AFTER);
  interleave(AFTER, from);
  interleave(from, AFTER);
  interleave(AFTER, from);
  for (let block: usize = 0; block < 16; block++) {
    const to = at + block * BLOCK + half * 16;
    v128.store(to, v128.xor(v128.load(to), v128.load(from + block * 16)));
  }
}

/** XORs the key stream from block `first` on, a multiple of 16, onto `steps` x 512 bytes of data. */
export function crypt(first: u32, steps: u32): void {
  for (let step: u32 = 0; step < steps; step++) {
    begin(first + step * LANES);
    for (let round: u32 = 0; round < ROUNDS; round++) {
      mix(round);
      addHalves();
    }
    const at = DATA + <usize>(step * STEP);
    output(0, at);
    output(1, at);
  }
}
