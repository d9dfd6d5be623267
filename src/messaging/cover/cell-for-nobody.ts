/** A cell that nobody can open, its maker neither: dummies and chaff. To everybody else it is a cell like any other. */

import { toHex } from "../../core/bytes.ts";
import { randomBytes } from "../../core/random.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { ephemeralKey, sealCell } from "../cell/cell.ts";
import { takeKey } from "../cell/cell-keys.ts";

/** `bytes`: at most PIECE_BYTES, under a key and an address that are thrown away. */
export function sealForNobody(bytes: Uint8Array, nowMs: number): VerifiedEvent {
  const piece = { parcel: toHex(randomBytes(12)), index: 0, count: 1, bytes, heard: 0 };
  return sealCell(takeKey(randomBytes(32)), randomBytes(32), piece, ephemeralKey().publicKey, nowMs);
}
