/**
 * The owner's word that whoever holds an object's care signing key may keep the object alive in the owner's name: store
 * rebuilt fragments and renew leases, under the owner's account at every node. It never allows to drop anything.
 *
 *   certificate   version 1 | owner 32 | carer 32 | until u64, ms | signature 64        137 bytes
 *
 * Numbers are big-endian. The signature (Ed25519, by `owner`) is over "nocturne/care-certificate/v1" | owner | carer | until.
 * It cannot be taken back, so it ends. Specified in NEP-25.
 */
import { concatBytes, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { type OwnerId, ownerIdOf } from "../node-id.ts";
import { ByteReader, isCount, u64 } from "../byte-reader.ts";

export interface CareCertificate {
  readonly owner: OwnerId;
  /** Ed25519 public key, 32 bytes: the object's care signing key. */
  readonly carer: Uint8Array;
  readonly untilMs: number;
}

export const CARE_CERTIFICATE_BYTES = 137;

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/care-certificate/v1");
const KEY_BYTES = 32;
const SIGNED_BYTES = 2 * KEY_BYTES + 8;

/** 137 bytes. Throws UsageError `care_certificate` for a key or a time that is none. */
export function signCareCertificate(carer: Uint8Array, untilMs: number, owner: SignatureKeyPair): Uint8Array {
  if (carer.length !== KEY_BYTES || !isCount(untilMs)) {
    throw new UsageError("care_certificate", "A care certificate cannot hold this.");
  }
  const said = concatBytes(owner.publicKey, carer, u64(untilMs));
  return concatBytes(Uint8Array.of(VERSION), said, ed25519.sign(concatBytes(DOMAIN, said), owner.secretKey));
}

/** Null for whatever is none: another version or length, a wrong signature, or one that ended at or before `nowMs`. Never throws. */
export function readCareCertificate(bytes: Uint8Array, nowMs: number): CareCertificate | null {
  if (bytes.length !== CARE_CERTIFICATE_BYTES || bytes[0] !== VERSION) return null;
  const said = bytes.subarray(1, 1 + SIGNED_BYTES);
  const reader = new ByteReader(said);
  const [owner, carer, untilMs] = [reader.take(KEY_BYTES), reader.take(KEY_BYTES), reader.u64()];
  if (!owner || !carer || untilMs === null || untilMs <= nowMs) return null;
  if (!ed25519.verify(concatBytes(DOMAIN, said), bytes.slice(1 + SIGNED_BYTES), owner)) return null;
  return { owner: ownerIdOf(owner), carer, untilMs };
}
