/**
 * A cell on its way to whoever uploads it.
 *
 *   address 32 | one-use key 32 | sealed 2,077          2,141 bytes
 *
 * No date and no signature: the courier makes the event at the moment it leaves, as he makes his dummies. A relay would tell
 * a cell that was dated or signed when it was handed over from those of that minute. With the one-use key the courier can
 * sign what he wants, but not open or alter the cell: it is bound to address and key, and sealed under a key that he has not.
 */

import { concatBytes } from "../../core/bytes.ts";
import { CodecError } from "../../core/errors.ts";
import { isSecp256k1Scalar } from "../../crypto/provider.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { publicKeyOf } from "../../nostr/keys.ts";
import { CELL_SEALED_BYTES, cellEvent, type SealedCell } from "../cell/cell.ts";

const KEY_BYTES = 32;
const HEAD_BYTES: number = 2 * KEY_BYTES;
export const HANDED_BYTES: number = HEAD_BYTES + CELL_SEALED_BYTES;

export function encodeHanded({ address, sealed, oneUse }: SealedCell): Uint8Array {
  return concatBytes(address, oneUse.secretKey, sealed);
}

/** Throws CodecError `bad_cell` for what no cell can be made of. */
export function checkHanded(bytes: Uint8Array): void {
  const key = bytes.subarray(KEY_BYTES, HEAD_BYTES);
  if (bytes.length === HANDED_BYTES && bytes[HEAD_BYTES] === 1 && isSecp256k1Scalar(key)) return;
  throw new CodecError("bad_cell", "This is no cell that could be uploaded.");
}

/** The event of a handed-over cell, dated now. Throws CodecError `bad_cell`. */
export function handedEvent(bytes: Uint8Array, nowMs: number): VerifiedEvent {
  checkHanded(bytes);
  const secretKey = bytes.slice(KEY_BYTES, HEAD_BYTES);
  const oneUse = { secretKey, publicKey: publicKeyOf(secretKey) };
  return cellEvent({ address: bytes.subarray(0, KEY_BYTES), oneUse, sealed: bytes.subarray(HEAD_BYTES) }, nowMs);
}
