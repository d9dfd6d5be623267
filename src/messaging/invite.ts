/**
 * An invite: a short link that leads one to a person and proves that he was invited.
 *
 *   nocturne:invite/ base64url( version 1 | public key 32 | secret 16 | expiry u32 seconds
 *                               | count 1 | (length 1 | relay URL)* | checksum 4 )
 *
 * The card is too large for a link, so it waits on the inviter's relays as a *drop*: an event by a
 * key that only the secret yields, sealed under a second such key. A relay sees neither whose drop
 * it is nor who fetches it. A third key lets the guest prove, in his first letter, that he holds the
 * invite. Specified in NEP-02.
 */

import { concatBytes, fromBase64Url, fromHex, toBase64Url, toHex, u32, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, sealBytes } from "../crypto/aead.ts";
import { deriveKey, hmacSha256 } from "../crypto/key-derivation.ts";
import { type NostrEvent, type VerifiedEvent, signEvent } from "../nostr/event.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import { type Card, parseCard } from "./card.ts";
import { decodeLink, decodePlaces, encodeLink, encodePlaces } from "./coded-link.ts";

export const INVITE_PREFIX = "nocturne:invite/";
/** Regular event kind of drops; a NIP-40 expiry makes relays forget them. */
export const DROP_KIND = 4520;

const VERSION = 1;
const SECRET_BYTES = 16;
const FIXED_BYTES = 1 + 32 + SECRET_BYTES + 4 + 1;
const DROP_CONTEXT = utf8Encode("nocturne/invite/drop/v1");

export interface InviteLink {
  /** Hex, of the inviter. */
  readonly publicKey: string;
  readonly secret: Uint8Array;
  readonly expiresAtMs: number;
  readonly relays: readonly string[];
}

/** A fresh invite of `publicKey` that lives `MESSAGE_LIMITS.inviteMs`. */
export function createInviteLink(publicKey: string, relays: readonly string[], nowMs: number): InviteLink {
  return {
    publicKey,
    secret: randomBytes(SECRET_BYTES),
    expiresAtMs: Math.floor((nowMs + MESSAGE_LIMITS.inviteMs) / 1000) * 1000,
    relays: relays.slice(0, MESSAGE_LIMITS.inviteRelays),
  };
}

export function encodeInviteLink(invite: InviteLink): string {
  const body = concatBytes(
    Uint8Array.of(VERSION),
    fromHex(invite.publicKey),
    invite.secret,
    u32(invite.expiresAtMs / 1000),
    encodePlaces(invite.relays),
  );
  return encodeLink(INVITE_PREFIX, body);
}

/** The parts of an invite link. Throws CodecError `bad_invite` when it is cut, mistyped or of a later version. */
export function parseInviteLink(text: string): InviteLink {
  const body = decodeLink(INVITE_PREFIX, text, VERSION, FIXED_BYTES, badInvite);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  return {
    publicKey: toHex(body.subarray(1, 33)),
    secret: body.slice(33, 33 + SECRET_BYTES),
    expiresAtMs: view.getUint32(33 + SECRET_BYTES) * 1000,
    relays: decodePlaces(body.subarray(FIXED_BYTES - 1), MESSAGE_LIMITS.inviteRelays, badInvite),
  };
}

/** The public key (hex) under which the invite's drop waits on the relays. */
export function dropAuthor(secret: Uint8Array): string {
  return publicKeyOf(deriveKey(secret, "invite/author/v1"));
}

/** The event that brings the inviter's card to whoever holds the secret. */
export function makeDrop(invite: InviteLink, card: NostrEvent, nowMs: number): VerifiedEvent {
  const sealed = sealBytes(deriveKey(invite.secret, "invite/seal/v1"), utf8Encode(JSON.stringify(card)), DROP_CONTEXT);
  return signEvent(
    {
      kind: DROP_KIND,
      created_at: Math.floor(nowMs / 1000),
      tags: [["expiration", String(invite.expiresAtMs / 1000)]],
      content: toBase64Url(sealed),
    },
    deriveKey(invite.secret, "invite/author/v1"),
  );
}

/** The inviter's card out of a drop. Throws CryptoError unless it is sealed for this invite and is the inviter's. */
export function openDrop(invite: InviteLink, drop: NostrEvent): Card {
  const plain = openBytes(deriveKey(invite.secret, "invite/seal/v1"), fromBase64Url(drop.content), DROP_CONTEXT);
  const card = parseCard(JSON.parse(utf8Decode(plain)));
  if (card.publicKey !== invite.publicKey) throw new CryptoError();
  return card;
}

/** Proof (hex, 32 bytes) that `guest` holds the secret; bound to both people, so that it cannot be passed on. */
export function inviteProof(secret: Uint8Array, host: string, guest: string): string {
  return toHex(hmacSha256(deriveKey(secret, "invite/proof/v1"), concatBytes(fromHex(host), fromHex(guest))));
}

function badInvite(why: string): CodecError {
  return new CodecError("bad_invite", `This is not an invite: ${why}.`, {
    hint: "Copy the whole link again, or ask for a new one.",
  });
}
