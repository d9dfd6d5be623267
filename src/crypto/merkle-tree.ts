/**
 * Merkle trees of RFC 6962 (2.1; the algorithms in the words of RFC 9162 2.1): one hash stands for a list, a short proof
 * shows that a leaf is in it, and another that a longer list begins with a shorter one.
 *
 *             root 5              leaf     SHA-256(0x00 | data)
 *            /      \             node     SHA-256(0x01 | left | right)
 *          n          \           split    at the largest power of two below the number of leaves
 *        /   \         \
 *       n     n         \         Leaf and node have different first bytes, so that no node can be shown as a leaf.
 *      / \   / \         \        A root alone does not say how many leaves there are: whoever checks must know that.
 *     0   1 2   3         4
 */
import { equalBytes } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import { publicSha256 } from "./provider.ts";

export const HASH_BYTES = 32;

const LEAF = 0x00;
const NODE = 0x01;
/** Leaves up to so long are hashed without a new buffer, which costs a third of the time. */
const QUICK_BYTES = 4_096;
const leafScratch = new Uint8Array(1 + QUICK_BYTES);
const nodeScratch = new Uint8Array(1 + 2 * HASH_BYTES);

/** 32 bytes: the hash of a leaf of any length. */
export function leafHash(data: Uint8Array): Uint8Array {
  const whole = data.length <= QUICK_BYTES ? leafScratch.subarray(0, 1 + data.length) : new Uint8Array(1 + data.length);
  whole[0] = LEAF;
  whole.set(data, 1);
  return publicSha256(whole);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeScratch[0] = NODE;
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 1 + HASH_BYTES);
  return publicSha256(nodeScratch);
}

/** Of the hashes of all leaves, 32 bytes each; of none, the hash of nothing. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return rootOf(leaves, 0, leaves.length);
}

/**
 * The hashes, 32 bytes each, that lead from leaf `index` to the root, lowest first; at most 32 for any list that fits.
 * Throws UsageError `merkle_index` for a leaf that is not in the list.
 */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves.length) throw badIndex();
  const proof: Uint8Array[] = [];
  let [start, end] = [0, leaves.length];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    const isLeft = index < middle;
    proof.unshift(isLeft ? rootOf(leaves, middle, end) : rootOf(leaves, start, middle));
    [start, end] = isLeft ? [start, middle] : [middle, end];
  }
  return proof;
}

/** Whether `leaf`, a hash of 32 bytes, is at `index` of the `size` leaves under `root` (RFC 9162 2.1.3.2). Never throws. */
export function verifyInclusion(
  root: Uint8Array,
  size: number,
  index: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(size) || !isCount(index) || index >= size || !areHashes([leaf, ...proof])) return false;
  let [at, last] = [index, size - 1];
  let hash = leaf;
  for (const other of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(other, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, other);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equalBytes(hash, root);
}

/**
 * The hashes, 32 bytes each, that show that the list began with the first `oldSize` of its leaves (RFC 9162 2.1.4.1);
 * none for the list itself. Throws UsageError `merkle_index` unless 1 <= oldSize <= number of leaves.
 */
export function consistencyProof(leaves: readonly Uint8Array[], oldSize: number): Uint8Array[] {
  if (!Number.isSafeInteger(oldSize) || oldSize < 1 || oldSize > leaves.length) throw badIndex();
  const proof: Uint8Array[] = [];
  let [start, end] = [0, leaves.length];
  let isWholeOld = true; // whether start .. oldSize is a subtree that the old root itself stands for
  while (oldSize !== end) {
    const middle = start + splitOf(end - start);
    if (oldSize <= middle) {
      proof.unshift(rootOf(leaves, middle, end));
      end = middle;
    } else {
      proof.unshift(rootOf(leaves, start, middle));
      start = middle;
      isWholeOld = false;
    }
  }
  return isWholeOld ? proof : [rootOf(leaves, start, end), ...proof];
}

/** Whether a list of `newSize` leaves under `newRoot` began with the `oldSize` under `oldRoot` (RFC 9162 2.1.4.2). Never throws. */
export function verifyConsistency(
  old: { readonly size: number; readonly root: Uint8Array },
  now: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(old.size) || !isCount(now.size) || old.size < 1 || old.size > now.size) return false;
  if (!areHashes([old.root, now.root, ...proof])) return false;
  if (old.size === now.size) return proof.length === 0 && equalBytes(old.root, now.root);
  // A power of two is a whole subtree: its root is the old root, and is left out.
  const [first, ...rest] = isPowerOfTwo(old.size) ? [old.root, ...proof] : proof;
  if (!first) return false;
  let [at, last] = [old.size - 1, now.size - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let [oldHash, newHash] = [first, first];
  for (const other of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldHash = nodeHash(other, oldHash);
      newHash = nodeHash(other, newHash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      newHash = nodeHash(newHash, other);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && equalBytes(oldHash, old.root) && equalBytes(newHash, now.root);
}

function rootOf(leaves: readonly Uint8Array[], start: number, end: number): Uint8Array {
  if (start === end) return publicSha256(new Uint8Array(0));
  if (end - start === 1) return leaves[start] as Uint8Array;
  const middle = start + splitOf(end - start);
  return nodeHash(rootOf(leaves, start, middle), rootOf(leaves, middle, end));
}

/** The largest power of two below `count`, which is at least 2. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

/** Not a shift: sizes may be beyond 31 bits. */
function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  return value === 1 || splitOf(value) * 2 === value;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every(({ length }) => length === HASH_BYTES);
}

function badIndex(): UsageError {
  return new UsageError("merkle_index", "There is no such leaf.");
}
