/** Random bytes of the platform's cryptographic generator; the same call in Node and in a browser. */

const MAX_CALL_BYTES = 65_536; // Web Crypto refuses more in one call

export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += MAX_CALL_BYTES) {
    crypto.getRandomValues(bytes.subarray(start, start + MAX_CALL_BYTES));
  }
  return bytes;
}

/** A uniform whole number from 0 to `bound` - 1, bound at most 2^32. Rejection sampling: no modulo bias. */
export function randomBelow(bound: number): number {
  const limit = Math.floor(2 ** 32 / bound) * bound;
  const draw = new Uint32Array(1);
  do crypto.getRandomValues(draw);
  while ((draw[0] as number) >= limit);
  return (draw[0] as number) % bound;
}

/** A uniform number in [0, 1), a multiple of 2^-53: every double of that spacing is equally likely. */
export function randomUnit(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}
