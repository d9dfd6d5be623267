/**
 * Records in libp2p's table are looked for under a key of bytes: `/nocturne/` and the 32 bytes of the place. Nothing else
 * is kept there.
 */
import { concatBytes, equalBytes, utf8Encode } from "../../core/bytes.ts";
import { RECORD_KINDS, type RecordKind, recordPlace } from "../records/record.ts";

/** How libp2p finds the validator and the selector. */
export const NAMESPACE = "nocturne";

const PREFIX = utf8Encode(`/${NAMESPACE}/`);
const PLACE_BYTES = 32;
const KIND_AT = 1;
const KEY_AT = 2;
const KEY_END = 34;

export function tableKey(place: Uint8Array): Uint8Array {
  return concatBytes(PREFIX, place);
}

/** Null for a key of something else. */
export function placeOfTableKey(key: Uint8Array): Uint8Array | null {
  const isOurs = key.length === PREFIX.length + PLACE_BYTES && equalBytes(key.subarray(0, PREFIX.length), PREFIX);
  return isOurs ? key.slice(PREFIX.length) : null;
}

/** Where a record belongs by what it says itself; null if it cannot be one. Nothing of it is checked. */
export function placeOfRecord(record: Uint8Array): Uint8Array | null {
  const kinds = Object.keys(RECORD_KINDS) as RecordKind[];
  const kind = kinds.find((kind) => RECORD_KINDS[kind] === record[KIND_AT]);
  return kind && record.length >= KEY_END ? recordPlace(kind, record.subarray(KEY_AT, KEY_END)) : null;
}
