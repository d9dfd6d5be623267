/** Keys for tests that are no honest signer's, though signatures by them are good to who does not look at the key. */
import { ed25519 as curve } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes } from "../core/bytes.ts";

const zeros = (count: number): string => "00".repeat(count);

export const IDENTITY: string = `01${zeros(31)}`;

/** The eight points of small order, each in its one encoding. */
export const SMALL_ORDER: readonly string[] = [
  IDENTITY,
  zeros(32),
  `${zeros(31)}80`,
  `ec${"ff".repeat(30)}7f`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

/** Other encodings of these: y at or above the prime, or a sign where x is zero. */
export const SECOND_ENCODINGS: readonly string[] = [
  `01${zeros(30)}80`,
  `ec${"ff".repeat(31)}`,
  `ed${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(31)}`,
  `ee${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(31)}`,
];

const SECRET = 777n;
const NONCE = 999n;

/** The public key of a secret, and the same with a point of order eight added. */
export const PLAIN_KEY: Uint8Array = curve.Point.BASE.multiply(SECRET).toBytes();
export const MIXED_KEY: Uint8Array = curve.Point.fromBytes(PLAIN_KEY)
  .add(curve.Point.fromHex(SMALL_ORDER[4] as string))
  .toBytes();

/** By the one secret under the mixed key: good for one message in eight, which it depends on the message. */
export function signByMixedKey(message: Uint8Array): Uint8Array {
  const first = curve.Point.BASE.multiply(NONCE).toBytes();
  const factor = bytesToNumberLE(sha512(concatBytes(first, MIXED_KEY, message))) % curve.Point.Fn.ORDER;
  return concatBytes(first, numberToBytesLE((NONCE + factor * SECRET) % curve.Point.Fn.ORDER, 32));
}
