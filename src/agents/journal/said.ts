/**
 * What a device said: a statement with the entry of its log that signs it. It needs nothing else to be checked by whoever knows the
 * entry before, so it is what travels, and what is shown as evidence.
 *
 *   said   length u16 | entry of the log (NEP-26), of kind `agent` | statement, empty where the entry holds it
 */
import { concatBytes, equalBytes, toHex, u16 } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { HASH_BYTES } from "../../crypto/merkle-tree.ts";
import { bodyOf, ENTRY_BYTES_MAX, type LedgerEntry, parseEntry, readEntry } from "../../mesh/ledger/entry.ts";
import type { DeviceId } from "../agent-ids.ts";
import { readStatement, type Statement } from "../statement.ts";

export interface Said {
  readonly device: DeviceId;
  /** In the device's log, from 1. */
  readonly sequence: number;
  /** As the device says. */
  readonly madeAtMs: number;
  readonly statement: Statement;
  /** The statement's bytes. */
  readonly bytes: Uint8Array;
  readonly entry: LedgerEntry;
}

const SAID_BYTES_MAX = 2 + ENTRY_BYTES_MAX + AGENT_LIMITS.statementBytes;

/** `bytes`: of the statement that `entry` is about. */
export function encodeSaid({ entry, bytes }: Pick<Said, "entry" | "bytes">): Uint8Array {
  const isInside = entry.body.length > HASH_BYTES;
  return concatBytes(u16(entry.bytes.length), entry.bytes, isInside ? new Uint8Array(0) : bytes);
}

/** Null for whatever is none: a wrong signature, another kind of entry, a statement that is not the entry's. Never throws. */
export function readSaid(said: Uint8Array): Said | null {
  return read(said, readEntry);
}

/** As `readSaid`, of what was read once, and kept: its signature is not looked at. */
export function parseSaid(said: Uint8Array): Said | null {
  return read(said, parseEntry);
}

function read(said: Uint8Array, entryOf: (bytes: Uint8Array) => LedgerEntry | null): Said | null {
  if (said.length < 2 || said.length > SAID_BYTES_MAX) return null;
  const length = new DataView(said.buffer, said.byteOffset).getUint16(0);
  if (length > ENTRY_BYTES_MAX || 2 + length > said.length) return null;
  const entry = entryOf(said.subarray(2, 2 + length));
  if (!entry) return null;
  const beside = said.subarray(2 + length);
  // One encoding: an entry that holds its statement has nothing beside it.
  const isInside = entry.body.length > HASH_BYTES;
  if (isInside === beside.length > 0) return null;
  return saidOf(entry, isInside ? entry.body : beside);
}

/** Null unless the entry is of kind `agent`, and signs these bytes, which are a statement. */
export function saidOf(entry: LedgerEntry, bytes: Uint8Array): Said | null {
  const statement = readStatement(bytes);
  if (entry.kind !== "agent" || !statement || !equalBytes(bodyOf(bytes), entry.body)) return null;
  const device = toHex(entry.signer) as DeviceId;
  return { device, sequence: entry.sequence, madeAtMs: entry.madeAtMs, statement, bytes: bytes.slice(), entry };
}

/** Device and sequence of what claims to be said, before its signature was looked at; null if it is too short. */
export function claimOf(said: Uint8Array): { readonly device: DeviceId; readonly sequence: number } | null {
  if (said.length < 2 + 41) return null;
  const view = new DataView(said.buffer, said.byteOffset);
  const sequence = Number(view.getBigUint64(2 + 33));
  return { device: toHex(said.subarray(3, 35)) as DeviceId, sequence };
}
