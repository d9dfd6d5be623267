/**
 * A cell on its way to whoever uploads it.
 *
 *   address 32 | sealed 2,109          2,141 bytes
 *
 * No date, key or signature: the courier makes the event at the moment it leaves, by a one-use key of his own, as he makes
 * his dummies. A relay would tell a cell that was dated or signed when it was handed over from those of that minute. He can
 * not open or alter the cell: it is bound to its address, and sealed under a key that he has not.
 */

import { concatBytes } from "../../core/bytes.ts";
import { CodecError } from "../../core/errors.ts";
import { PIR_LIMITS } from "../../core/cell-limits.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { cellEvent, type SealedCell } from "../cell/cell.ts";

const ADDRESS_BYTES = 32;
const CELL_VERSION = 1;
export const HANDED_BYTES: number = ADDRESS_BYTES + PIR_LIMITS.recordBytes;

export function encodeHanded({ address, sealed }: SealedCell): Uint8Array {
  return concatBytes(address, sealed);
}

/** Throws CodecError `bad_cell` for what no cell can be made of. */
export function checkHanded(bytes: Uint8Array): void {
  if (bytes.length === HANDED_BYTES && bytes[ADDRESS_BYTES] === CELL_VERSION) return;
  throw new CodecError("bad_cell", "This is no cell that could be uploaded.");
}

/** The event of a handed-over cell, dated now, by a key of its own. Throws CodecError `bad_cell`. */
export function handedEvent(bytes: Uint8Array, nowMs: number): VerifiedEvent {
  checkHanded(bytes);
  return cellEvent({ address: bytes.subarray(0, ADDRESS_BYTES), sealed: bytes.subarray(ADDRESS_BYTES) }, nowMs);
}
