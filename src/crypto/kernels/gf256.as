// Matrix times shards over GF(2^8), polynomial 0x11d: what encoding and repairing Reed-Solomon codes comes down to.
// AssemblyScript, built twice by `npm run build:kernels`: with relaxed SIMD and without. Facts: ../reed-solomon.ts.
//
//   tables    for each output, for each input: 16 B c * low nibble | 16 B c * high nibble of the coefficient c
//   places    u32 each: where the inputs lie, then where the outputs lie
//   length    bytes of a shard, a multiple of 32, at least 32
//
// A product is two look-ups of 16 bytes at once: c * x = table[x & 15] ^ table[16 + (x >> 4)]. Four outputs share the
// nibbles of an input; 2 x 16 bytes share the tables: that is what sixteen registers hold. Strips of 1 KiB keep the
// inputs in the cache while all outputs are made of them.

const STRIP: u32 = 1024;
const TABLE: usize = 32;

// @ts-ignore: decorator
@inline
function lookUp(table: v128, nibbles: v128): v128 {
  // Nibbles are below 16, where the relaxed instruction is defined: one instruction, without the guard for larger ones.
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(table, nibbles) : i8x16.swizzle(table, nibbles);
}

/** Machines shift no bytes: `i8x16.shr_u` is this, with a mask that is made anew each time. */
// @ts-ignore: decorator
@inline
function highNibbles(x: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(x, 4), mask);
}

// @ts-ignore: decorator
@inline
function addProduct(sum: v128, table: usize, low: v128, high: v128): v128 {
  return v128.xor(v128.xor(sum, lookUp(v128.load(table), low)), lookUp(v128.load(table, 16), high));
}

// @ts-ignore: decorator
@inline
function store(at: usize, first: v128, second: v128): void {
  v128.store(at, first);
  v128.store(at, second, 16);
}

/** Four outputs, `places[0..3]`, from `start` to `end`. */
function four(tables: usize, inputs: usize, count: u32, places: usize, start: usize, end: usize): void {
  const row = <usize>count * TABLE;
  const inputsEnd = inputs + <usize>count * 4;
  const mask = i8x16.splat(15);
  for (let at = start; at < end; at += 32) {
    let a0 = i8x16.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
    let table = tables;
    for (let input = inputs; input < inputsEnd; input += 4) {
      const from = <usize>load<u32>(input) + at;
      const x0 = v128.load(from), x1 = v128.load(from, 16);
      const low0 = v128.and(x0, mask), low1 = v128.and(x1, mask);
      const high0 = highNibbles(x0, mask), high1 = highNibbles(x1, mask);
      let next = table;
      a0 = addProduct(a0, next, low0, high0);
      a1 = addProduct(a1, next, low1, high1);
      next += row;
      b0 = addProduct(b0, next, low0, high0);
      b1 = addProduct(b1, next, low1, high1);
      next += row;
      c0 = addProduct(c0, next, low0, high0);
      c1 = addProduct(c1, next, low1, high1);
      next += row;
      d0 = addProduct(d0, next, low0, high0);
      d1 = addProduct(d1, next, low1, high1);
      table += TABLE;
    }
    store(<usize>load<u32>(places) + at, a0, a1);
    store(<usize>load<u32>(places, 4) + at, b0, b1);
    store(<usize>load<u32>(places, 8) + at, c0, c1);
    store(<usize>load<u32>(places, 12) + at, d0, d1);
  }
}

/** One output, for what is left over of four. */
function one(tables: usize, inputs: usize, count: u32, places: usize, start: usize, end: usize): void {
  const inputsEnd = inputs + <usize>count * 4;
  const mask = i8x16.splat(15);
  const to = <usize>load<u32>(places);
  for (let at = start; at < end; at += 32) {
    let a0 = i8x16.splat(0), a1 = a0;
    let table = tables;
    for (let input = inputs; input < inputsEnd; input += 4) {
      const from = <usize>load<u32>(input) + at;
      const x0 = v128.load(from), x1 = v128.load(from, 16);
      a0 = addProduct(a0, table, v128.and(x0, mask), highNibbles(x0, mask));
      a1 = addProduct(a1, table, v128.and(x1, mask), highNibbles(x1, mask));
      table += TABLE;
    }
    store(to + at, a0, a1);
  }
}

/** outputs = matrix * inputs. Inputs and outputs are at least one each and do not overlap. */
export function multiply(tables: usize, places: usize, inputs: u32, outputs: u32, length: u32): void {
  const row = <usize>inputs * TABLE;
  const outputPlaces = places + <usize>inputs * 4;
  for (let start: u32 = 0; start < length; start += STRIP) {
    const end = min(start + STRIP, length);
    let output: u32 = 0;
    for (; output + 4 <= outputs; output += 4) {
      four(tables + <usize>output * row, places, inputs, outputPlaces + <usize>output * 4, start, end);
    }
    for (; output < outputs; output++) {
      one(tables + <usize>output * row, places, inputs, outputPlaces + <usize>output * 4, start, end);
    }
  }
}
