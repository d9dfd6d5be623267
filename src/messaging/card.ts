/**
 * A contact card: what somebody needs to write to a person with post-quantum protection, and to know his cards again.
 *
 *   Nostr event, kind 14519 (replaceable), signed by the person
 *     content  base64url( version 2 | X-Wing public key 1,216 | ML-DSA-65 public key 1,952 | signature 3,309 )
 *     tags     ["relay", url] where the person collects letters, at most MESSAGE_LIMITS.inviteRelays
 *              ["work", bits] what strangers are to compute for their first letter (NEP-17); absent: nothing
 *
 *   signature  ML-DSA-65 over "nocturne/card/v2" | account key 32, created_at 8, X-Wing key, ML-DSA key, relays, bits,
 *              each of these after its length u32; bits, in decimal digits, only where a tag says them
 *
 * Who breaks secp256k1 with a quantum computer can make the Nostr signature, but not the other one; so he can only
 * come with another ML-DSA key, which is a changed card. A card travels sealed, in an invite's drop or in a letter, and
 * lies open at its owner's relays for who knows no more than his key (`public-card.ts`). Specified in NEP-02.
 */

import { concatBytes, fromBase64Url, fromHex, toBase64Url, u32, utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { WORK_LIMITS } from "../core/cell-limits.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { HYBRID_PUBLIC_KEY_BYTES } from "../crypto/hybrid-kem.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import { mlDsa65 } from "../crypto/signing.ts";
import { parseEvent, signEvent, tagValues, type VerifiedEvent, verifyEvent } from "../nostr/event.ts";
import { KIND } from "../nostr/kinds.ts";
import type { Identity } from "../vault/identity.ts";

export const CARD_VERSION = 2;
export const CARD_DIGEST_BYTES = 16;

const DOMAIN = utf8Encode("nocturne/card/v2");
const DIGEST_DOMAIN: Uint8Array = utf8Encode("nocturne/card-digest/v1");
const SIGNATURE_KEY_BYTES = 1_952;
const SIGNATURE_BYTES = 3_309;
/** Links write its length in one byte. */
const RELAY_URL_BYTES = 255;

const HYBRID_KEY_END = 1 + HYBRID_PUBLIC_KEY_BYTES;
const SIGNATURE_KEY_END = HYBRID_KEY_END + SIGNATURE_KEY_BYTES;
const CONTENT_BYTES = SIGNATURE_KEY_END + SIGNATURE_BYTES;

/** A card whose signatures were checked, in a form that the vault can keep. */
export interface Card {
  /** Hex, 32 bytes. */
  readonly publicKey: string;
  /** base64url, 1,216 bytes. */
  readonly hybridPublicKey: string;
  /** base64url, 1,952 bytes of ML-DSA-65; null for a card that came before cards had one. */
  readonly signatureKey: string | null;
  readonly relays: readonly string[];
  /** Bits of work demanded of strangers; absent in cards that were stored before cards said it. */
  readonly work?: number;
  /** Seconds since 1970: of two cards the later one counts. */
  readonly createdAt: number;
}

interface CardKeyBytes {
  readonly hybrid: Uint8Array;
  readonly signing: Uint8Array;
}

/** The identity's own card as a signed event; `work` in bits, 0 for none. */
export function makeCard(identity: Identity, relays: readonly string[], nowMs: number, work = 0): VerifiedEvent {
  const createdAt = Math.floor(nowMs / 1000);
  const named = relays.slice(0, MESSAGE_LIMITS.inviteRelays);
  const keys = { hybrid: identity.hybrid.publicKey, signing: identity.signing.publicKey };
  const demand = work === 0 ? [] : [String(work)];
  const said = statement(identity.publicKey, createdAt, keys, [...named, ...demand]);
  const signature = mlDsa65.sign(said, identity.signing.secretKey);
  return signEvent(
    {
      kind: KIND.card,
      created_at: createdAt,
      tags: [...named.map((url) => ["relay", url]), ...demand.map((bits) => ["work", bits])],
      content: toBase64Url(concatBytes(Uint8Array.of(CARD_VERSION), keys.hybrid, keys.signing, signature)),
    },
    identity.nostrSecretKey,
  );
}

/** The card in `value`. Throws CodecError `bad_card` unless it is well-formed and its owner made both signatures. */
export function parseCard(value: unknown): Card {
  const event = wellFormed(() => verifyEvent(parseEvent(value)));
  if (!event || event.kind !== KIND.card) throw badCard();
  const content = wellFormed(() => fromBase64Url(event.content));
  if (content.length !== CONTENT_BYTES || content[0] !== CARD_VERSION) throw badCard();
  const relays = tagValues(event, "relay");
  if (relays.length > MESSAGE_LIMITS.inviteRelays || !relays.every(isRelayUrl)) throw badCard();
  const demand = tagValues(event, "work");
  if (demand.length > 1 || !demand.every(isDemand)) throw badCard();
  const keys = {
    hybrid: content.subarray(1, HYBRID_KEY_END),
    signing: content.subarray(HYBRID_KEY_END, SIGNATURE_KEY_END),
  };
  const said = statement(event.pubkey, event.created_at, keys, [...relays, ...demand]);
  if (!mlDsa65.verify(said, content.subarray(SIGNATURE_KEY_END), keys.signing)) throw badCard();
  return {
    publicKey: event.pubkey,
    hybridPublicKey: toBase64Url(keys.hybrid),
    signatureKey: toBase64Url(keys.signing),
    relays,
    work: Number(demand[0] ?? 0),
    createdAt: event.created_at,
  };
}

/** What a card says, but for its date, in 16 bytes of SHA-256: by it somebody is told which card of his we hold. base64url. */
export function cardDigest({ publicKey, hybridPublicKey, signatureKey, relays, work = 0 }: Card): string {
  const said = [publicKey, hybridPublicKey, signatureKey ?? "", String(work), ...relays].map(utf8Encode);
  const framed = said.flatMap((field) => [u32(field.length), field]);
  return toBase64Url(sha256(concatBytes(DIGEST_DOMAIN, ...framed)).subarray(0, CARD_DIGEST_BYTES));
}

/** Canonical, and no more than anybody may demand: a card must not keep its reader's machine busy for days. */
function isDemand(text: string): boolean {
  return /^[1-9]\d?$/.test(text) && Number(text) <= WORK_LIMITS.bits;
}

/** True if `next` says another key than `known`, of the keys that `known` has: a person has to decide. */
export function isOtherCard(known: Card, next: Card): boolean {
  if (known.hybridPublicKey !== next.hybridPublicKey) return true;
  return known.signatureKey !== null && known.signatureKey !== next.signatureKey;
}

/** True for a WebSocket URL without user name or password that is short enough to be kept. */
export function isRelayUrl(text: string): boolean {
  if (utf8Encode(text).length > RELAY_URL_BYTES || !URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === "ws:" || protocol === "wss:") && username === "" && password === "" && hash === "";
}

/**
 * All that a card says, as the bytes that ML-DSA signs; the lengths keep two cards from sharing them. `said`: relays and
 * demand, which cannot be taken for each other, as no URL is a number.
 */
function statement(publicKey: string, createdAt: number, keys: CardKeyBytes, said: readonly string[]): Uint8Array {
  const seconds = concatBytes(u32(Math.floor(createdAt / 2 ** 32)), u32(createdAt));
  const fields = [fromHex(publicKey), seconds, keys.hybrid, keys.signing, ...said.map(utf8Encode)];
  return concatBytes(DOMAIN, ...fields.flatMap((field) => [u32(field.length), field]));
}

function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw badCard(cause);
  }
}

function badCard(cause?: unknown): CodecError {
  return new CodecError("bad_card", "This contact card is damaged or not signed by its owner.", {
    hint: "Ask the person for a new invite.",
    cause,
  });
}
