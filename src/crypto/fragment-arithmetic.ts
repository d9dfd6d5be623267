/**
 * Matrix times fragments over GF(2^8), three ways with the same result: relaxed SIMD, SIMD, and plain TypeScript, which
 * is also the oracle of the other two. The WebAssembly is `kernels/gf256.as`.
 *
 *   memory   tables (outputs x inputs x 32 B) | places (u32 each) | fragments
 */
import { chooseRows, fieldProduct, type Matrix } from "./galois-field.ts";
import { GF256_RELAXED, GF256_SIMD } from "./kernels/gf256.ts";
import { type Simd, SimdKernel } from "./kernels/simd-kernel.ts";
import { Instance, Memory, PAGE_BYTES } from "./kernels/web-assembly.ts";

/** `relaxed-simd` before `simd` before `plain`: the first that the machine's engine has is taken. */
export type Arithmetic = Simd | "plain";

/** Where fragments lie while they are worked on. */
export interface FragmentMemory {
  /** All of it; those who work with fragments keep to `start` and what follows. */
  readonly bytes: Uint8Array;
  /** First byte that is free for fragments, a multiple of 32. */
  readonly start: number;
  /**
   * outputs = matrix * inputs: a row for each output, a column for each input. Both are offsets of fragments into
   * `bytes`, which do not overlap; `length` is a multiple of 32.
   */
  multiply(matrix: Matrix, inputs: readonly number[], outputs: readonly number[], length: number): void;
}

const TABLE_BYTES = 32;

const KERNEL = new SimdKernel({ "relaxed-simd": GF256_RELAXED, simd: GF256_SIMD });

type Multiply = (tables: number, places: number, inputs: number, outputs: number, length: number) => void;

/** The ways that this machine has, fastest first. */
export function arithmetics(): Arithmetic[] {
  return [...KERNEL.builds(), "plain"];
}

/** Memory for `fragmentBytes` of fragments in all, and for matrices up to `rows` x `columns`. */
export function fragmentMemory(way: Arithmetic, fragmentBytes: number, rows: number, columns: number): FragmentMemory {
  const module = way === "plain" ? null : KERNEL.module(way);
  if (module === null) return plainMemory(fragmentBytes);
  const places = rows * columns * TABLE_BYTES;
  const start = roundUp(places + 4 * (rows + columns), TABLE_BYTES);
  const memory = new Memory({ initial: Math.ceil((start + fragmentBytes) / PAGE_BYTES) });
  const { exports } = new Instance(module, { env: { memory } });
  const run = exports["multiply"] as Multiply;
  const bytes = new Uint8Array(memory.buffer);
  let tablesOf: Matrix | null = null;
  return {
    bytes,
    start,
    multiply(matrix, inputs, outputs, length) {
      if (tablesOf !== matrix) writeTables(bytes, matrix);
      tablesOf = matrix;
      new Uint32Array(memory.buffer, places, inputs.length + outputs.length).set([...inputs, ...outputs]);
      run(0, places, inputs.length, outputs.length, length);
    },
  };
}

/** For each coefficient c: c * 0 .. c * 15, then c * 0x00, c * 0x10 .. c * 0xf0. */
function writeTables(bytes: Uint8Array, { cells }: Matrix): void {
  for (const [n, cell] of cells.entries()) {
    for (let i = 0; i < 16; i++) {
      bytes[n * TABLE_BYTES + i] = fieldProduct(cell, i);
      bytes[n * TABLE_BYTES + 16 + i] = fieldProduct(cell, i << 4);
    }
  }
}

function plainMemory(fragmentBytes: number): FragmentMemory {
  const bytes = new Uint8Array(fragmentBytes);
  return {
    bytes,
    start: 0,
    multiply(matrix, inputs, outputs, length) {
      for (const [row, output] of outputs.entries()) {
        const target = bytes.subarray(output, output + length).fill(0);
        const { cells } = chooseRows(matrix, [row]);
        for (const [i, input] of inputs.entries()) addProduct(target, bytes, input, cells[i] as number);
      }
    },
  };
}

/** target += cell * the fragment at `from`. */
function addProduct(target: Uint8Array, bytes: Uint8Array, from: number, cell: number): void {
  const products = Uint8Array.from({ length: 256 }, (_, byte) => fieldProduct(cell, byte));
  for (let i = 0; i < target.length; i++) {
    target[i] = (target[i] as number) ^ (products[bytes[from + i] as number] as number);
  }
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
