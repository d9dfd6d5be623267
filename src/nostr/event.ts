/**
 * A Nostr event: the one envelope that every relay carries (NIP-01).
 *
 *   id      = SHA-256 of [0, pubkey, created_at, kind, tags, content] as JSON     32 bytes, hex
 *   pubkey  = x-only secp256k1 key of the author                                  32 bytes, hex
 *   sig     = BIP-340 Schnorr signature of id                                     64 bytes, hex
 *   tags    = lists of strings; the first one names the tag: ["p", "<pubkey>"]
 *   created_at in seconds, kind 0 to 65535
 *
 * An event comes in as `unknown`, becomes a `NostrEvent` when its shape is right, a `HashedEvent` when its id is
 * and a `VerifiedEvent` when its signature is, too.
 */

import { signSchnorr, verifySchnorr, xOnlyPointFromScalar } from "tiny-secp256k1";
import { fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import { isSecp256k1Scalar } from "../crypto/provider.ts";

/** What BIP-340 mixes into its nonce, so that a fault in signing does not give the key away. */
const AUXILIARY_BYTES = 32;

/** What an author decides about an event. */
export interface EventTemplate {
  readonly kind: number;
  /** Seconds since 1970. */
  readonly created_at: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
}

/** An event without a signature: its author can deny it, its reader can still name it by id (NIP-59). */
export interface Rumor extends EventTemplate {
  readonly id: string;
  readonly pubkey: string;
}

export interface NostrEvent extends Rumor {
  readonly sig: string;
}

declare const hashed: unique symbol;
/** An event whose id was checked to be its hash: no other content has this id, but anybody may have written it. */
export type HashedEvent = NostrEvent & { readonly [hashed]: true };

declare const verified: unique symbol;
/** An event whose id and signature were checked; only `verifyEvent`, `verifySignature` and `signEvent` make one. */
export type VerifiedEvent = HashedEvent & { readonly [verified]: true };

export type EventLimits = Readonly<Record<"eventBytes" | "tagsPerEvent" | "tagValueBytes", number>>;

/**
 * The seven fields of an event, everything else dropped. Its signature is not checked yet.
 * Throws CodecError `bad_event` that names the first wrong field. (NIP-01)
 */
export function parseEvent(value: unknown, limits: EventLimits = RELAY_LIMITS): NostrEvent {
  const rumorPart = readRumorFields(value, limits);
  const { id, sig } = value as Record<string, unknown>;
  if (!isHex(id, 32)) throw badEvent("id must be 64 lower-case hexadecimal characters");
  if (!isHex(sig, 64)) throw badEvent("sig must be 128 lower-case hexadecimal characters");
  return withinSize({ id, ...rumorPart, sig }, limits);
}

/**
 * A rumor whose id is the hash of its fields. Throws CodecError `bad_event`. (NIP-59)
 */
export function parseRumor(value: unknown, limits: EventLimits = RELAY_LIMITS): Rumor {
  const fields = readRumorFields(value, limits);
  const { id } = value as Record<string, unknown>;
  if (id !== hashEvent(fields)) throw badEvent("id is not the hash of the event");
  return withinSize({ id, ...fields }, limits);
}

/** A rumor by `pubkey` (32 bytes as hex): the template and its id. */
export function createRumor(template: EventTemplate, pubkey: string): Rumor {
  const { kind, created_at, tags, content } = template;
  const fields = { pubkey, created_at, kind, tags, content };
  return { id: hashEvent(fields), ...fields };
}

/** The same event as a VerifiedEvent, or null when its id is not its hash or the signature is not its author's. (NIP-01) */
export function verifyEvent(event: NostrEvent): VerifiedEvent | null {
  const hashedEvent = verifyId(event);
  return hashedEvent && verifySignature(hashedEvent);
}

/** The same event as a HashedEvent, or null when its id is not its hash. Costs some microseconds. (NIP-01) */
export function verifyId(event: NostrEvent): HashedEvent | null {
  return event.id === hashEvent(event) ? (event as HashedEvent) : null;
}

/** The same event as a VerifiedEvent, or null when the signature is not its author's. Costs a quarter of a millisecond. (BIP-340) */
export function verifySignature(event: HashedEvent): VerifiedEvent | null {
  const { id, pubkey, sig } = event;
  if (!isHex(pubkey, 32) || !isHex(sig, 64)) return null;
  try {
    return verifySchnorr(fromHex(id), fromHex(pubkey), fromHex(sig)) ? (event as VerifiedEvent) : null;
  } catch {
    return null; // a public key that is no point of the curve
  }
}

/**
 * The template as an event of the key's owner. `secretKey` is 32 bytes; CodecError `bad_secret_key` for zero or one above the
 * curve order.
 */
export function signEvent(template: EventTemplate, secretKey: Uint8Array): VerifiedEvent {
  if (secretKey.length !== 32 || !isSecp256k1Scalar(secretKey)) {
    throw new CodecError("bad_secret_key", "This is not a usable secret key.");
  }
  const { kind, created_at, content } = template;
  const tags = template.tags.map((tag) => [...tag]);
  const pubkey = toHex(xOnlyPointFromScalar(secretKey));
  const id = hashEvent({ pubkey, created_at, kind, tags, content });
  const sig = toHex(signSchnorr(fromHex(id), secretKey, randomBytes(AUXILIARY_BYTES)));
  return { id, pubkey, created_at, kind, tags, content, sig } as NostrEvent as VerifiedEvent;
}

/** UTF-8 bytes of the event as JSON, the size that relays limit. */
export function eventBytes(event: NostrEvent | Rumor): number {
  return utf8Encode(JSON.stringify(event)).length;
}

/** Relays keep only the newest of an author's events of such a kind. (NIP-01) */
export function isReplaceable(kind: number): boolean {
  return kind === 0 || kind === 3 || (kind >= 10_000 && kind < 20_000);
}

/** Relays keep only the newest per author, kind and `d` tag. (NIP-01) */
export function isAddressable(kind: number): boolean {
  return kind >= 30_000 && kind < 40_000;
}

/** Relays pass such events on and never store them. (NIP-01) */
export function isEphemeral(kind: number): boolean {
  return kind >= 20_000 && kind < 30_000;
}

/** The first value of the first tag of this name, or null. */
export function tagValue(event: EventTemplate, name: string): string | null {
  return event.tags.find((tag) => tag[0] === name)?.[1] ?? null;
}

/** The first values of all tags of this name. */
export function tagValues(event: EventTemplate, name: string): string[] {
  return event.tags.flatMap((tag) => (tag[0] === name && tag[1] !== undefined ? [tag[1]] : []));
}

/** True for exactly `bytes` bytes of lower-case hex. */
export function isHex(value: unknown, bytes: number): value is string {
  return typeof value === "string" && value.length === bytes * 2 && /^[0-9a-f]*$/.test(value);
}

type RumorFields = Omit<Rumor, "id">;

function readRumorFields(value: unknown, limits: EventLimits): RumorFields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badEvent("it must be an object");
  const { pubkey, created_at, kind, tags, content } = value as Record<string, unknown>;
  if (!isHex(pubkey, 32)) throw badEvent("pubkey must be 64 lower-case hexadecimal characters");
  if (!isWholeNumber(created_at, Number.MAX_SAFE_INTEGER)) throw badEvent("created_at must be whole seconds");
  if (!isWholeNumber(kind, 65_535)) throw badEvent("kind must be a whole number up to 65535");
  if (!isText(content)) throw badEvent("content must be well-formed text");
  return { pubkey, created_at, kind, tags: readTags(tags, limits), content };
}

