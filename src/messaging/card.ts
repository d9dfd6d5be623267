/**
 * A contact card: what somebody needs to write to a person with post-quantum protection.
 *
 *   Nostr event, kind CARD_KIND, signed by the person
 *     content  base64url of the X-Wing public key (1,216 bytes)
 *     tags     ["relay", url] where the person collects letters, at most MESSAGE_LIMITS.inviteRelays
 *
 * A card is never published in the clear: it travels sealed, in an invite's drop or in a letter.
 * Specified in NEP-02.
 */

import { fromBase64Url, toBase64Url } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { HYBRID_PUBLIC_KEY_BYTES } from "../crypto/hybrid-kem.ts";
import { type NostrEvent, parseEvent, signEvent, verifyEvent } from "../nostr/event.ts";
import type { Identity } from "../vault/identity.ts";

/** Regular event kind of cards; outside the ranges that relays replace or drop. */
const CARD_KIND = 4519;

const RELAY_URL_BYTES = 256;

/** A card whose signature was checked, in a form that the vault can keep. */
export interface Card {
  /** Hex, 32 bytes. */
  readonly publicKey: string;
  /** base64url, 1,216 bytes. */
  readonly hybridPublicKey: string;
  readonly relays: readonly string[];
  /** Seconds since 1970: of two cards the later one counts. */
  readonly createdAt: number;
}

/** The identity's own card as a signed event. */
export function makeCard(identity: Identity, relays: readonly string[], nowMs: number): NostrEvent {
  return signEvent(
    {
      kind: CARD_KIND,
      created_at: Math.floor(nowMs / 1000),
      tags: relays.slice(0, MESSAGE_LIMITS.inviteRelays).map((url) => ["relay", url]),
      content: toBase64Url(identity.hybrid.publicKey),
    },
    identity.nostrSecretKey,
  );
}

/** The card in `value`. Throws CodecError `bad_card` unless it is well-formed and signed by its owner. */
export function parseCard(value: unknown): Card {
  const event = verifyEvent(parseEvent(value));
  if (!event || event.kind !== CARD_KIND) throw badCard();
  if (fromBase64Url(event.content).length !== HYBRID_PUBLIC_KEY_BYTES) throw badCard();
  const relays = event.tags.filter(([name]) => name === "relay").map(([, url]) => url ?? "");
  if (relays.length > MESSAGE_LIMITS.inviteRelays || !relays.every(isRelayUrl)) throw badCard();
  return { publicKey: event.pubkey, hybridPublicKey: event.content, relays, createdAt: event.created_at };
}

/** True for a WebSocket URL without user name or password that is short enough to be kept. */
export function isRelayUrl(text: string): boolean {
  if (text.length > RELAY_URL_BYTES || !URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === "ws:" || protocol === "wss:") && username === "" && password === "" && hash === "";
}

function badCard(): CodecError {
  return new CodecError("bad_card", "This contact card is damaged or not signed by its owner.", {
    hint: "Ask the person for a new invite.",
  });
}
