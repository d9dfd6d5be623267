/**
 * The interop profile: NIP-17 direct messages with any Nostr client. Encrypted by elliptic curve
 * only, not post-quantum, and without acknowledgements; always shown as "not hidden", and used only
 * when a person asks for it.
 */

import { CodecError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { utf8Encode } from "../core/bytes.ts";
import { createChatRumor, openSeal, sealRumor } from "../nostr/direct-message.ts";
import type { Rumor, VerifiedEvent } from "../nostr/event.ts";
import { wrapText } from "../nostr/gift-wrap.ts";
import type { Identity } from "../vault/identity.ts";

const CHAT_KIND = 14;

export interface InteropMessage {
  /** Hex, 64 characters: the rumor's event id. */
  readonly id: string;
  readonly sender: string;
  readonly atMs: number;
  readonly text: string;
}

/** A NIP-17 chat message as a rumor, in JSON for the outbox. */
export function writeRumor(sender: Identity, recipient: string, text: string, nowMs: number): Rumor {
  return createChatRumor({
    author: sender.publicKey,
    recipients: [recipient],
    text,
    createdAt: Math.floor(nowMs / 1000),
  });
}

/** The rumor sealed by its writer and wrapped for the recipient. */
export function wrapRumor(rumorJson: string, sender: Identity, recipient: string, nowMs: number): VerifiedEvent {
  const seal = sealRumor(JSON.parse(rumorJson) as Rumor, sender.nostrSecretKey, recipient, Math.floor(nowMs / 1000));
  return wrapText(JSON.stringify(seal), recipient, Math.floor(nowMs / 1000));
}

/** The chat message in a seal. Throws CryptoError when sender and seal differ, CodecError for other kinds. */
export function readSeal(seal: string, recipient: Identity): InteropMessage {
  const rumor = openSeal(seal, recipient.nostrSecretKey);
  if (rumor.kind !== CHAT_KIND || utf8Encode(rumor.content).length > MESSAGE_LIMITS.textBytes) {
    throw new CodecError("unsupported_message", "A NIP-17 client sent something other than a text message.");
  }
  return { id: rumor.id, sender: rumor.pubkey, atMs: rumor.created_at * 1000, text: rumor.content };
}
