/**
 * What an owner, a node or an operator says of itself where all can find it: a signed value that only a newer one of the
 * same key replaces.
 *
 *   record   version 1 | kind u8 | key 32 | sequence u64 | made at u64, ms | length u16 | value | signature 64
 *   place    SHA-256("nocturne/mesh/record/v1" | kind | key): so nobody can put a record where another one's is looked for
 *
 * Numbers are big-endian. The signature (Ed25519, by `key`) is over "nocturne/mesh/record/v1" and everything before it.
 * Whoever replays an old record is outdone by its sequence; whoever signs two with one sequence has proven to be false.
 */
import { concatBytes, equalBytes, toHex, u16, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { isCount, u64 } from "../byte-reader.ts";

/**
 * What a record is about; numbers are never given twice. `owner`: where an owner's catalogue lies, by the catalogue's key;
 * `node`: what a node says of itself; `places`: where an object lies, by its care signing key.
 */
export const RECORD_KINDS = { owner: 1, node: 2, places: 3 } as const;

export type RecordKind = keyof typeof RECORD_KINDS;

export interface MeshRecord {
  readonly kind: RecordKind;
  /** Ed25519 public key, 32 bytes, of whom it speaks for. */
  readonly key: Uint8Array;
  /** Counts up from 1, and is never above `madeAtMs`. */
  readonly sequence: number;
  readonly madeAtMs: number;
  /** At most MESH_LIMITS.recordBytes. */
  readonly value: Uint8Array;
}

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/mesh/record/v1");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const KEY_AT = 2;
const SEQUENCE_AT = KEY_AT + KEY_BYTES;
const MADE_AT = SEQUENCE_AT + 8;
const LENGTH_AT = MADE_AT + 8;
const VALUE_AT = LENGTH_AT + 2;

/** 32 bytes: where records of this kind and key are. */
export function recordPlace(kind: RecordKind, key: Uint8Array): Uint8Array {
  return sha256(concatBytes(DOMAIN, Uint8Array.of(RECORD_KINDS[kind]), key));
}

/** The bytes of a record, signed. Throws UsageError `mesh_record` for a value that is too long or a number that is none. */
export function signRecord(record: Omit<MeshRecord, "key">, by: SignatureKeyPair): Uint8Array {
  const { kind, sequence, madeAtMs, value } = record;
  const isWrong = value.length > MESH_LIMITS.recordBytes || !isCount(sequence) || sequence < 1 || !isCount(madeAtMs);
  if (isWrong) throw new UsageError("mesh_record", "A record of the mesh cannot hold this.");
  const head = Uint8Array.of(VERSION, RECORD_KINDS[kind]);
  const said = concatBytes(head, by.publicKey, u64(sequence), u64(madeAtMs), u16(value.length), value);
  return concatBytes(said, ed25519.sign(concatBytes(DOMAIN, said), by.secretKey));
}

/**
 * The record that lies at `place`; null for whatever is not one: another version, kind or length, a key of another place,
 * a wrong signature, too old, made later than any clock says, or a sequence above its time. Never throws.
 */
export function readRecord(bytes: Uint8Array, place: Uint8Array, nowMs: number): MeshRecord | null {
  if (bytes.length < VALUE_AT + SIGNATURE_BYTES || bytes[0] !== VERSION) return null;
  const kind = kindOf(bytes[1] as number);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint16(LENGTH_AT);
  const [sequence, madeAtMs] = [Number(view.getBigUint64(SEQUENCE_AT)), Number(view.getBigUint64(MADE_AT))];
  if (kind === null || length > MESH_LIMITS.recordBytes || bytes.length !== VALUE_AT + length + SIGNATURE_BYTES)
    return null;
  if (!isCount(sequence) || sequence < 1 || !isCount(madeAtMs)) return null;
  const oldestMs = nowMs - (kind === "node" ? MESH_LIMITS.announcementMs : MESH_LIMITS.recordMs);
  if (madeAtMs > nowMs + MESH_LIMITS.clockSkewMs || madeAtMs < oldestMs) return null;
  // Several may have one key, as carers do: none of them can take the last number there is, which nobody could outdo.
  if (sequence > madeAtMs) return null;
  const key = bytes.slice(KEY_AT, SEQUENCE_AT);
  if (!equalBytes(recordPlace(kind, key), place)) return null;
  const said = bytes.subarray(0, VALUE_AT + length);
  if (!ed25519.verify(concatBytes(DOMAIN, said), bytes.slice(VALUE_AT + length), key)) return null;
  return { kind, key, sequence, madeAtMs, value: bytes.slice(VALUE_AT, VALUE_AT + length) };
}

/**
 * Which of two records of one place counts: the higher sequence. Of two with one sequence, which are proof against their
 * maker, everybody takes the same one: the later by its bytes. Null counts less than any.
 */
export function newerRecord(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  if (a === null || b === null) return a ?? b;
  const [left, right] = [a, b].map((bytes) => toHex(bytes.subarray(SEQUENCE_AT, MADE_AT)) + toHex(bytes)) as [
    string,
    string,
  ];
  return left >= right ? a : b;
}

function kindOf(code: number): RecordKind | null {
  return (Object.keys(RECORD_KINDS) as RecordKind[]).find((kind) => RECORD_KINDS[kind] === code) ?? null;
}
