/**
 * The name of a fragment, and how any part of one is checked against it.
 *
 *   fragment     leaf 0 | leaf 1 | ... | last leaf, maybe shorter         4 KiB each
 *   FragmentId   SHA-256("nocturne/fragment/v1" | bytes u32 | root)       root: RFC 6962 over the leaves
 *
 *   download     all leaf hashes first, then the leaves: each is checked as it comes
 *   audit        some leaves that nobody could foresee, with the hashes that lead to the root
 *
 * The length is part of the name because a root alone does not tell how many leaves there are.
 */
import { concatBytes, toHex, u32, utf8Encode } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { inclusionProof, leafHash, merkleRoot, verifyInclusion } from "../../crypto/merkle-tree.ts";

/** 64 hex digits. */
export type FragmentId = string & { readonly __brand: "FragmentId" };

/** One leaf, and what shows that it is in its place. */
export interface LeafProof {
  readonly index: number;
  readonly leaf: Uint8Array;
  /** 32 bytes each. */
  readonly path: readonly Uint8Array[];
}

const DOMAIN = utf8Encode("nocturne/fragment/v1");
const { leafBytes } = MESH_LIMITS;

/** How many leaves a fragment of `bytes` bytes has. */
export function leafCount(bytes: number): number {
  return Math.ceil(bytes / leafBytes);
}

/** The hashes of its leaves, 32 bytes each. */
export function leafHashes(fragment: Uint8Array): Uint8Array[] {
  return Array.from({ length: leafCount(fragment.length) }, (_, index) => leafHash(leafOf(fragment, index)));
}

/** The name of the fragment of `bytes` bytes that has these leaves. */
export function fragmentId(bytes: number, hashes: readonly Uint8Array[]): FragmentId {
  return nameOf(bytes, merkleRoot(hashes));
}

/** Whether these are the leaf hashes of that fragment. Never throws. */
export function isTreeOf(id: FragmentId, bytes: number, hashes: readonly Uint8Array[]): boolean {
  return (
    hashes.length === leafCount(bytes) &&
    hashes.every(({ length }) => length === 32) &&
    fragmentId(bytes, hashes) === id
  );
}

/** Shows the leaves at `indexes`. Throws UsageError `merkle_index` for one that is not there. */
export function proveLeaves(
  fragment: Uint8Array,
  hashes: readonly Uint8Array[],
  indexes: readonly number[],
): LeafProof[] {
  return indexes.map((index) => ({ index, leaf: leafOf(fragment, index), path: inclusionProof(hashes, index) }));
}

/**
 * Whether `proofs` show exactly the leaves at `indexes`, in that order, of the fragment of `bytes` bytes whose root is
 * `root` and whose name is `id`. Never throws.
 */
export function verifyLeaves(
  id: FragmentId,
  bytes: number,
  root: Uint8Array,
  indexes: readonly number[],
  proofs: readonly LeafProof[],
): boolean {
  if (root.length !== 32 || nameOf(bytes, root) !== id || proofs.length !== indexes.length) return false;
  return proofs.every(({ index, leaf, path }, i) => {
    const isThere = index === indexes[i] && leaf.length === Math.min(leafBytes, bytes - index * leafBytes);
    return isThere && verifyInclusion(root, leafCount(bytes), index, leafHash(leaf), path);
  });
}

function leafOf(fragment: Uint8Array, index: number): Uint8Array {
  return fragment.subarray(index * leafBytes, (index + 1) * leafBytes);
}

function nameOf(bytes: number, root: Uint8Array): FragmentId {
  return toHex(sha256(concatBytes(DOMAIN, u32(bytes), root))) as FragmentId;
}
