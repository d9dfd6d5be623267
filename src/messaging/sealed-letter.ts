/**
 * A letter on its way: sealed for one device.
 *
 *   hybrid envelope {
 *     version 1 | sender 32 | tag 32 | letter (JSON) }          to somebody who knows the sender
 *     version 2 | sender 32 | tag 32 | pass | letter (JSON) }   to somebody to whom he is a stranger
 *
 * The envelope hides letter *and sender* behind elliptic curve and, with a card, ML-KEM. The tag is
 * an HMAC under a key that only sender and recipient share, so the recipient is sure of the sender
 * but can prove nothing to others: he could have made the tag himself (deniability; the price is
 * that a thief of the recipient's key can write to him in anybody's name). Specified in NEP-03.
 *
 * Once two people have accepted each other, only control letters travel so; content goes through their session.
 */

import { concatBytes, equalBytes, fromBase64Url, fromHex, toHex, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { type EnvelopeSuite, openEnvelope, sealEnvelope } from "../crypto/envelope.ts";
import { deriveKey, hmacSha256 } from "../crypto/key-derivation.ts";
import { secp256k1Key } from "../crypto/provider.ts";
import type { Identity } from "../vault/identity.ts";
import { decodeLetter, encodeLetter, type Letter } from "./letter.ts";
import { decodePass, encodePass, type Pass } from "./pass/pass.ts";

const PLAIN = 1;
const WITH_PASS = 2;
const KEY_BYTES = 32;
const TAG_BYTES = 32;
const HEAD_BYTES = 1 + KEY_BYTES + TAG_BYTES;
const NOTHING = new Uint8Array(0);
const TAG_DOMAINS: Readonly<Record<number, Uint8Array>> = {
  [PLAIN]: utf8Encode("nocturne/letter/v1"),
  [WITH_PASS]: utf8Encode("nocturne/letter/v2"),
};

export interface LetterRecipient {
  /** Hex, 32 bytes. */
  readonly publicKey: string;
  /** base64url; null while the person's card is unknown. */
  readonly hybridPublicKey: string | null;
}

export interface OpenedLetter {
  /** Hex: the device that wrote it. */
  readonly sender: string;
  readonly suite: EnvelopeSuite;
  readonly letter: Letter;
  /** What a stranger shows; null if he shows nothing. It is not checked yet. */
  readonly pass: Pass | null;
}

/** The envelope of a letter for one device; with a pass for somebody to whom the sender is a stranger. */
export function sealLetter(
  letter: Letter,
  sender: Identity,
  recipient: LetterRecipient,
  pass: Pass | null = null,
): Uint8Array {
  const content = concatBytes(pass ? encodePass(pass) : NOTHING, utf8Encode(encodeLetter(letter)));
  const version = pass ? WITH_PASS : PLAIN;
  const senderKey = fromHex(sender.device);
  const recipientKey = fromHex(recipient.publicKey);
  const tag = letterTag(sender.nostrSecretKey, recipientKey, version, [senderKey, recipientKey], content);
  return sealEnvelope(concatBytes(Uint8Array.of(version), senderKey, tag, content), {
    nostrPublicKey: recipientKey,
    ...(recipient.hybridPublicKey === null ? {} : { hybridPublicKey: fromBase64Url(recipient.hybridPublicKey) }),
  });
}

/** The letter in an envelope for `recipient`. Throws CryptoError or CodecError for anything that is not meant for him. */
export function openLetter(envelope: Uint8Array, recipient: Identity): OpenedLetter {
  const { body, suite } = openEnvelope(envelope, recipient);
  const [version = 0] = body;
  if (body.length < HEAD_BYTES || !(version in TAG_DOMAINS)) throw new CryptoError();
  const senderKey = body.subarray(1, 1 + KEY_BYTES);
  const content = body.subarray(HEAD_BYTES);
  const way = [senderKey, fromHex(recipient.device)] as const;
  const expected = letterTag(recipient.nostrSecretKey, senderKey, version, way, content);
  if (!equalBytes(expected, body.subarray(1 + KEY_BYTES, HEAD_BYTES))) throw new CryptoError();
  const { pass, length } = version === WITH_PASS ? decodePass(content) : { pass: null, length: 0 };
  return { sender: toHex(senderKey), suite, letter: decodeLetter(utf8Decode(content.subarray(length))), pass };
}

/** HMAC over version, direction (from, to) and content, under the static Diffie-Hellman key of the two people. */
function letterTag(
  ownSecretKey: Uint8Array,
  otherPublicKey: Uint8Array,
  version: number,
  way: readonly [Uint8Array, Uint8Array],
  content: Uint8Array,
): Uint8Array {
  const key = deriveKey(secp256k1Key(ownSecretKey).sharedSecret(otherPublicKey), "letter/tag/v1");
  return hmacSha256(key, concatBytes(TAG_DOMAINS[version] ?? NOTHING, ...way, content));
}