function readTags(tags: unknown, limits: EventLimits): string[][] {
  if (!Array.isArray(tags)) throw badEvent("tags must be a list");
  if (tags.length > limits.tagsPerEvent) throw badEvent(`more than ${limits.tagsPerEvent} tags`);
  return tags.map((tag: unknown) => {
    if (!Array.isArray(tag) || !tag.every(isText)) throw badEvent("a tag must be a list of well-formed texts");
    if (tag.some((item) => utf8Encode(item).length > limits.tagValueBytes)) {
      throw badEvent(`a tag value is longer than ${limits.tagValueBytes} bytes`);
    }
    return [...tag];
  });
}

// Lone surrogates all become the same three bytes in UTF-8, so that two different texts would share
// one id and one signature.
function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}

function isWholeNumber(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
}

function withinSize<E extends Rumor>(event: E, limits: EventLimits): E {
  if (eventBytes(event) > limits.eventBytes) throw badEvent(`it is larger than ${limits.eventBytes} bytes`);
  return event;
}

function hashEvent({ pubkey, created_at, kind, tags, content }: RumorFields): string {
  return toHex(sha256(utf8Encode(JSON.stringify([0, pubkey, created_at, kind, tags, content]))));
}

function badEvent(reason: string): CodecError {
  return new CodecError("bad_event", `This is not a valid event: ${reason}.`);
}
