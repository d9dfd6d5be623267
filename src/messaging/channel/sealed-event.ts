/**
 * A card or post as relays carry it: a regular event by a key used once, which tells them its epoch's address
 * and one of three sizes.
 *
 *   event    kind 4521, created_at rounded down to the hour, tags [["x", address]], content base64url of
 *            version 1 | nonce 12 | AES-256-GCM(padded) | tag 16
 *            associated data: "nocturne/channel/event/v1" | version 1 | digest 32 | epoch u32
 *   padded   kind 1 (1 card, 2 post) | public keys 1,984 (a card only) | signature 3,373
 *            | length u32 | body | zeros up to 8, 16 or 32 KiB
 *   signed   "nocturne/channel/signed/v1" | kind 1 | digest 32 | epoch u32 | body
 *
 * Every reader can seal, because he holds the epoch's key; only the owner can sign. Specified in NEP-07.
 */

import { concatBytes, equalBytes, fromBase64Url, toBase64Url, u32, utf8Encode } from "../../core/bytes.ts";
import { CodecError, CryptoError } from "../../core/errors.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import { openBytes, SEAL_OVERHEAD_BYTES, sealBytes } from "../../crypto/aead.ts";
import { type NostrEvent, signEvent, tagValue, type VerifiedEvent } from "../../nostr/event.ts";
import {
  CHANNEL_PUBLIC_KEYS_BYTES,
  CHANNEL_SIGNATURE_BYTES,
  channelDigest,
  type ChannelSigner,
  type ChannelVerifier,
} from "./channel-keys.ts";
import { type EpochKey, epochAddress, sealKey } from "./epoch-key.ts";

/** Regular event kind of channels; outside the ranges that relays replace or drop. */
export const CHANNEL_KIND = 4_521;

export type BodyKind = "card" | "post";

/** Something to say, and the epoch to say it in. */
export interface Draft {
  readonly kind: BodyKind;
  readonly key: EpochKey;
  readonly body: Uint8Array;
}

/** What a relay gets to see. */
export interface SealedContent {
  readonly address: string;
  readonly content: string;
}

/** Opened by the epoch's key, which any reader has: nothing in it is believed before `verifyOpened`. */
export interface Opened {
  readonly kind: BodyKind;
  readonly epoch: number;
  /** 1,984 bytes that have the channel's digest; null in a post. */
  readonly publicKeys: Uint8Array | null;
  readonly signature: Uint8Array;
  readonly body: Uint8Array;
}

const VERSION = 1;
const KIND_BYTES = { card: 1, post: 2 } as const;
const SIZE_CLASSES = [8_192, 16_384, 32_768] as const;
const CONTENT_BYTES = SIZE_CLASSES.map((bytes) => 1 + bytes + SEAL_OVERHEAD_BYTES);
const CONTENT_CHARACTERS = CONTENT_BYTES.map((bytes) => Math.ceil((bytes * 4) / 3));
const HOUR_MS = 3_600_000;
const EVENT_LABEL = utf8Encode("nocturne/channel/event/v1");
const SIGNED_LABEL = utf8Encode("nocturne/channel/signed/v1");

/** Signs and seals. Throws RangeError for a body above CHANNEL_LIMITS.bodyBytes. */
export function sealDraft({ kind, key, body }: Draft, signer: ChannelSigner): SealedContent {
  const digest = channelDigest(signer.publicKeys);
  const parts = concatBytes(
    Uint8Array.of(KIND_BYTES[kind]),
    kind === "card" ? signer.publicKeys : new Uint8Array(0),
    signer.sign(signedMessage(kind, digest, key.epoch, body)),
    u32(body.length),
    body,
  );
  const sealed = sealBytes(sealKey(key), pad(parts), associatedData(digest, key.epoch));
  return {
    address: epochAddress(key, digest),
    content: toBase64Url(concatBytes(Uint8Array.of(VERSION), sealed)),
  };
}

