/**
 * Where the cells of a snapshot lie, and under which key: only the recovery key tells.
 *
 *   secret 32      HKDF(recovery key, "snapshot/v1")
 *   epoch          quarter hours since 1970: who restores tries the last ones
 *   master         HKDF-Expand-SHA-512(secret, "nocturne/snapshot/epoch/v1" | epoch u32, 32)
 *   seal key       HKDF(master, "snapshot/seal/v1")
 *   address        HMAC-SHA-256(HKDF(master, "snapshot/address/v1"), copy u8 | attempt u8 | slot u16)
 *
 * Each relay gets a copy of its own, and a cell that was not taken is made again under another address: no address is used
 * twice, and no two relays hold the same one. Specified in NEP-19.
 */

import { concatBytes, u16, u32, utf8Encode, wipeBytes } from "../../core/bytes.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { deriveKey, hkdfExpand, hmacSha256 } from "../../crypto/key-derivation.ts";
import type { AesGcmKey } from "../../crypto/provider.ts";
import { takeKey } from "../cell/cell-keys.ts";

/** Under which name the vault derives the secret from its recovery key. */
export const SNAPSHOT_SECRET = "snapshot/v1";

const EPOCH_LABEL: Uint8Array = utf8Encode("nocturne/snapshot/epoch/v1");

/** Which cell of which copy, and for which time it is tried. */
export interface CellPlace {
  readonly copy: number;
  readonly attempt: number;
  readonly slot: number;
}

export interface SnapshotKeys {
  readonly epoch: number;
  readonly seal: AesGcmKey;
  /** 32 bytes. */
  address(place: CellPlace): Uint8Array;
}

/** The keys of one epoch. `secret` has 32 bytes. */
export function snapshotKeys(secret: Uint8Array, epoch: number): SnapshotKeys {
  const master = hkdfExpand("sha512", secret, concatBytes(EPOCH_LABEL, u32(epoch)), 32);
  const [seal, address] = [deriveKey(master, "snapshot/seal/v1"), deriveKey(master, "snapshot/address/v1")];
  wipeBytes(master);
  return {
    epoch,
    seal: takeKey(seal),
    address: ({ copy, attempt, slot }) => hmacSha256(address, concatBytes(Uint8Array.of(copy, attempt), u16(slot))),
  };
}

export function epochAt(nowMs: number): number {
  return Math.floor(nowMs / SNAPSHOT_LIMITS.epochMs);
}
