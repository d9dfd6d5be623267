/**
 * What an owner has in the mesh: the list that the recovery key finds and opens, and with it everything else.
 *
 *   catalogue   version 1 | entries u32 | entry ...
 *   entry       kind u8 | manifest key 32 | object 32 | bytes u64 | made at u64, ms | blobs u32 | blob ...
 *   blob        id 16 | offset in the object u64 | bytes u64
 *   sealed      version 1 | nonce 12 | AES-256-GCM(catalogue) | tag 16      associated data "nocturne/mesh-catalogue/v1"
 *
 *   kinds       1 backup   the account's sealed backup; no blobs
 *               2 files    sealed blobs of the file library, side by side (`packing.ts`)
 *
 * Numbers are big-endian. Sealed, it is an object of the mesh, whose root stands in the `owner` record. `object` is the name
 * that the places of the entry must have: a carer, who can sign places, cannot put another object there. NEP-25.
 */
import { concatBytes, fromHex, toHex, u32, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { sealBytes } from "../../crypto/aead.ts";
import type { ObjectId } from "./locator.ts";
import type { PackedBlob } from "./packing.ts";
import { openOrNull } from "./root.ts";
import { ByteReader, isCount, joinBytes, u64 } from "../byte-reader.ts";

export interface CatalogueEntry {
  readonly kind: keyof typeof KINDS;
  /** 32 bytes, of this entry alone. */
  readonly manifestKey: Uint8Array;
  readonly object: ObjectId;
  /** Length of the object before padding. */
  readonly bytes: number;
  readonly madeAtMs: number;
  /** In rising order, none over another; ids are 32 hex digits, each once in the catalogue. */
  readonly blobs: readonly PackedBlob[];
}

const KINDS = { backup: 1, files: 2 } as const;
const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/mesh-catalogue/v1");
const KEY_BYTES = 32;
const BLOB_ID_BYTES = 16;
const BLOB_ID = /^[0-9a-f]{32}$/;
const OBJECT_ID = /^[0-9a-f]{64}$/;

/** Throws UsageError `mesh_catalogue` for entries that the rules of the format exclude. */
export function encodeCatalogue(entries: readonly CatalogueEntry[]): Uint8Array {
  if (!isCatalogue(entries)) throw new UsageError("mesh_catalogue", "The catalogue of the mesh cannot hold this.");
  return joinBytes([Uint8Array.of(VERSION), u32(entries.length), ...entries.map(encodeEntry)]);
}

/** Null for whatever `encodeCatalogue` does not write. Never throws. */
export function decodeCatalogue(encoded: Uint8Array): CatalogueEntry[] | null {
  const reader = new ByteReader(encoded);
  const [version, count] = [reader.u8(), reader.u32()];
  if (version !== VERSION || count === null || count > MESH_LIMITS.catalogueEntries) return null;
  const entries: CatalogueEntry[] = [];
  for (let i = 0; i < count; i++) {
    const entry = readEntry(reader);
    if (!entry) return null;
    entries.push(entry);
  }
  return reader.isDone && isCatalogue(entries) ? entries : null;
}

/** The bytes of an object. `sealingKey`: that of the catalogue. Throws as `encodeCatalogue` does. */
export function sealCatalogue(entries: readonly CatalogueEntry[], sealingKey: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION), sealBytes(sealingKey, encodeCatalogue(entries), DOMAIN));
}

/** Null for what is no catalogue, sealed by this key. Never throws. */
export function openCatalogue(sealed: Uint8Array, sealingKey: Uint8Array): CatalogueEntry[] | null {
  if (sealed[0] !== VERSION) return null;
  const encoded = openOrNull(sealingKey, sealed.subarray(1), DOMAIN);
  return encoded && decodeCatalogue(encoded);
}

function encodeEntry({ kind, manifestKey, object, bytes, madeAtMs, blobs }: CatalogueEntry): Uint8Array {
  return joinBytes([
    Uint8Array.of(KINDS[kind]),
    manifestKey,
    fromHex(object),
    u64(bytes),
    u64(madeAtMs),
    u32(blobs.length),
    ...blobs.map((blob) => concatBytes(fromHex(blob.id), u64(blob.offset), u64(blob.bytes))),
  ]);
}

function readEntry(reader: ByteReader): CatalogueEntry | null {
  const kind = kindOf(reader.u8());
  const [manifestKey, object] = [reader.take(KEY_BYTES), reader.view(KEY_BYTES)];
  const [bytes, madeAtMs, count] = [reader.u64(), reader.u64(), reader.u32()];
  if (!kind || !manifestKey || !object || bytes === null || madeAtMs === null || count === null) return null;
  const blobs: PackedBlob[] = [];
  for (let i = 0; i < count; i++) {
    const blob = readBlob(reader);
    if (!blob) return null;
    blobs.push(blob);
  }
  return { kind, manifestKey, object: toHex(object) as ObjectId, bytes, madeAtMs, blobs };
}

function readBlob(reader: ByteReader): PackedBlob | null {
  const [id, offset, bytes] = [reader.view(BLOB_ID_BYTES), reader.u64(), reader.u64()];
  return id && offset !== null && bytes !== null ? { id: toHex(id), offset, bytes } : null;
}

function kindOf(code: number | null): CatalogueEntry["kind"] | null {
  return (Object.keys(KINDS) as CatalogueEntry["kind"][]).find((kind) => KINDS[kind] === code) ?? null;
}

function isCatalogue(entries: readonly CatalogueEntry[]): boolean {
  const blobs = entries.flatMap((entry) => entry.blobs.map(({ id }) => id));
  const keys = entries.map(({ manifestKey }) => toHex(manifestKey));
  const isSmall = entries.length <= MESH_LIMITS.catalogueEntries && blobs.length <= MESH_LIMITS.catalogueBlobs;
  const isUnique = new Set(blobs).size === blobs.length && new Set(keys).size === keys.length;
  return isSmall && isUnique && entries.every(isEntry);
}

function isEntry({ kind, manifestKey, object, bytes, madeAtMs, blobs }: CatalogueEntry): boolean {
  if (manifestKey.length !== KEY_BYTES || !OBJECT_ID.test(object) || !isCount(madeAtMs)) return false;
  if (!isCount(bytes) || bytes < 1 || bytes > MESH_LIMITS.objectBytes) return false;
  if ((kind === "backup") !== (blobs.length === 0)) return false;
  let end = 0;
  for (const blob of blobs) {
    if (!BLOB_ID.test(blob.id) || !isCount(blob.offset) || !isCount(blob.bytes)) return false;
    if (blob.offset < end || blob.bytes < 1 || blob.offset + blob.bytes > bytes) return false;
    end = blob.offset + blob.bytes;
  }
  return true;
}
