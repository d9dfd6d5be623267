/**
 * An operator takes back an entry of its own: the body of the statement `withdrawal`.
 *
 *   body    EntryId 32
 *
 * Whose log it stands in says whose word it is; of anybody else's entry it says nothing. Specified in NEP-29.
 */
import { fromHex, toHex } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import type { EntryId } from "../agent-ids.ts";

const ID_BYTES = 32;
const ID = /^[0-9a-f]{64}$/;

/** 32 bytes. Throws UsageError `withdrawal` for what is no id. */
export function encodeWithdrawal(entry: EntryId): Uint8Array {
  if (!ID.test(entry)) throw new UsageError("withdrawal", "An entry is withdrawn by its id of 64 hex digits.");
  return fromHex(entry);
}

/** Null for another length. Never throws. */
export function readWithdrawal(body: Uint8Array): EntryId | null {
  return body.length === ID_BYTES ? (toHex(body) as EntryId) : null;
}
