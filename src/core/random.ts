/** Random bytes of the platform's cryptographic generator; the same call in Node and in a browser. */

const MAX_CALL_BYTES = 65_536; // Web Crypto refuses more in one call

/** For a few bytes a call takes as long as for a thousand, and a message needs a few several times. */
const POOL_BYTES = 1_024;
const SMALL_BYTES = 64;
const pool = new Uint8Array(POOL_BYTES);
let poolUsed = POOL_BYTES;

export function randomBytes(length: number): Uint8Array {
  if (length <= SMALL_BYTES) return takeFromPool(length);
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += MAX_CALL_BYTES) {
    crypto.getRandomValues(bytes.subarray(start, start + MAX_CALL_BYTES));
  }
  return bytes;
}

function takeFromPool(length: number): Uint8Array {
  if (poolUsed + length > POOL_BYTES) {
    crypto.getRandomValues(pool);
    poolUsed = 0;
  }
  const bytes = pool.slice(poolUsed, poolUsed + length);
  // Nothing is left of a key where it was drawn.
  pool.fill(0, poolUsed, poolUsed + length);
  poolUsed += length;
  return bytes;
}

/** A uniform whole number from 0 to `bound` - 1, bound at most 2^32. Rejection sampling: no modulo bias. */
export function randomBelow(bound: number): number {
  const limit = Math.floor(2 ** 32 / bound) * bound;
  let draw: number;
  do draw = new DataView(randomBytes(4).buffer).getUint32(0);
  while (draw >= limit);
  return draw % bound;
}
