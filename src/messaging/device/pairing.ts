/**
 * What two devices say to each other over a device link. Pure: who waits for what is in `linking.ts`.
 *
 *   newcomer -> request {device key, signature key, X-Wing key, name, relays, proof}
 *   main     -> grant   {card of the account, certificate, name, keys and relays of the main device}
 *
 *   event    kind 4520 | by the link's key of newcomer or main | expiration
 *            content: base64url( nonce 12 | AES-256-GCM(JSON) | tag 16 ), associated data "nocturne/device/request/v1" or
 *            "nocturne/device/grant/v1"
 *   proof    BIP-340 by the device key over SHA-256("nocturne/device/proof/v1" | seal key 32 | signature key 32)
 *
 * A relay sees that two unknown keys leave something of this size. The proof keeps a newcomer from naming a key that he
 * does not hold; the certificate and the card are signed by the account, so that nobody who only found the link can
 * make the newcomer a device of an account that the link's maker does not own. Specified in NEP-10.
 */

import { schnorr } from "@noble/curves/secp256k1.js";
import * as v from "valibot";
import { concatBytes, fromBase64Url, fromHex, toBase64Url, utf8Decode, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { DEVICE_LIMITS, MESSAGE_LIMITS } from "../../core/limits.ts";
import { openBytes, sealBytes } from "../../crypto/aead.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { type NostrEvent, signEvent, type VerifiedEvent } from "../../nostr/event.ts";
import { publicKeyOf } from "../../nostr/keys.ts";
import { type Card, isRelayUrl, parseCard } from "../card.ts";
import { DROP_KIND } from "../invite.ts";
import { isCertificate } from "../session/device.ts";
import { type DeviceLink, type LinkKeys } from "./device-link.ts";
import { hybridKeySchema } from "./sync-item.ts";

export interface LinkRequest {
  /** Hex. */
  readonly device: string;
  /** Ed25519, base64url 32 bytes. */
  readonly signatureKey: string;
  /** X-Wing, base64url. */
  readonly hybridPublicKey: string;
  readonly name: string;
  readonly relays: readonly string[];
}

export interface LinkGrant {
  /** Of the account, as its main device signed it. */
  readonly card: Card;
  /** base64url, 64 bytes: the account's word for the newcomer's device and signature key. */
  readonly certificate: string;
  /** What the newcomer is called in the account's list. */
  readonly name: string;
  /** Of the main device. */
  readonly hybridPublicKey: string;
  readonly relays: readonly string[];
}

const REQUEST_CONTEXT: Uint8Array = utf8Encode("nocturne/device/request/v1");
const GRANT_CONTEXT: Uint8Array = utf8Encode("nocturne/device/grant/v1");
const PROOF_DOMAIN: Uint8Array = utf8Encode("nocturne/device/proof/v1");

const relays = v.pipe(v.array(v.pipe(v.string(), v.check(isRelayUrl))), v.maxLength(MESSAGE_LIMITS.inviteRelays));
const name = v.pipe(
  v.string(),
  v.check((text) => utf8Encode(text).length <= DEVICE_LIMITS.nameBytes),
);

const requestSchema = v.object({
  v: v.literal(1),
  device: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  signatureKey: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  hybridPublicKey: hybridKeySchema,
  name,
  relays,
  proof: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/)),
});

const grantSchema = v.object({
  v: v.literal(1),
  card: v.unknown(),
  certificate: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{86}$/)),
  name,
  hybridPublicKey: hybridKeySchema,
  relays,
});

/** The newcomer's event; `deviceSecretKey` proves that the device key is its own. */
export function makeRequest(
  keys: LinkKeys,
  request: LinkRequest,
  deviceSecretKey: Uint8Array,
  { expiresAtMs }: Pick<DeviceLink, "expiresAtMs">,
  nowMs: number,
): VerifiedEvent {
  const proof = toBase64Url(schnorr.sign(proven(keys, request), deviceSecretKey));
  return sealedEvent(keys.newcomer, keys, { v: 1, ...request, proof }, REQUEST_CONTEXT, expiresAtMs, nowMs);
}

/** What a newcomer asks for. Throws CryptoError for anything that no holder of the link and of the named key made. */
export function openRequest(keys: LinkKeys, event: NostrEvent): LinkRequest {
  const { v: _, proof, ...request } = read(requestSchema, keys, event, REQUEST_CONTEXT);
  if (!isSignature(fromBase64Url(proof), proven(keys, request), fromHex(request.device))) throw new CryptoError();
  return request;
}

/** The main device's event. `card` is the account's own as a signed event. */
export function makeGrant(
  keys: LinkKeys,
  grant: Omit<LinkGrant, "card"> & { readonly card: NostrEvent },
  { expiresAtMs }: Pick<DeviceLink, "expiresAtMs">,
  nowMs: number,
): VerifiedEvent {
  return sealedEvent(keys.main, keys, { v: 1, ...grant }, GRANT_CONTEXT, expiresAtMs, nowMs);
}

/** The grant for this request. Throws CryptoError unless the card's account certified exactly the keys asked for. */
export function openGrant(keys: LinkKeys, event: NostrEvent, request: LinkRequest): LinkGrant {
  const { v: _, ...grant } = read(grantSchema, keys, event, GRANT_CONTEXT);
  const card = orCryptoError(() => parseCard(grant.card));
  const { certificate } = grant;
  const signatureKey = fromBase64Url(request.signatureKey);
  if (!isCertificate(fromBase64Url(certificate), card.publicKey, request.device, signatureKey)) throw new CryptoError();
  return { ...grant, card };
}

/** The keys (hex) by which the newcomer's and the main device's events are found. */
export function authorsOf(keys: LinkKeys): { newcomer: string; main: string } {
  return { newcomer: publicKeyOf(keys.newcomer), main: publicKeyOf(keys.main) };
}

function sealedEvent(
  authorKey: Uint8Array,
  keys: LinkKeys,
  said: object,
  context: Uint8Array,
  expiresAtMs: number,
  nowMs: number,
): VerifiedEvent {
  const content = toBase64Url(sealBytes(keys.seal, utf8Encode(JSON.stringify(said)), context));
  const tags = [["expiration", String(Math.ceil(expiresAtMs / 1000))]];
  return signEvent({ kind: DROP_KIND, created_at: Math.floor(nowMs / 1000), tags, content }, authorKey);
}

function read<T>(schema: v.GenericSchema<unknown, T>, keys: LinkKeys, event: NostrEvent, context: Uint8Array): T {
  return orCryptoError(() =>
    v.parse(schema, JSON.parse(utf8Decode(openBytes(keys.seal, fromBase64Url(event.content), context)))),
  );
}

function proven(keys: LinkKeys, { signatureKey }: Pick<LinkRequest, "signatureKey">): Uint8Array {
  return sha256(concatBytes(PROOF_DOMAIN, keys.seal, fromBase64Url(signatureKey)));
}

function isSignature(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return schnorr.verify(signature, message, publicKey);
  } catch {
    return false;
  }
}

function orCryptoError<T>(work: () => T): T {
  try {
    return work();
  } catch {
    throw new CryptoError();
  }
}
