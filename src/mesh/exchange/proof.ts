/**
 * How a client shows for whom it speaks: the server greets with a challenge, and the client signs it.
 *
 *   HELLO   version 1 | challenge 32
 *   PROOF   owner 32 | signature 64 | length u16 | care certificate | length u16 | voucher          either may be empty
 *
 * The signature (Ed25519) is over "nocturne/exchange/v1" | challenge | node 32 | owner 32, by the owner or, with a care
 * certificate of the owner's, by the carer that it names. Because the node is in it, no node can use what it was shown
 * to speak for the owner at another. Specified in NEP-24.
 */
import { concatBytes, u16, utf8Encode } from "../../core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { CARE_CERTIFICATE_BYTES, readCareCertificate } from "../manifest/care-certificate.ts";
import { ByteReader } from "../byte-reader.ts";
import { type NodeId, type OwnerId, ownerIdOf, publicKeyOf } from "../node-id.ts";
import { readVoucher, type Voucher } from "./voucher.ts";

/** Who asks, as it was shown. */
export interface Client {
  readonly owner: OwnerId;
  /** When the right of a carer ends; null for the owner, whose does not. */
  readonly careUntilMs: number | null;
  /** This node's, for this owner; null for a stranger. */
  readonly voucher: Voucher | null;
}

export interface Credentials {
  /** Of the owner, or of the carer if there is a certificate. */
  readonly key: SignatureKeyPair;
  readonly owner: OwnerId;
  readonly certificate: Uint8Array | null;
  readonly voucher: Uint8Array | null;
}

const HELLO_VERSION = 1;
export const CHALLENGE_BYTES = 32;

const DOMAIN = utf8Encode("nocturne/exchange/v1");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const EMPTY = new Uint8Array(0);

export function encodeHello(challenge: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(HELLO_VERSION), challenge);
}

/** The challenge, 32 bytes; null for another version or length. */
export function readHello(body: Uint8Array): Uint8Array | null {
  return body.length === 1 + CHALLENGE_BYTES && body[0] === HELLO_VERSION ? body.slice(1) : null;
}

export function encodeProof(challenge: Uint8Array, node: NodeId, shown: Credentials): Uint8Array {
  const { key, owner, certificate, voucher } = shown;
  const signature = ed25519.sign(statement(challenge, node, owner), key.secretKey);
  return concatBytes(publicKeyOf(owner), signature, part(certificate), part(voucher));
}

/**
 * Null for whatever shows nothing: another form, a wrong signature, a certificate of somebody else or one that has ended.
 * A voucher of another node, for another owner, or one that has ended does not count, and is no fault. Never throws.
 */
export function readProof(body: Uint8Array, challenge: Uint8Array, node: NodeId, nowMs: number): Client | null {
  const reader = new ByteReader(body);
  const [key, signature] = [reader.take(KEY_BYTES), reader.take(SIGNATURE_BYTES)];
  const certificate = reader.take(reader.u16() ?? 0);
  const voucher = reader.take(reader.u16() ?? 0);
  if (!reader.isDone || !key || !signature || !certificate || !voucher) return null;
  const owner = ownerIdOf(key);
  const care = certificate.length === CARE_CERTIFICATE_BYTES ? readCareCertificate(certificate, nowMs) : null;
  if (certificate.length > 0 && care?.owner !== owner) return null;
  if (!ed25519.verify(statement(challenge, node, owner), signature, care ? care.carer : key)) return null;
  return { owner, careUntilMs: care?.untilMs ?? null, voucher: voucherFor(voucher, node, owner, nowMs) };
}

function voucherFor(bytes: Uint8Array, node: NodeId, owner: OwnerId, nowMs: number): Voucher | null {
  const voucher = readVoucher(bytes, nowMs);
  return voucher?.node === node && voucher.owner === owner ? voucher : null;
}

function statement(challenge: Uint8Array, node: NodeId, owner: OwnerId): Uint8Array {
  return concatBytes(DOMAIN, challenge, publicKeyOf(node), publicKeyOf(owner));
}

function part(bytes: Uint8Array | null): Uint8Array {
  return concatBytes(u16(bytes?.length ?? 0), bytes ?? EMPTY);
}
