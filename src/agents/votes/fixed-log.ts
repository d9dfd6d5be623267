/**
 * Logarithms of whole numbers in thousandths, exact: the largest t with 2^t <= n^1000, which is 1000 x log2(n) rounded down.
 * `Math.log2` is not bound to one result by its specification, and two machines that round differently would tally differently.
 */
import { UsageError } from "../../core/errors.ts";

const THOUSANDTHS = 1_000n;
const BITS_OF_DIGIT = 4;

/** Of a safe integer >= 1. Throws UsageError `fixed_log` for any other. */
export function log2Thousandths(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError("fixed_log", "This number has no logarithm here.");
  return bitLength(BigInt(value) ** THOUSANDTHS) - 1;
}

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return (digits.length - 1) * BITS_OF_DIGIT + (32 - Math.clz32(Number.parseInt(digits.slice(0, 1), 16)));
}
