/**
 * Erasure coding: k data fragments become k + m fragments of the same size, and any k of them give all others back.
 *
 *   block      data 0 | ... | data k-1 | parity 0 | ... | parity m-1        fragmentBytes each
 *   parity     rows k .. k+m-1 of the matrix V * (first k rows of V)^-1, V Vandermonde over GF(2^8), polynomial 0x11d
 *
 * The code is systematic: data fragments are the data. Parity is byte for byte that of the `reed-solomon-erasure`
 * crate and of Backblaze's library. It repairs what is missing and finds nothing that is wrong: fragments are to be
 * checked, by their hashes, before they are put in.
 *
 * Everything happens in one memory, which callers fill and read through `fragments` without a copy in between. A
 * block is meant to be used again and again, for one stripe after the other.
 */
import { UsageError, ValidationError } from "../core/errors.ts";
import { ERASURE_LIMITS } from "../core/limits.ts";
import { type Arithmetic, arithmetics, type FragmentMemory, fragmentMemory, roundUp } from "./fragment-arithmetic.ts";
import { chooseRows, invert, type Matrix, matrixProduct, vandermonde } from "./galois-field.ts";

export interface ErasureShape {
  /** k: at least 1; k + m is at most `ERASURE_LIMITS.fragments`. */
  readonly dataFragments: number;
  /** m: at least 1. */
  readonly parityFragments: number;
  /** Size of each fragment: at least 1, any number. All of a block take `ERASURE_LIMITS.blockBytes` at most. */
  readonly fragmentBytes: number;
}

/** Kernels work on whole vectors; what a fragment lacks of them is zeros that nobody sees. */
const VECTOR_BYTES = 32;
/** So many bytes apart, memory shares its place in the first-level cache. */
const CACHE_WAY_BYTES = 4_096;
/** A kernel's strip: by so much more each fragment is moved on, so that strips of all fragments find room there. */
const STRIP_BYTES = 1_024;

export class ErasureBlock {
  readonly shape: ErasureShape;
  /** k + m views of `fragmentBytes` each into the block's own memory, zeros at first: data, then parity. */
  readonly fragments: readonly Uint8Array[];
  readonly #memory: FragmentMemory;
  /** Bytes that are worked on in each fragment, and from the beginning of one to that of the next. */
  readonly #length: number;
  readonly #stride: number;
  /** (k + m) x k: the identity, then what parity is made by. */
  readonly #matrix: Matrix;
  readonly #parity: Matrix;

  /**
   * Throws UsageError `erasure_shape` for a shape that is out of bounds. `arithmetic` is chosen by what the machine's
   * engine has; tests and benches name one.
   */
  constructor(shape: ErasureShape, arithmetic: Arithmetic = arithmetics()[0] as Arithmetic) {
    checkShape(shape);
    const { dataFragments, parityFragments, fragmentBytes } = shape;
    const count = dataFragments + parityFragments;
    this.shape = shape;
    this.#length = roundUp(fragmentBytes, VECTOR_BYTES);
    this.#stride =
      fragmentBytes < CACHE_WAY_BYTES ? this.#length : roundUp(fragmentBytes, CACHE_WAY_BYTES) + STRIP_BYTES;
    this.#memory = fragmentMemory(arithmetic, count * this.#stride, parityFragments, dataFragments);
    this.fragments = numbers(0, count).map((n) => {
      const at = this.#place(n);
      return this.#memory.bytes.subarray(at, at + fragmentBytes);
    });
    const powers = vandermonde(count, dataFragments);
    this.#matrix = matrixProduct(powers, invert(chooseRows(powers, numbers(0, dataFragments))));
    this.#parity = chooseRows(this.#matrix, numbers(dataFragments, count));
  }

  /** Makes all parity fragments of the data fragments. */
  encode(): void {
    const { dataFragments, parityFragments } = this.shape;
    const parity = numbers(dataFragments, dataFragments + parityFragments);
    this.#multiply(this.#parity, numbers(0, dataFragments), parity);
  }

  /**
   * Makes the fragments that are missing, data and parity, of those that are there: `present` says for each of the
   * k + m whether its bytes are in place. Throws ValidationError `too_few_fragments` when fewer than k are, and then has
   * changed nothing; UsageError `erasure_shape` when it says so for another number of fragments.
   */
  reconstruct(present: readonly boolean[]): void {
    const { dataFragments } = this.shape;
    const count = this.fragments.length;
    if (present.length !== count) throw badShape(`There are ${count} fragments in this block.`);
    const there = numbers(0, count).filter((n) => present[n]);
    if (there.length < dataFragments) throw tooFew(there.length, dataFragments);
    const missing = numbers(0, count).filter((n) => !present[n]);
    const data = missing.filter((n) => n < dataFragments);
    const parity = missing.filter((n) => n >= dataFragments);
    if (data.length > 0) {
      const sources = there.slice(0, dataFragments);
      const inverse = invert(chooseRows(this.#matrix, sources));
      this.#multiply(chooseRows(inverse, data), sources, data);
    }
    if (parity.length > 0) this.#multiply(chooseRows(this.#matrix, parity), numbers(0, dataFragments), parity);
  }

  #multiply(matrix: Matrix, inputs: readonly number[], outputs: readonly number[]): void {
    const place = (n: number): number => this.#place(n);
    this.#memory.multiply(matrix, inputs.map(place), outputs.map(place), this.#length);
  }

  #place(n: number): number {
    return this.#memory.start + n * this.#stride;
  }
}

function checkShape({ dataFragments, parityFragments, fragmentBytes }: ErasureShape): void {
  const whole = [dataFragments, parityFragments, fragmentBytes].every((value) => Number.isInteger(value) && value >= 1);
  const count = dataFragments + parityFragments;
  if (!whole || count > ERASURE_LIMITS.fragments) {
    throw badShape(`A block has at least one data and one parity fragment, and ${ERASURE_LIMITS.fragments} in all.`);
  }
  if (count * fragmentBytes > ERASURE_LIMITS.blockBytes) {
    throw badShape(`The fragments of a block have ${ERASURE_LIMITS.blockBytes} bytes in all at most.`);
  }
}

function badShape(message: string): UsageError {
  return new UsageError("erasure_shape", message);
}

function tooFew(there: number, needed: number): ValidationError {
  return new ValidationError("too_few_fragments", `Only ${there} fragments are there, and ${needed} are needed.`, {
    hint: "Wait until more of those who keep them can be reached.",
  });
}

function numbers(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
