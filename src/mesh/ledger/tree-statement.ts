/**
 * A signer's word about a Merkle tree: so many leaves, this root.
 *
 *   statement   version 1 | signer 32 | size u64, at least 1 | root 32 | made at u64, ms | signature 64        145 bytes
 *
 * The signature (Ed25519) is over the domain and everything before it. Heads of ledgers and checkpoints are such
 * statements of different domains: none can be shown as the other.
 */
import { concatBytes } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { HASH_BYTES } from "../../crypto/merkle-tree.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { ByteReader, isCount, u64 } from "../byte-reader.ts";

export interface TreeStatement {
  /** Ed25519 public key, 32 bytes. */
  readonly signer: Uint8Array;
  /** Leaves of the tree, at least 1. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly madeAtMs: number;
  /** As it was signed, signature included. */
  readonly bytes: Uint8Array;
}

export const STATEMENT_BYTES = 145;

const VERSION = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Throws UsageError `ledger_head` for a root or a number that is none. */
export function signStatement(
  domain: Uint8Array,
  about: Pick<TreeStatement, "size" | "root" | "madeAtMs">,
  by: SignatureKeyPair,
): TreeStatement {
  const { size, root, madeAtMs } = about;
  if (!isCount(size) || size < 1 || root.length !== HASH_BYTES || !isCount(madeAtMs)) {
    throw new UsageError("ledger_head", "There is no such tree.");
  }
  const said = concatBytes(Uint8Array.of(VERSION), by.publicKey, u64(size), root, u64(madeAtMs));
  const bytes = concatBytes(said, ed25519.sign(concatBytes(domain, said), by.secretKey));
  return { signer: by.publicKey, size, root, madeAtMs, bytes };
}

/** Null for whatever is no statement of this domain. Never throws. */
export function readStatement(domain: Uint8Array, bytes: Uint8Array): TreeStatement | null {
  const reader = new ByteReader(bytes);
  const [version, signer, size] = [reader.u8(), reader.take(KEY_BYTES), reader.u64()];
  const [root, madeAtMs, signature] = [reader.take(HASH_BYTES), reader.u64(), reader.take(SIGNATURE_BYTES)];
  if (!reader.isDone || version !== VERSION || !signer || !size || !root || madeAtMs === null || !signature)
    return null;
  const said = concatBytes(domain, bytes.subarray(0, STATEMENT_BYTES - SIGNATURE_BYTES));
  return ed25519.verify(said, signature, signer) ? { signer, size, root, madeAtMs, bytes: bytes.slice() } : null;
}
