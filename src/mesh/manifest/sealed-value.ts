/**
 * What stands in the records that lead to objects, sealed and padded so that strangers who keep records learn neither places
 * nor how many there are.
 *
 *   value        version 1 | nonce 12 | AES-256-GCM(padded) | tag 16      1,024, 2,048, 3,072 or 4,096 bytes
 *   padded       length u16 | content | zeros
 *   associated   "nocturne/mesh-value/v1" | kind of the record u8 | key of the record 32
 *
 *   places       content: care certificate 137 | root        under an object's care keys
 *   owner        content: root                               under the catalogue's keys
 *
 * The record itself is signed and has a sequence (`records/record.ts`). Specified in NEP-25.
 */
import { concatBytes, equalBytes, u16, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { SEAL_OVERHEAD_BYTES, sealBytes } from "../../crypto/aead.ts";
import type { RecordKeys } from "../mesh-keys.ts";
import { type MeshRecord, RECORD_KINDS } from "../records/record.ts";
import { CARE_CERTIFICATE_BYTES, readCareCertificate } from "./care-certificate.ts";
import { decodeRoot, encodeRoot, openOrNull, type RootLocator } from "./root.ts";

export interface Places {
  readonly root: RootLocator;
  /** 137 bytes, signed by the object's owner for the key of the record; it may have ended. */
  readonly certificate: Uint8Array;
}

type ValueKind = "owner" | "places";

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/mesh-value/v1");
/** Lengths of values are multiples of it. */
const STEP_BYTES = 1_024;
const HEAD_BYTES = 1;
const LENGTH_BYTES = 2;
const OVERHEAD_BYTES = HEAD_BYTES + SEAL_OVERHEAD_BYTES + LENGTH_BYTES;

/**
 * The value of a `places` record. Throws UsageError `mesh_value` for a root that did not come out of `rootStep`, or a
 * certificate that is not for these keys.
 */
export function sealPlaces({ root, certificate }: Places, keys: RecordKeys): Uint8Array {
  if (!isCertificateFor(keys.signing.publicKey, certificate)) throw badValue();
  return sealValue("places", concatBytes(certificate, encodeRoot(root)), keys);
}

/** What `sealPlaces` put into this record; null for anything else, or under other keys. Never throws. */
export function openPlaces(record: MeshRecord, keys: RecordKeys): Places | null {
  const content = openValue("places", record, keys);
  const certificate = content?.slice(0, CARE_CERTIFICATE_BYTES);
  if (!content || !certificate || !isCertificateFor(record.key, certificate)) return null;
  const root = decodeRoot(content.subarray(CARE_CERTIFICATE_BYTES));
  return root && { root, certificate };
}

/** The value of the `owner` record. Throws UsageError `mesh_value` for a root that did not come out of `rootStep`. */
export function sealCatalogueRoot(root: RootLocator, keys: RecordKeys): Uint8Array {
  return sealValue("owner", encodeRoot(root), keys);
}

/** What `sealCatalogueRoot` put into this record; null for anything else, or under other keys. Never throws. */
export function openCatalogueRoot(record: MeshRecord, keys: RecordKeys): RootLocator | null {
  const content = openValue("owner", record, keys);
  return content && decodeRoot(content);
}

function sealValue(kind: ValueKind, content: Uint8Array, keys: RecordKeys): Uint8Array {
  const bytes = Math.ceil((OVERHEAD_BYTES + content.length) / STEP_BYTES) * STEP_BYTES;
  if (bytes > MESH_LIMITS.recordBytes) throw badValue();
  const padded = new Uint8Array(bytes - HEAD_BYTES - SEAL_OVERHEAD_BYTES);
  padded.set(u16(content.length));
  padded.set(content, LENGTH_BYTES);
  const sealed = sealBytes(keys.sealing, padded, contextOf(kind, keys.signing.publicKey));
  return concatBytes(Uint8Array.of(VERSION), sealed);
}

function openValue(kind: ValueKind, { kind: recordKind, key, value }: MeshRecord, keys: RecordKeys): Uint8Array | null {
  if (recordKind !== kind || value[0] !== VERSION || value.length % STEP_BYTES !== 0) return null;
  const padded = openOrNull(keys.sealing, value.subarray(HEAD_BYTES), contextOf(kind, key));
  if (!padded) return null;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint16(0);
  const end = LENGTH_BYTES + length;
  // One length for each content, and nothing hidden behind it.
  const spare = padded.length - end;
  if (spare < 0 || spare >= STEP_BYTES || padded.subarray(end).some((byte) => byte !== 0)) return null;
  return padded.subarray(LENGTH_BYTES, end);
}

function contextOf(kind: ValueKind, key: Uint8Array): Uint8Array {
  return concatBytes(DOMAIN, Uint8Array.of(RECORD_KINDS[kind]), key);
}

/** Also one that has ended: the owner's places are good without it. */
function isCertificateFor(carer: Uint8Array, certificate: Uint8Array): boolean {
  const read = readCareCertificate(certificate, 0);
  return read !== null && equalBytes(read.carer, carer);
}

function badValue(): UsageError {
  return new UsageError("mesh_value", "A record of the mesh cannot hold this.");
}
