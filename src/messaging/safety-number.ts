/**
 * The safety number of two people: 60 digits that both see alike exactly if each holds the other's
 * true card. Compared over another channel it exposes a relay or an inviter in the middle.
 *
 *   HKDF-SHA-512(card a | card b, salt "nocturne/safety-number/v2") -> 60 bytes -> twelve groups of
 *   five digits, each from 5 bytes mod 100,000; the cards in byte order
 *   card = public key 32 | X-Wing public key 1,216 | length u32 | ML-DSA-65 public key 1,952, or 0 while unknown
 */

import { concatBytes, fromBase64Url, fromHex, u32, utf8Encode } from "../core/bytes.ts";
import { hkdfSha512 } from "../crypto/key-derivation.ts";
import type { Card } from "./card.ts";

const DOMAIN = utf8Encode("nocturne/safety-number/v2");
const GROUPS = 12;
const GROUP_BYTES = 5;

/** The number in twelve groups of five digits; the same for either order of the two cards. */
export function safetyNumber(one: CardKeys, other: CardKeys): string {
  const [first, second] = [cardBytes(one), cardBytes(other)].sort(compareBytes) as [Uint8Array, Uint8Array];
  const digest = hkdfSha512(concatBytes(first, second), DOMAIN, "", GROUPS * GROUP_BYTES);
  const groups: string[] = [];
  for (let i = 0; i < GROUPS; i++) {
    const bytes = digest.subarray(i * GROUP_BYTES, (i + 1) * GROUP_BYTES);
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    groups.push(String(value % 100_000).padStart(5, "0"));
  }
  return groups.join(" ");
}

export type CardKeys = Pick<Card, "publicKey" | "hybridPublicKey" | "signatureKey">;

function cardBytes(card: CardKeys): Uint8Array {
  const signing = fromBase64Url(card.signatureKey ?? "");
  return concatBytes(fromHex(card.publicKey), fromBase64Url(card.hybridPublicKey), u32(signing.length), signing);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
