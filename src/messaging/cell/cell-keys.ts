/**
 * Under which address and key a cell goes.
 *
 *   lane      from one device to another, in one epoch of a session:
 *             K = HKDF(epoch's exported key "cell/v1", "cell/lane/v1" | from 32 | to 32)
 *             seal key = HKDF(K, "cell/seal/v1")      address i = HMAC-SHA-256(HKDF(K, "cell/address/v1"), i u64)
 *   intro     to a device of which only the hybrid public key is known; its X25519 half is R:
 *             S = X25519(ephemeral of the cell, R)
 *             seal key = HMAC-SHA-256(S, "nocturne/cell/intro-seal/v1" | ephemeral 32 | R 32)
 *             address  = HMAC-SHA-256(S, "nocturne/cell/intro-address/v1" | ephemeral 32 | R 32)
 *
 * To everybody else every address is 32 random bytes. Intro addresses are found by whoever breaks elliptic curves, those of
 * lanes are not. Why R may serve here beside X-Wing: decision 11.
 */

import { concatBytes, equalBytes, fromHex, u32, utf8Encode, wipeBytes } from "../../core/bytes.ts";
import { CodecError } from "../../core/errors.ts";
import { type HybridKeyPair, x25519KeyIn, x25519PublicKeyIn } from "../../crypto/hybrid-kem.ts";
import { deriveKey, hkdfExpand, hmacSha256 } from "../../crypto/key-derivation.ts";
import { type AesGcmKey, aesGcmKey, type DiffieHellmanKey, hmac } from "../../crypto/provider.ts";

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
const INTRO_SEAL: Uint8Array = utf8Encode("nocturne/cell/intro-seal/v1");
const INTRO_ADDRESS: Uint8Array = utf8Encode("nocturne/cell/intro-address/v1");

/** `exported` is the epoch's exported key "cell/v1", 32 bytes; devices are hex keys. */
export function laneKeys(exported: Uint8Array, from: string, to: string): LaneKeys {
  const master = hkdfExpand("sha256", exported, concatBytes(LANE_LABEL, fromHex(from), fromHex(to)), 32);
  const [seal, address] = [deriveKey(master, "cell/seal/v1"), deriveKey(master, "cell/address/v1")];
  wipeBytes(master);
  return { seal: takeKey(seal), address };
}

/** The 32 bytes under which cell `index` of a lane goes. */
export function laneAddress({ address }: Pick<LaneKeys, "address">, index: number): Uint8Array {
  return hmacSha256(address, concatBytes(u32(0), u32(index)));
}

/** For the sender of an intro cell; `to` is the device's hybrid public key, 1,216 bytes. Throws CodecError `bad_public_key`. */
export function introKeys(ephemeral: DiffieHellmanKey, to: Uint8Array): IntroKeys {
  const recipient = x25519PublicKeyIn(to);
  const shared = ephemeral.sharedSecret(recipient);
  const [seal, address] = [INTRO_SEAL, INTRO_ADDRESS].map((label) =>
    hmac("sha256", shared, label, ephemeral.publicKey, recipient),
  ) as [Uint8Array, Uint8Array];
  wipeBytes(shared);
  return { seal: takeKey(seal), address };
}

/**
 * The key that opens a cell if it is an intro for the owner of `own`; else null. All that a trial does with the secret
 * takes the same time whatever comes. A point of small order, with which anybody could tell the secret, is nobody's.
 */
export function introKeyOf(ephemeral: Uint8Array, address: Uint8Array, own: HybridKeyPair): AesGcmKey | null {
  const key = x25519KeyIn(own.secretKey);
  const shared = agree(key, ephemeral);
  if (!shared) return null;
  try {
    const expected = hmac("sha256", shared, INTRO_ADDRESS, ephemeral, key.publicKey);
    if (!equalBytes(expected, address)) return null;
    return takeKey(hmac("sha256", shared, INTRO_SEAL, ephemeral, key.publicKey));
  } finally {
    wipeBytes(shared);
  }
}

/** The key of these bytes, which are gone then. */
export function takeKey(bytes: Uint8Array): AesGcmKey {
  const key = aesGcmKey(bytes);
  wipeBytes(bytes);
  return key;
}

function agree(own: DiffieHellmanKey, ephemeral: Uint8Array): Uint8Array | null {
  try {
    return own.sharedSecret(ephemeral);
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}
