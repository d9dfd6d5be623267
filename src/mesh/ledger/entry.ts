/**
 * One line of a signer's ledger: what an owner or an operator signed, bound to all that it signed before.
 *
 *   entry       version 1 | signer 32 | sequence u64 | previous 32 | made at u64, ms | kind u8 | length u16 | body | signature 64
 *   hash        SHA-256(0x00 | "nocturne/ledger/entry/v1" | all but the signature): RFC 6962's hash of a leaf
 *   previous    hash of the entry before; 32 zeros in the first, whose sequence is 1
 *   body        the statement itself if it has 33 to MESH_LIMITS.statementBytes bytes, else its SHA-256
 *
 * Numbers are big-endian. The signature (Ed25519, by `signer`) is over the same bytes as the hash, without the zero. The
 * hash leaves it out: signing the same twice with other randomness is no second history.
 */
import { concatBytes, equalBytes, u16, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { HASH_BYTES, leafHash } from "../../crypto/merkle-tree.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { ByteReader, isCount, u64 } from "../byte-reader.ts";

/** What was signed; numbers are never given twice. */
export const ENTRY_KINDS = {
  receipt: 1,
  voucher: 2,
  record: 3,
  manifest: 4,
  care: 5,
  deletion: 6,
  checkpoint: 7,
  cosignature: 8,
  vote: 9,
  agent: 10,
} as const;

export type EntryKind = keyof typeof ENTRY_KINDS;

/**
 * Puts down in this machine's ledger that it signed a statement of any length, and resolves when that is on the disk: what it signs leaves only
 * then. Rejects as `LedgerLog.append`.
 */
export type Note = (kind: EntryKind, statement: Uint8Array) => Promise<void>;

export interface LedgerEntry {
  /** Ed25519 public key, 32 bytes. */
  readonly signer: Uint8Array;
  /** Counts up from 1, without a gap. */
  readonly sequence: number;
  /** 32 bytes. */
  readonly previous: Uint8Array;
  readonly madeAtMs: number;
  readonly kind: EntryKind;
  /** 32 to MESH_LIMITS.statementBytes bytes. */
  readonly body: Uint8Array;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** As it was signed, signature included. */
  readonly bytes: Uint8Array;
}

/** What stands before the first entry. */
export const NO_ENTRY: Uint8Array = new Uint8Array(HASH_BYTES);

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/ledger/entry/v1");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const HEAD_BYTES = 1 + KEY_BYTES + 8 + HASH_BYTES + 8 + 1 + 2;

export const ENTRY_BYTES_MAX: number = HEAD_BYTES + MESH_LIMITS.statementBytes + SIGNATURE_BYTES;

/** The body of an entry about this statement: itself if it is small, else its hash. A body of 32 bytes is always a hash. */
export function bodyOf(statement: Uint8Array): Uint8Array {
  const isSmall = statement.length > HASH_BYTES && statement.length <= MESH_LIMITS.statementBytes;
  return isSmall ? statement.slice() : sha256(statement);
}

/** Throws UsageError `ledger_entry` for a body, a hash or a number that is none. */
export function signEntry(
  entry: Pick<LedgerEntry, "sequence" | "previous" | "madeAtMs" | "kind" | "body">,
  by: SignatureKeyPair,
): LedgerEntry {
  const { sequence, previous, madeAtMs, kind, body } = entry;
  if (!isBody(body) || !isPlace(sequence, previous) || !isCount(sequence) || !isCount(madeAtMs)) {
    throw new UsageError("ledger_entry", "An entry of a ledger cannot hold this.");
  }
  const numbers = [u64(sequence), previous, u64(madeAtMs), Uint8Array.of(ENTRY_KINDS[kind]), u16(body.length)];
  const said = concatBytes(Uint8Array.of(VERSION), by.publicKey, ...numbers, body);
  const signed = concatBytes(DOMAIN, said);
  const bytes = concatBytes(said, ed25519.sign(signed, by.secretKey));
  return { signer: by.publicKey, sequence, previous, madeAtMs, kind, body, hash: leafHash(signed), bytes };
}

/**
 * Null for whatever is no entry: another version, kind or length, a place that cannot be, a wrong signature. With `by` (32
 * bytes) also for one of another signer. Never throws.
 */
export function readEntry(bytes: Uint8Array, by?: Uint8Array): LedgerEntry | null {
  const entry = parseEntry(bytes, by);
  return entry && ed25519.verify(signedBytes(bytes), bytes.slice(-SIGNATURE_BYTES), entry.signer) ? entry : null;
}

/** As `readEntry`, whoever signed it: of entries that were read once, and kept. */
export function parseEntry(bytes: Uint8Array, by?: Uint8Array): LedgerEntry | null {
  const reader = new ByteReader(bytes);
  const [version, key, sequence] = [reader.u8(), reader.take(KEY_BYTES), reader.u64()];
  const [previous, madeAtMs, code] = [reader.take(HASH_BYTES), reader.u64(), reader.u8()];
  const [body, signature] = [reader.take(reader.u16() ?? 0), reader.view(SIGNATURE_BYTES)];
  if (!reader.isDone || version !== VERSION || !key || !sequence || !previous || !body || !signature) return null;
  const kind = kindOf(code);
  if (kind === null || madeAtMs === null || !isBody(body) || !isPlace(sequence, previous)) return null;
  // The caller's buffer of the same key, because what is parsed of it is remembered.
  const signer = by !== undefined && equalBytes(by, key) ? by : key;
  if (by !== undefined && signer !== by) return null;
  const hash = leafHash(signedBytes(bytes));
  return { signer, sequence, previous, madeAtMs, kind, body, hash, bytes: bytes.slice() };
}

function signedBytes(bytes: Uint8Array): Uint8Array {
  return concatBytes(DOMAIN, bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
}

function kindOf(code: number | null): EntryKind | null {
  return (Object.keys(ENTRY_KINDS) as EntryKind[]).find((kind) => ENTRY_KINDS[kind] === code) ?? null;
}

function isBody({ length }: Uint8Array): boolean {
  return length >= HASH_BYTES && length <= MESH_LIMITS.statementBytes;
}

/** The first entry follows nothing, and every other one something. */
function isPlace(sequence: number, previous: Uint8Array): boolean {
  return sequence >= 1 && previous.length === HASH_BYTES && (sequence === 1) === equalBytes(previous, NO_ENTRY);
}