/** The event that carries it, by a fresh key at each call: two tries share an address, not an author. */
export function wrapContent({ address, content }: SealedContent, nowMs: number): VerifiedEvent {
  const created_at = (Math.floor(nowMs / HOUR_MS) * HOUR_MS) / 1000;
  return signEvent({ kind: CHANNEL_KIND, created_at, tags: [["x", address]], content }, randomBytes(32));
}

/** The address of an event. Throws CodecError `bad_channel_event` unless kind, tag and size are a channel's. */
export function channelAddress(event: NostrEvent): string {
  const address = tagValue(event, "x");
  if (event.kind !== CHANNEL_KIND || address === null) throw badEvent();
  if (!CONTENT_CHARACTERS.includes(event.content.length)) throw badEvent();
  return address;
}

/**
 * What an event of this epoch holds. Throws CodecError `bad_channel_event` for a wrong form, CryptoError if it is
 * not sealed under this epoch's key for this channel, or brings keys that are not the channel's.
 */
export function openEvent(event: NostrEvent, key: EpochKey, digest: Uint8Array): Opened {
  channelAddress(event);
  const content = decodeOrThrow(event.content);
  if (content[0] !== VERSION) throw badEvent();
  const plain = openBytes(sealKey(key), content.subarray(1), associatedData(digest, key.epoch));
  return readParts(plain, key.epoch, digest);
}

/** Throws CryptoError unless the channel's owner signed exactly this, for this channel and epoch. */
export function verifyOpened({ kind, epoch, signature, body }: Opened, verifier: ChannelVerifier): void {
  const message = signedMessage(kind, verifier.digest, epoch, body);
  if (!verifier.verify(message, signature)) throw new CryptoError();
}

function readParts(plain: Uint8Array, epoch: number, digest: Uint8Array): Opened {
  const kind = plain[0] === KIND_BYTES.card ? "card" : plain[0] === KIND_BYTES.post ? "post" : null;
  if (!kind) throw new CryptoError();
  const keysEnd = 1 + (kind === "card" ? CHANNEL_PUBLIC_KEYS_BYTES : 0);
  const signatureEnd = keysEnd + CHANNEL_SIGNATURE_BYTES;
  const start = signatureEnd + 4;
  const length = new DataView(plain.buffer, plain.byteOffset).getUint32(signatureEnd);
  if (length > CHANNEL_LIMITS.bodyBytes || start + length > plain.length) throw new CryptoError();
  // Padding that may hold anything would be a place for what nobody signed.
  if (plain.subarray(start + length).some((byte) => byte !== 0)) throw new CryptoError();
  const publicKeys = kind === "card" ? plain.slice(1, keysEnd) : null;
  if (publicKeys && !equalBytes(channelDigest(publicKeys), digest)) throw new CryptoError();
  return {
    kind,
    epoch,
    publicKeys,
    signature: plain.slice(keysEnd, signatureEnd),
    body: plain.slice(start, start + length),
  };
}

function signedMessage(kind: BodyKind, digest: Uint8Array, epoch: number, body: Uint8Array): Uint8Array {
  return concatBytes(SIGNED_LABEL, Uint8Array.of(KIND_BYTES[kind]), digest, u32(epoch), body);
}

function associatedData(digest: Uint8Array, epoch: number): Uint8Array {
  return concatBytes(EVENT_LABEL, Uint8Array.of(VERSION), digest, u32(epoch));
}

function pad(parts: Uint8Array): Uint8Array {
  const size = SIZE_CLASSES.find((bytes) => parts.length <= bytes);
  if (size === undefined) throw new RangeError("a channel's body is longer than its limit");
  const padded = new Uint8Array(size);
  padded.set(parts);
  return padded;
}

function decodeOrThrow(content: string): Uint8Array {
  try {
    return fromBase64Url(content);
  } catch {
    throw badEvent();
  }
}

function badEvent(): CodecError {
  return new CodecError("bad_channel_event", "This event is not of the form that channels have.");
}
