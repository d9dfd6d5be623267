import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { ReedSolomonErasure } from "@digitaldefiance/reed-solomon-erasure.wasm";
import fc from "fast-check";
import { concatBytes } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import { arithmetics } from "./fragment-arithmetic.ts";
import { ErasureBlock, type ErasureShape } from "./reed-solomon.ts";

/** The `reed-solomon-erasure` crate: somebody else's code, by which ours is judged. */
const wasm = createRequire(import.meta.url).resolve("@digitaldefiance/reed-solomon-erasure.wasm/wasm");
const oracle = ReedSolomonErasure.fromBytes(readFileSync(wasm));

const SHAPES = [
  [1, 1],
  [2, 1],
  [4, 2],
  [10, 4],
  [10, 20],
  [20, 20],
  [29, 51],
  [3, 253],
  [200, 56],
] as const;

/** Around the vector (32 B) and the strip (1 KiB) of the kernels, and the way of a cache (4 KiB). */
const SIZES = [1, 15, 31, 32, 33, 63, 64, 100, 1_023, 1_025, 4_095, 4_096, 4_097, 10_000];

function filled(shape: ErasureShape, way: ReturnType<typeof arithmetics>[number]): ErasureBlock {
  const block = new ErasureBlock(shape, way);
  for (const fragment of block.fragments.slice(0, shape.dataFragments)) fragment.set(randomBytes(fragment.length));
  block.encode();
  return block;
}

/** All fragments by the oracle, of the block's data. */
function oracleFragments({ shape, fragments }: ErasureBlock): Uint8Array {
  const { dataFragments, parityFragments, fragmentBytes } = shape;
  const all = concatBytes(...fragments).fill(0, dataFragments * fragmentBytes);
  assert.equal(oracle.encode(all, dataFragments, parityFragments), ReedSolomonErasure.RESULT_OK);
  return all;
}

describe("Reed-Solomon", () => {
  it("has all three ways on this machine", () => {
    assert.deepEqual(arithmetics(), ["relaxed-simd", "simd", "plain"]);
  });

  for (const way of arithmetics()) {
    it(`gives the parity of the reed-solomon-erasure crate: ${way}`, () => {
      for (const [dataFragments, parityFragments] of SHAPES) {
        for (const fragmentBytes of dataFragments + parityFragments > 100 ? [33, 4_097] : SIZES) {
          const block = filled({ dataFragments, parityFragments, fragmentBytes }, way);
          const name = `${dataFragments}+${parityFragments}, ${fragmentBytes} bytes`;
          assert.deepEqual(concatBytes(...block.fragments), oracleFragments(block), name);
        }
      }
    });

    it(`makes any missing fragments of any k others: ${way}`, () => {
      const property = fc.property(shapes(), fc.infiniteStream(fc.nat()), (shape, draws) => {
        const block = filled(shape, way);
        const whole = block.fragments.map((fragment) => fragment.slice());
        const present = erase(block, draws);
        block.reconstruct(present);
        assert.deepEqual(
          [...block.fragments].map((fragment) => fragment.slice()),
          whole,
        );
      });
      fc.assert(property, { numRuns: 150 });
    });
  }

  it("gives the crate's parity for any shape", () => {
    const property = fc.property(shapes(), (shape) => {
      const [fast, ...others] = arithmetics().map((way) => new ErasureBlock(shape, way));
      assert.ok(fast);
      const data = fast.fragments.slice(0, shape.dataFragments).map((fragment) => randomBytes(fragment.length));
      for (const block of [fast, ...others]) {
        for (const [n, bytes] of data.entries()) block.fragments[n]?.set(bytes);
        block.encode();
        assert.deepEqual(concatBytes(...block.fragments), oracleFragments(block));
      }
    });
    fc.assert(property, { numRuns: 100 });
  });

  it("is used again, for other data and other losses", () => {
    const block = new ErasureBlock({ dataFragments: 5, parityFragments: 3, fragmentBytes: 77 });
    for (let round = 0; round < 8; round++) {
      for (const fragment of block.fragments.slice(0, 5)) fragment.set(randomBytes(77));
      block.encode();
      const whole = oracleFragments(block);
      assert.deepEqual(concatBytes(...block.fragments), whole);
      const present = block.fragments.map((_, n) => (n + round) % 8 > 2);
      for (const [n, there] of present.entries()) if (!there) block.fragments[n]?.fill(0xee);
      block.reconstruct(present);
      assert.deepEqual(concatBytes(...block.fragments), whole);
    }
  });

  it("refuses to make k fragments of fewer, and changes nothing", () => {
    const block = filled({ dataFragments: 4, parityFragments: 3, fragmentBytes: 50 }, "plain");
    const before = concatBytes(...block.fragments);
    const present = [true, false, true, false, false, false, true];
    assert.throws(() => block.reconstruct(present), { code: "too_few_fragments" });
    assert.deepEqual(concatBytes(...block.fragments), before);
    assert.throws(() => block.reconstruct([true]), { code: "erasure_shape" });
  });

  it("refuses shapes that are out of bounds", () => {
    const bad = [
      [0, 1, 1],
      [1, 0, 1],
      [1, 1, 0],
      [1.5, 1, 1],
      [200, 57, 1],
      [128, 128, 2 ** 20 + 1],
    ] as const;
    for (const [dataFragments, parityFragments, fragmentBytes] of bad) {
      const shape = { dataFragments, parityFragments, fragmentBytes };
      assert.throws(() => new ErasureBlock(shape), { code: "erasure_shape" });
    }
  });
});

function shapes(): fc.Arbitrary<ErasureShape> {
  return fc.record({
    dataFragments: fc.integer({ min: 1, max: 24 }),
    parityFragments: fc.integer({ min: 1, max: 24 }),
    fragmentBytes: fc.integer({ min: 1, max: 5_000 }),
  });
}

/** Overwrites up to m fragments, drawn at random; returns which are left. */
function erase({ fragments, shape }: ErasureBlock, draws: Iterator<number>): boolean[] {
  const order = fragments.map((_, n) => ({ n, draw: draws.next().value as number }));
  const lost = order
    .sort((a, b) => a.draw - b.draw)
    .slice(0, (draws.next().value as number) % (shape.parityFragments + 1))
    .map(({ n }) => n);
  for (const n of lost) fragments[n]?.fill(0xee);
  return fragments.map((_, n) => !lost.includes(n));
}
