/**
 * A Merkle tree of RFC 6962 that grows: an append costs a hash or two, a root or a proof a few dozen, however long the list is.
 *
 *   level 2            a           kept:     every whole subtree, by level and by place in its level
 *                    /   \         root:     of the whole ones at the right edge, folded: of 7 leaves  a, b, 6
 *   level 1         c     d  b     place i at level n stands for leaves i * 2^n up to (i + 1) * 2^n
 *                  / \   / \ /\
 *   level 0        0 1   2 3 4 5 6
 *
 * A whole subtree never changes, so that roots and proofs of every earlier size can be told too. `Frontier` keeps only
 * the right edge: who reads a list once knows its root without keeping the list.
 */
import { UsageError } from "../../core/errors.ts";
import { HASH_BYTES, merkleRoot } from "../../crypto/merkle-tree.ts";

/** Where whole subtrees are kept. */
export interface TreeNodes {
  /** 32 bytes. Only asked for what was put. */
  get(level: number, place: number): Uint8Array;
  put(level: number, place: number, hash: Uint8Array): void;
}

/** Puts leaf number `size` (a hash, 32 bytes) and whatever subtree it completes. */
export function appendLeaf(nodes: TreeNodes, size: number, leaf: Uint8Array): void {
  let [level, place, hash] = [0, size, leaf];
  nodes.put(level, place, hash);
  while (place % 2 === 1) {
    hash = parentOf(nodes.get(level, place - 1), hash);
    [level, place] = [level + 1, (place - 1) / 2];
    nodes.put(level, place, hash);
  }
}

/** The root of the first `size` leaves, 32 bytes. */
export function treeRoot(nodes: TreeNodes, size: number): Uint8Array {
  return size === 0 ? merkleRoot([]) : rangeRoot(nodes, 0, size);
}

/** As `inclusionProof` of all leaves up to `size`. Throws UsageError `merkle_index`. */
export function treeInclusion(nodes: TreeNodes, size: number, index: number): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw badIndex();
  const proof: Uint8Array[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    const isLeft = index < middle;
    proof.unshift(isLeft ? rangeRoot(nodes, middle, end) : rangeRoot(nodes, start, middle));
    [start, end] = isLeft ? [start, middle] : [middle, end];
  }
  return proof;
}

/** As `consistencyProof` of all leaves up to `to`. Throws UsageError `merkle_index` unless 1 <= from <= to. */
export function treeConsistency(nodes: TreeNodes, from: number, to: number): Uint8Array[] {
  if (!Number.isSafeInteger(from) || from < 1 || from > to) throw badIndex();
  const proof: Uint8Array[] = [];
  let [start, end] = [0, to];
  while (from !== end) {
    const middle = start + splitOf(end - start);
    const isLeft = from <= middle;
    proof.unshift(isLeft ? rangeRoot(nodes, middle, end) : rangeRoot(nodes, start, middle));
    [start, end] = isLeft ? [start, middle] : [middle, end];
  }
  // The subtree that the old root itself stands for is left out.
  return start === 0 ? proof : [rangeRoot(nodes, start, end), ...proof];
}

/** The right edge after `size` leaves: the largest whole subtree first. As many hashes as `size` has ones in binary. */
export function treeEdge(nodes: TreeNodes, size: number): Uint8Array[] {
  const edge: Uint8Array[] = [];
  for (let start = 0; start < size; ) {
    const leaves = largestPower(size - start);
    edge.push(nodes.get(Math.log2(leaves), start / leaves));
    start += leaves;
  }
  return edge;
}

/** How many hashes the edge of a tree of `size` leaves has. */
export function edgeLength(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}

export class Frontier {
  #size: number;
  readonly #edge: Uint8Array[];

  /** Goes on after `size` leaves with that edge, by default from nothing. Throws UsageError `merkle_index` for an edge of another size. */
  constructor(size = 0, edge: readonly Uint8Array[] = []) {
    if (edge.length !== edgeLength(size) || edge.some(({ length }) => length !== HASH_BYTES)) throw badIndex();
    this.#size = size;
    this.#edge = [...edge];
  }

  get size(): number {
    return this.#size;
  }

  /** A leaf's hash, 32 bytes. */
  push(leaf: Uint8Array): void {
    let hash = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      hash = parentOf(this.#edge.pop() as Uint8Array, hash);
    }
    this.#edge.push(hash);
    this.#size += 1;
  }

  /** 32 bytes. */
  root(): Uint8Array {
    return this.#edge.length === 0 ? merkleRoot([]) : this.#edge.reduceRight((right, left) => parentOf(left, right));
  }
}

/** The root of a subtree of RFC 6962's shape: at `start` a whole one of that length would fit. */
function rangeRoot(nodes: TreeNodes, start: number, end: number): Uint8Array {
  const leaves = end - start;
  if (largestPower(leaves) === leaves) return nodes.get(Math.log2(leaves), start / leaves);
  const middle = start + splitOf(leaves);
  return parentOf(rangeRoot(nodes, start, middle), rangeRoot(nodes, middle, end));
}

/** The root of two leaves is the hash of a node over them. */
function parentOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  return merkleRoot([left, right]);
}

/** The largest power of two that is not above `count`. */
function largestPower(count: number): number {
  let power = 1;
  while (power * 2 <= count) power *= 2;
  return power;
}

/** The largest power of two below `count`, which is at least 2. */
function splitOf(count: number): number {
  const power = largestPower(count);
  return power === count ? power / 2 : power;
}

function badIndex(): UsageError {
  return new UsageError("merkle_index", "There is no such leaf.");
}
