import assert from "node:assert/strict";
import { test } from "node:test";
import { u32 } from "../../core/bytes.ts";
import { consistencyProof, inclusionProof, leafHash, merkleRoot } from "../../crypto/merkle-tree.ts";
import {
  appendLeaf,
  edgeLength,
  Frontier,
  treeConsistency,
  treeEdge,
  treeInclusion,
  treeRoot,
  type TreeNodes,
} from "./hash-tree.ts";

class Memory implements TreeNodes {
  reads = 0;
  writes = 0;
  readonly #kept = new Map<string, Uint8Array>();

  get(level: number, place: number): Uint8Array {
    this.reads += 1;
    const hash = this.#kept.get(`${level} ${place}`);
    assert.ok(hash, `${level} ${place} was never put`);
    return hash;
  }

  put(level: number, place: number, hash: Uint8Array): void {
    this.writes += 1;
    this.#kept.set(`${level} ${place}`, hash);
  }
}

function grown(size: number): { nodes: Memory; leaves: Uint8Array[] } {
  const leaves = Array.from({ length: size }, (_, i) => leafHash(u32(i)));
  const nodes = new Memory();
  leaves.forEach((leaf, i) => appendLeaf(nodes, i, leaf));
  return { nodes, leaves };
}

test("roots and proofs of every size are those of the tree that is made anew each time", () => {
  const { nodes, leaves } = grown(70);
  for (let size = 0; size <= leaves.length; size++) {
    const some = leaves.slice(0, size);
    assert.deepEqual(treeRoot(nodes, size), merkleRoot(some));
    for (let i = 0; i < size; i++) assert.deepEqual(treeInclusion(nodes, size, i), inclusionProof(some, i));
    for (let from = 1; from <= size; from++) {
      assert.deepEqual(treeConsistency(nodes, from, size), consistencyProof(some, from));
    }
    assert.throws(() => treeInclusion(nodes, size, size), { code: "merkle_index" });
    assert.throws(() => treeConsistency(nodes, size + 1, size), { code: "merkle_index" });
    assert.throws(() => treeConsistency(nodes, 0, size), { code: "merkle_index" });
  }
});

test("the right edge alone goes on to every later root", () => {
  const { nodes, leaves } = grown(70);
  for (let size = 0; size <= leaves.length; size++) {
    assert.equal(treeEdge(nodes, size).length, edgeLength(size));
    const frontier = new Frontier(size, treeEdge(nodes, size));
    for (let next = size; next < leaves.length; next++) {
      assert.deepEqual(frontier.root(), merkleRoot(leaves.slice(0, next)));
      frontier.push(leaves[next] as Uint8Array);
    }
    assert.equal(frontier.size, leaves.length);
  }
  assert.throws(() => new Frontier(3, [leafHash(u32(0))]), { code: "merkle_index" });
  assert.throws(() => new Frontier(1, [new Uint8Array(31)]), { code: "merkle_index" });
});

test("an append and a proof cost a few dozen hashes in a long list", () => {
  const size = 20_001;
  const { nodes } = grown(size);
  assert.ok(nodes.writes < 2 * size);
  const costOf = (work: () => unknown): number => {
    const before = nodes.reads;
    work();
    return nodes.reads - before;
  };
  assert.ok(costOf(() => appendLeaf(nodes, size, leafHash(u32(size)))) <= 15);
  assert.ok(costOf(() => treeRoot(nodes, size)) <= 15);
  for (const at of [1, 777, 16_384, 19_999]) {
    assert.ok(costOf(() => treeInclusion(nodes, size, at)) <= 40);
    assert.ok(costOf(() => treeConsistency(nodes, at, size)) <= 40);
  }
});
