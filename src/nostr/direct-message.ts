/**
 * Direct messages that any Nostr client reads (NIP-17).
 *
 *   rumor  kind 14, unsigned: the text and who it is for
 *     in a seal   kind 13, signed by the author, no tags, content = NIP-44(rumor)
 *       in a wrap   kind 1059, one for each recipient and one for the author; see gift-wrap.ts
 *
 * The seal proves the author to the recipient; the missing signature inside lets the author deny it to others.
 */

import { CodecError, CryptoError } from "../core/errors.ts";
import {
  createRumor,
  type NostrEvent,
  parseEvent,
  parseRumor,
  type Rumor,
  signEvent,
  tagValues,
  type VerifiedEvent,
  verifyEvent,
} from "./event.ts";
import { blurredPast } from "./gift-wrap.ts";
import { KIND } from "./kinds.ts";
import { conversationKey, decryptText, encryptText } from "./text-encryption.ts";

export interface ChatMessage {
  /** Public keys as hex. */
  readonly author: string;
  readonly recipients: readonly string[];
  readonly text: string;
  /** The true time in seconds: only the recipients see it. */
  readonly createdAt: number;
  /** Id of the rumor that this one answers. */
  readonly replyTo?: string;
}

/** The kind 14 rumor of a message. (NIP-17) */
export function createChatRumor(message: ChatMessage): Rumor {
  const tags = message.recipients.map((recipient) => ["p", recipient]);
  if (message.replyTo !== undefined) tags.push(["e", message.replyTo]);
  return createRumor({ kind: KIND.chat, created_at: message.createdAt, tags, content: message.text }, message.author);
}

/** The kind 13 seal of a rumor for one recipient, dated somewhere in the two days before `nowS`. (NIP-59) */
export function sealRumor(
  rumor: Rumor,
  senderSecretKey: Uint8Array,
  recipient: string,
  nowS: number = rumor.created_at,
): VerifiedEvent {
  const content = encryptText(JSON.stringify(rumor), conversationKey(senderSecretKey, recipient));
  return signEvent({ kind: KIND.seal, created_at: blurredPast(nowS), tags: [], content }, senderSecretKey);
}

/**
 * The rumor in the JSON of a seal, as `openWrap` gives it. Its author is proven: the seal is signed by
 * the rumor's pubkey. Throws CryptoError for a seal that proves nothing, CodecError `bad_event` for
 * one that is not made as it should be. (NIP-59)
 */
export function openSeal(text: string, secretKey: Uint8Array): Rumor {
  const seal = verifyEvent(parseEvent(parseJson(text)));
  if (!seal || seal.kind !== KIND.seal) throw new CryptoError();
  const rumor = parseRumor(parseJson(decryptText(seal.content, conversationKey(secretKey, seal.pubkey))));
  // Otherwise anybody could seal a rumor in somebody else's name.
  if (rumor.pubkey !== seal.pubkey) throw new CryptoError();
  return rumor;
}

/** The kind 10050 event that tells others where to send wraps. (NIP-17) */
export function inboxRelaysEvent(
  relays: readonly string[],
  secretKey: Uint8Array,
  nowS: number = Math.floor(Date.now() / 1000),
): VerifiedEvent {
  const tags = relays.map((url) => ["relay", url]);
  return signEvent({ kind: KIND.inboxRelays, created_at: nowS, tags, content: "" }, secretKey);
}

/** The WebSocket URLs that a kind 10050 event names. */
export function readInboxRelays(event: NostrEvent): string[] {
  return tagValues(event, "relay").filter((url) => /^wss?:$/.test(URL.parse(url)?.protocol ?? ""));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause would repeat the text.
    throw new CodecError("bad_event", "This is not a valid event: it is not JSON.");
  }
}
