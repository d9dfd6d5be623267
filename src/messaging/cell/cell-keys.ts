/**
 * Under which address and key a cell goes.
 *
 *   lane      from one device to another, in one epoch of a session:
 *             K = HKDF(epoch's exported key "cell/v1", "cell/lane/v1" | from 32 | to 32)
 *             seal key = HKDF(K, "cell/seal/v1")      address i = HMAC-SHA-256(HKDF(K, "cell/address/v1"), i u64)
 *   intro     to a device of which only the public key is known:
 *             S = ECDH(one-use key of the cell, device) on secp256k1
 *             seal key = HKDF(S, "cell/intro-seal/v1")   address = HMAC-SHA-256(HKDF(S, "cell/intro-address/v1"), one-use key 32)
 *
 * To everybody else every address is 32 random bytes. Intro addresses are found by whoever breaks elliptic curves, those of
 * lanes are not.
 */

import { concatBytes, equalBytes, fromHex, u32, utf8Encode } from "../../core/bytes.ts";
import { NocturneError } from "../../core/errors.ts";
import { deriveKey, hkdfExpand, hmacSha256 } from "../../crypto/key-derivation.ts";
import { KeyCache } from "../../crypto/key-cache.ts";
import { type AesGcmKey, aesGcmKey, type DiffieHellmanKey, secp256k1Key } from "../../crypto/provider.ts";
import type { OneUseKey } from "./cell.ts";

export interface LaneKeys {
  readonly seal: AesGcmKey;
  /** Of the address at an index. */
  readonly address: Uint8Array;
}

export interface IntroKeys {
  readonly seal: AesGcmKey;
  readonly address: Uint8Array;
}

const LANE_LABEL: Uint8Array = utf8Encode("cell/lane/v1");
const ownKeys = new KeyCache<DiffieHellmanKey>(secp256k1Key);

/** `exported` is the epoch's exported key "cell/v1", 32 bytes; devices are hex keys. */
export function laneKeys(exported: Uint8Array, from: string, to: string): LaneKeys {
  const master = hkdfExpand("sha256", exported, concatBytes(LANE_LABEL, fromHex(from), fromHex(to)), 32);
  return { seal: aesGcmKey(deriveKey(master, "cell/seal/v1")), address: deriveKey(master, "cell/address/v1") };
}

/** The 32 bytes under which cell `index` of a lane goes. */
export function laneAddress({ address }: Pick<LaneKeys, "address">, index: number): Uint8Array {
  return hmacSha256(address, concatBytes(u32(0), u32(index)));
}

/** For the sender of an intro cell. Throws CodecError `bad_public_key`. */
export function introKeys(oneUse: OneUseKey, to: string): IntroKeys {
  return introKeysOf(secp256k1Key(oneUse.secretKey).sharedSecret(fromHex(to)), oneUse.publicKey);
}

/** The key that opens a cell if it is an intro for the owner of `secretKey`; else null. */
export function introKeyOf(oneUsePublicKey: string, address: string, secretKey: Uint8Array): AesGcmKey | null {
  try {
    const shared = ownKeys.get(secretKey).sharedSecret(fromHex(oneUsePublicKey));
    const expected = introAddress(shared, oneUsePublicKey);
    return equalBytes(expected, fromHex(address)) ? introKeysOf(shared, oneUsePublicKey).seal : null;
  } catch (error) {
    if (error instanceof NocturneError) return null; // no point of the curve
    throw error;
  }
}

function introKeysOf(shared: Uint8Array, oneUsePublicKey: string): IntroKeys {
  return { seal: aesGcmKey(deriveKey(shared, "cell/intro-seal/v1")), address: introAddress(shared, oneUsePublicKey) };
}

function introAddress(shared: Uint8Array, oneUsePublicKey: string): Uint8Array {
  return hmacSha256(deriveKey(shared, "cell/intro-address/v1"), fromHex(oneUsePublicKey));
}
