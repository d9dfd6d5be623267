/**
 * What one node heard of everybody's ledgers, under one root: so that a signer who denies a head has a whole tree
 * against him, which others cosigned or keep.
 *
 *   checkpoint   statement 145 (`tree-statement.ts`) | heads, 145 each, rising by signer, one a signer
 *   leaf         SHA-256(0x00 | head)
 *
 * Of a checkpoint whose statement alone is at hand, a head is shown by its leaf's inclusion proof.
 */
import { concatBytes, equalBytes, toHex, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { inclusionProof, leafHash, merkleRoot, verifyInclusion } from "../../crypto/merkle-tree.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { readHead, type SignedHead } from "./head.ts";
import { readStatement, signStatement, STATEMENT_BYTES, type TreeStatement } from "./tree-statement.ts";

/** Leaves are heads. */
export type CheckpointStatement = TreeStatement & { readonly __brand: "CheckpointStatement" };

export interface Checkpoint {
  readonly statement: CheckpointStatement;
  /** Rising by signer, one a signer. */
  readonly heads: readonly SignedHead[];
  readonly bytes: Uint8Array;
}

const DOMAIN = utf8Encode("nocturne/ledger/checkpoint/v1");

/** Of 1 to MESH_LIMITS.ledgerSigners heads in any order, one a signer. Throws UsageError `ledger_head` for none or more. */
export function signCheckpoint(heads: readonly SignedHead[], madeAtMs: number, by: SignatureKeyPair): Checkpoint {
  if (heads.length > MESH_LIMITS.ledgerSigners) throw tooMany();
  const sorted = [...heads].sort((a, b) => (signerOf(a) < signerOf(b) ? -1 : 1));
  const about = { size: sorted.length, root: merkleRoot(leavesOf(sorted)), madeAtMs };
  const statement = signStatement(DOMAIN, about, by) as CheckpointStatement;
  return { statement, heads: sorted, bytes: concatBytes(statement.bytes, ...sorted.map(({ bytes }) => bytes)) };
}

/** Null unless it and every head in it is signed, and they are what its root stands for. Never throws. */
export function readCheckpoint(bytes: Uint8Array): Checkpoint | null {
  const statement = readCheckpointStatement(bytes.subarray(0, STATEMENT_BYTES));
  if (!statement || statement.size > MESH_LIMITS.ledgerSigners) return null;
  if (bytes.length !== STATEMENT_BYTES * (1 + statement.size)) return null;
  const heads: SignedHead[] = [];
  for (let at = STATEMENT_BYTES; at < bytes.length; at += STATEMENT_BYTES) {
    const head = readHead(bytes.subarray(at, at + STATEMENT_BYTES));
    const before = heads.at(-1);
    if (!head || (before && signerOf(before) >= signerOf(head))) return null;
    heads.push(head);
  }
  return equalBytes(merkleRoot(leavesOf(heads)), statement.root) ? { statement, heads, bytes: bytes.slice() } : null;
}

/** Of 145 bytes; null for whatever is none. Never throws. */
export function readCheckpointStatement(bytes: Uint8Array): CheckpointStatement | null {
  return readStatement(DOMAIN, bytes) as CheckpointStatement | null;
}

/** Shows that the checkpoint holds its head number `index`. Throws UsageError `merkle_index`. */
export function proveHead(checkpoint: Checkpoint, index: number): Uint8Array[] {
  return inclusionProof(leavesOf(checkpoint.heads), index);
}

/** Whether the checkpoint of this statement has that head at `index`. Never throws. */
export function isHeadOf(
  { size, root }: CheckpointStatement,
  index: number,
  head: SignedHead,
  proof: readonly Uint8Array[],
): boolean {
  return verifyInclusion(root, size, index, leafHash(head.bytes), proof);
}

function tooMany(): UsageError {
  return new UsageError("ledger_head", `A checkpoint holds ${MESH_LIMITS.ledgerSigners} heads at most.`);
}

function leavesOf(heads: readonly SignedHead[]): Uint8Array[] {
  return heads.map(({ bytes }) => leafHash(bytes));
}

function signerOf({ signer }: SignedHead): string {
  return toHex(signer);
}
