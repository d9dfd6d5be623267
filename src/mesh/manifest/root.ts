/**
 * How a locator of any length comes to fit into a record: one that is too long is stored as an object itself, sealed, and
 * only where that lies is left to be said.
 *
 *   record ── root: depth 2 | locator of ──> list, depth 2 ── locator of ──> list, depth 1 ── locator of ──> the object
 *
 *   list   version 1 | nonce 12 | AES-256-GCM(locator) | tag 16       associated data "nocturne/mesh-list/v1" | depth u8
 *   root   depth u8 | locator
 *
 * A list is over a thousand times shorter than what it finds. It is sealed because fragments lie as they are: whoever
 * keeps one would read who keeps the others. What a root names cannot be exchanged, as fragments are named by what
 * they hold. Specified in NEP-25.
 */
import { concatBytes, utf8Encode } from "../../core/bytes.ts";
import { CryptoError, UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { openBytes, sealBytes } from "../../crypto/aead.ts";
import { decodeLocator, encodeLocator, type Locator } from "./locator.ts";

export interface RootLocator {
  /** How many lists are to be opened one after the other; 0: the locator is the object's own. */
  readonly depth: number;
  readonly locator: Locator;
}

/** The root, or what must be stored first: its locator and its depth are then what the next step begins with. */
export type RootStep =
  | { readonly root: RootLocator }
  | {
      /** Bytes of an object. */
      readonly list: Uint8Array;
      readonly depth: number;
    };

/** Of a root that fits into a record's value beside a care certificate; every locator of one segment does. */
export const ROOT_BYTES = 3_928;

const VERSION = 1;
const LIST_DOMAIN = utf8Encode("nocturne/mesh-list/v1");

/**
 * One step from an object's locator (`depth` 0) to its root. `sealingKey`: that of the record's keys. Throws UsageError
 * `mesh_object_too_large` when `depth` is more than MESH_LIMITS.listDepth.
 */
export function rootStep(locator: Locator, depth: number, sealingKey: Uint8Array): RootStep {
  if (depth > MESH_LIMITS.listDepth) throw tooLarge();
  const encoded = encodeLocator(locator);
  if (1 + encoded.length <= ROOT_BYTES) return { root: { depth, locator } };
  if (depth === MESH_LIMITS.listDepth) throw tooLarge();
  const sealed = sealBytes(sealingKey, encoded, listContext(depth + 1));
  return { list: concatBytes(Uint8Array.of(VERSION), sealed), depth: depth + 1 };
}

/** The root that is one list nearer to the object; null for what is no list of this depth, sealed by this key. Never throws. */
export function openList(list: Uint8Array, depth: number, sealingKey: Uint8Array): RootLocator | null {
  if (list[0] !== VERSION || list.length > MESH_LIMITS.listBytes) return null;
  const encoded = openOrNull(sealingKey, list.subarray(1), listContext(depth));
  return encoded && checkedRoot(depth - 1, decodeLocator(encoded));
}

export function encodeRoot({ depth, locator }: RootLocator): Uint8Array {
  return concatBytes(Uint8Array.of(depth), encodeLocator(locator));
}

/** Null for whatever `encodeRoot` does not write. Never throws. */
export function decodeRoot(encoded: Uint8Array): RootLocator | null {
  return checkedRoot(encoded[0] ?? 0, decodeLocator(encoded.subarray(1)));
}

/** As `openBytes`, null where that throws CryptoError. */
export function openOrNull(key: Uint8Array, sealed: Uint8Array, associatedData: Uint8Array): Uint8Array | null {
  try {
    return openBytes(key, sealed, associatedData);
  } catch (error) {
    if (error instanceof CryptoError) return null;
    throw error;
  }
}

/** Whoever signs a root must not be able to have a reader fetch more for a list than any list has. */
function checkedRoot(depth: number, locator: Locator | null): RootLocator | null {
  if (!locator || depth < 0 || depth > MESH_LIMITS.listDepth) return null;
  return depth > 0 && locator.bytes > MESH_LIMITS.listBytes ? null : { depth, locator };
}

function listContext(depth: number): Uint8Array {
  return concatBytes(LIST_DOMAIN, Uint8Array.of(depth));
}

function tooLarge(): UsageError {
  return new UsageError("mesh_object_too_large", "Where this lies cannot be said in a record of the mesh.");
}
