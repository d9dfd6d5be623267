/**
 * Proof that a signer keeps two histories: two of its own statements that cannot both be true. Whoever has it can show it
 * to anybody, who needs nothing else to check it.
 *
 *   proof      version 1 | form u8 | ...
 *   1 entries     two entries with one sequence and different hashes         length u16 | entry, twice
 *   2 heads       two heads of one size with different roots                 head 145, twice
 *   3 beginning   a bigger head whose own log begins otherwise than a smaller head says
 *                 smaller 145 | bigger 145 | root 32 of that other beginning | count u8 | hashes 32 each, which show
 *                 that the bigger one's log begins so (RFC 9162 2.1.4)
 *
 * Of two entries or heads the one with the lower hash or root comes first: one pair, one proof. An honest signer cannot
 * be accused: nobody else signs for it, and it signs one history.
 */
import { concatBytes, equalBytes, toHex, u16 } from "../../core/bytes.ts";
import { HASH_BYTES, verifyConsistency } from "../../crypto/merkle-tree.ts";
import { ByteReader } from "../byte-reader.ts";
import { type LedgerEntry, readEntry } from "./entry.ts";
import { readHead, type SignedHead } from "./head.ts";
import { STATEMENT_BYTES } from "./tree-statement.ts";

export interface ForkFinding {
  /** Ed25519 public key, 32 bytes, of whom it convicts. */
  readonly signer: Uint8Array;
  /** In plain words, one sentence. */
  readonly why: string;
}

/** How a log of some size begins: the root of its first entries, and what shows that. */
export interface Beginning {
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** 32 bytes each; see `consistencyProof`. */
  readonly path: readonly Uint8Array[];
}

const VERSION = 1;
const FORMS = { entries: 1, heads: 2, beginning: 3 } as const;
const PREFIX_BYTES = 2;
const PATH_HASHES = 64;

/** Null if they are no fork. */
export function forkOfEntries(a: LedgerEntry, b: LedgerEntry): Uint8Array | null {
  if (!equalBytes(a.signer, b.signer) || a.sequence !== b.sequence || equalBytes(a.hash, b.hash)) return null;
  const parts = inOrder(a, b, (entry) => entry.hash).flatMap(({ bytes }) => [u16(bytes.length), bytes]);
  return concatBytes(Uint8Array.of(VERSION, FORMS.entries), ...parts);
}

/** Null if they are no fork, or of two sizes: then see `forkOfBeginning`. */
export function forkOfHeads(a: SignedHead, b: SignedHead): Uint8Array | null {
  if (!equalBytes(a.signer, b.signer) || a.size !== b.size || equalBytes(a.root, b.root)) return null;
  const parts = inOrder(a, b, (head) => head.root).map(({ bytes }) => bytes);
  return concatBytes(Uint8Array.of(VERSION, FORMS.heads), ...parts);
}

/** Null unless `beginning` shows that the log of `bigger` begins otherwise than `smaller` says. */
export function forkOfBeginning(smaller: SignedHead, bigger: SignedHead, beginning: Beginning): Uint8Array | null {
  const { root, path } = beginning;
  if (!equalBytes(smaller.signer, bigger.signer) || smaller.size >= bigger.size || path.length > PATH_HASHES)
    return null;
  if (equalBytes(root, smaller.root) || !verifyConsistency({ size: smaller.size, root }, bigger, path)) return null;
  const parts = [smaller.bytes, bigger.bytes, root, Uint8Array.of(path.length), ...path];
  return concatBytes(Uint8Array.of(VERSION, FORMS.beginning), ...parts);
}

/** Whom it convicts, and of what; null for whatever proves nothing. Never throws. */
export function verifyForkProof(bytes: Uint8Array): ForkFinding | null {
  const [version, form] = [bytes[0], bytes[1]];
  const rest = bytes.subarray(PREFIX_BYTES);
  const finding = version !== VERSION ? null : form === FORMS.entries ? twoEntries(rest) : twoHeads(rest, form);
  // Made anew from its parts it is the same, so that nobody can give one proof many forms.
  return finding?.proof && equalBytes(finding.proof, bytes) ? { signer: finding.signer, why: finding.why } : null;
}

/** Of whom it claims to prove something, 64 hex digits, before anything was checked; null for what is too short. */
export function accusedBy(bytes: Uint8Array): string | null {
  const at = PREFIX_BYTES + (bytes[1] === FORMS.entries ? 2 : 0) + 1;
  return bytes.length < at + 32 ? null : toHex(bytes.subarray(at, at + 32));
}

type Finding = ForkFinding & { readonly proof: Uint8Array | null };

function twoEntries(bytes: Uint8Array): Finding | null {
  const reader = new ByteReader(bytes);
  const [first, second] = [reader.take(reader.u16() ?? 0), reader.take(reader.u16() ?? 0)];
  if (!first || !second || !reader.isDone) return null;
  const [a, b] = [readEntry(first), readEntry(second)];
  if (!a || !b) return null;
  const why = `It signed two different entries with the number ${a.sequence}.`;
  return { signer: a.signer, why, proof: forkOfEntries(a, b) };
}

function twoHeads(bytes: Uint8Array, form: number | undefined): Finding | null {
  const reader = new ByteReader(bytes);
  const [a, b] = [readHeadOf(reader), readHeadOf(reader)];
  if (!a || !b) return null;
  if (form === FORMS.heads) {
    const why = `It signed two different histories of ${a.size} entries.`;
    return { signer: a.signer, why, proof: forkOfHeads(a, b) };
  }
  const beginning = form === FORMS.beginning ? readBeginning(reader) : null;
  if (!beginning) return null;
  const why = `Its history of ${b.size} entries does not begin with the ${a.size} that it signed before.`;
  return { signer: a.signer, why, proof: forkOfBeginning(a, b, beginning) };
}

function readHeadOf(reader: ByteReader): SignedHead | null {
  const bytes = reader.take(STATEMENT_BYTES);
  return bytes && readHead(bytes);
}

function readBeginning(reader: ByteReader): Beginning | null {
  const [root, count] = [reader.take(HASH_BYTES), reader.u8()];
  if (!root || count === null || count > PATH_HASHES) return null;
  const path = Array.from({ length: count }, () => reader.take(HASH_BYTES));
  return reader.isDone ? { root, path: path as Uint8Array[] } : null;
}

function inOrder<T>(a: T, b: T, key: (one: T) => Uint8Array): T[] {
  return toHex(key(a)) < toHex(key(b)) ? [a, b] : [b, a];
}
