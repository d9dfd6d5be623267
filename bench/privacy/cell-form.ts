/** What a cell's event looks like, as numbers for a classifier: everything of it but when it came, and from whom. */

import type { NostrEvent } from "../../src/nostr/event.ts";

/** The same number of features for every event. */
export function describeForm(event: NostrEvent, atMs: number): number[] {
  const { id, pubkey, sig, created_at, tags, content } = event;
  const address = tags[0]?.[1] ?? "";
  const sealed = Buffer.from(content, "base64");
  const keys = [id, pubkey, address, sig].map((hex) => Buffer.from(hex, "hex"));
  const ones = keys.map((bytes) => countOnes(bytes) - 4 * bytes.length);
  return [
    JSON.stringify(event).length,
    content.length,
    sealed.length,
    sealed[0] ?? 0,
    isOnCurve(sealed.subarray(1, 33)) ? 1 : 0,
    fold(Object.keys(event).join()),
    fold(tags.map((tag) => `${tag[0]}/${tag.length}/${tag[1]?.length}`).join()),
    atMs / 1_000 - created_at,
    created_at % 60,
    Number(tags[1]?.[1]) - created_at,
    ...ones,
    ...keys.flatMap((bytes) => [bytes[0] ?? 0, bytes.at(-1) ?? 0, (bytes.at(-1) ?? 0) & 1, (bytes[0] ?? 0) >> 7]),
    countOnes(sealed) - 4 * sealed.length,
    countOnes(sealed.subarray(0, 128)) - 512,
    countOnes(sealed.subarray(-128)) - 512,
    unevenness(sealed),
    // Two at a time: what only a combination shows.
    (ones[1] ?? 0) * (ones[2] ?? 0),
    (ones[0] ?? 0) * (ones[2] ?? 0),
    countOnes(xor(keys[1], keys[2])) - 128,
    countOnes(xor(keys[2], sealed.subarray(1, 33))) - 128,
    countOnes(xor(keys[1], sealed.subarray(1, 33))) - 128,
  ];
}

const P = 2n ** 255n - 19n;

/** Whether these are the bytes of a point of Curve25519 in their one usual form: random ones are half as often or less. */
export function isOnCurve(bytes: Uint8Array): boolean {
  const u = BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex") || "0"}`);
  if (u >= P) return false;
  return jacobi(u * (u * (u + 486_662n) + 1n), P) >= 0;
}

/** 1 if the first is a square modulo the second, a prime; 0 if it is a multiple of it; else -1. */
function jacobi(number: bigint, prime: bigint): number {
  let [above, below] = [number % prime, prime];
  let sign = 1;
  while (above !== 0n) {
    for (; (above & 1n) === 0n; above >>= 1n) {
      if ((below & 7n) === 3n || (below & 7n) === 5n) sign = -sign;
    }
    if ((above & 3n) === 3n && (below & 3n) === 3n) sign = -sign;
    [above, below] = [below % above, above];
  }
  return below === 1n ? sign : 0;
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

function countOnes(bytes: Uint8Array): number {
  let ones = 0;
  for (const byte of bytes) ones += ONES[byte] ?? 0;
  return ones;
}

/** How far the counts of byte values are from even. */
function unevenness(bytes: Uint8Array): number {
  const counts = new Uint16Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  return counts.reduce((sum, count) => sum + count ** 2, 0);
}

function xor(one: Uint8Array | undefined, other: Uint8Array | undefined): Uint8Array {
  return Uint8Array.from(one ?? [], (byte, i) => byte ^ (other?.[i] ?? 0));
}

/** A number that two texts share by chance only. */
function fold(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 65_521;
  return sum;
}
