/**
 * A gift wrap: text for one recipient in an event that does not say whose it is (NIP-59).
 *
 *   kind 1059 | pubkey: a key made for this event and forgotten | created_at: up to two days ago
 *   tags [["p", recipient]] | content: NIP-44 text between the one-use key and the recipient
 *
 * A relay sees that somebody wrote to the recipient about then; only AUTH keeps others from seeing it.
 */

import { wipeBytes } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBelow, randomBytes } from "../core/random.ts";
import { type NostrEvent, signEvent, type VerifiedEvent } from "./event.ts";
import { KIND } from "./kinds.ts";
import { conversationKey, decryptText, encryptText } from "./text-encryption.ts";

/** Any 32 bytes: `signEvent` refuses those that are no key, one in 2^128. */
const ONE_USE_KEY_BYTES = 32;
const BLUR_S = 172_800; // two days, as NIP-59 asks

/** A wrap of at most 65,535 UTF-8 bytes for the hex key `recipient`. `nowS` in seconds. Throws ValidationError `text_too_long`. */
export function wrapText(plaintext: string, recipient: string, nowS: number): VerifiedEvent {
  const secretKey = randomBytes(ONE_USE_KEY_BYTES);
  const key = conversationKey(secretKey, recipient);
  try {
    const content = encryptText(plaintext, key);
    const tags = [["p", recipient]];
    return signEvent({ kind: KIND.wrap, created_at: blurredPast(nowS), tags, content }, secretKey);
  } finally {
    wipeBytes(secretKey, key);
  }
}

/** The text that a wrap holds for the owner of `secretKey`. Throws CryptoError. */
export function openWrap(event: NostrEvent, secretKey: Uint8Array): string {
  if (event.kind !== KIND.wrap) throw new CryptoError();
  return decryptText(event.content, conversationKey(secretKey, event.pubkey));
}

/** A random second of the two days that end at `nowS`, so that times of sending cannot be matched. */
export function blurredPast(nowS: number): number {
  return nowS - randomBelow(BLUR_S + 1);
}
