/**
 * The signing keys of a channel. Its owner keeps one seed; everybody else knows the public keys by their hash.
 *
 *   seed 32 -- deriveKey("channel/ed25519/v1") ----> Ed25519 seed    public key    32
 *           \- deriveKey("channel/ml-dsa-65/v1") --> ML-DSA-65 seed  public key 1,952
 *   digest = SHA-256("nocturne/channel/digest/v1" | public keys 1,984)
 *   id     = "c" | hex(digest[0..16])
 *   signature = Ed25519 64 | ML-DSA-65 3,309, both over the same message; both must be right
 *
 * The message always contains the digest, so that half of one channel's signature proves nothing in another.
 * Specified in NEP-07.
 */

import { concatBytes, toHex, utf8Encode } from "../../core/bytes.ts";
import { deriveKey, sha256 } from "../../crypto/key-derivation.ts";
import { ed25519, mlDsa65 } from "../../crypto/signing.ts";

export const CHANNEL_DIGEST_BYTES = 32;
export const CHANNEL_PUBLIC_KEYS_BYTES = 1_984;
export const CHANNEL_SIGNATURE_BYTES = 3_373;

const ED25519_PUBLIC_KEY_BYTES = 32;
const ED25519_SIGNATURE_BYTES = 64;
const ID_BYTES = 16;
const DIGEST_LABEL = utf8Encode("nocturne/channel/digest/v1");

/** What its owner signs with. */
export interface ChannelSigner {
  /** 1,984 bytes. */
  readonly publicKeys: Uint8Array;
  /** 3,373 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** What a reader checks with: public keys whose hash is the channel's. */
export interface ChannelVerifier {
  readonly digest: Uint8Array;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** The keys of a 32-byte channel seed. */
export function createSigner(seed: Uint8Array): ChannelSigner {
  const classic = ed25519.createKeyPair(deriveKey(seed, "channel/ed25519/v1"));
  const quantum = mlDsa65.createKeyPair(deriveKey(seed, "channel/ml-dsa-65/v1"));
  return {
    publicKeys: concatBytes(classic.publicKey, quantum.publicKey),
    sign: (message) => concatBytes(ed25519.sign(message, classic.secretKey), mlDsa65.sign(message, quantum.secretKey)),
  };
}

/** A verifier for 1,984 bytes of public keys. */
export function createVerifier(publicKeys: Uint8Array): ChannelVerifier {
  const classic = publicKeys.slice(0, ED25519_PUBLIC_KEY_BYTES);
  const quantum = publicKeys.slice(ED25519_PUBLIC_KEY_BYTES);
  return {
    digest: channelDigest(publicKeys),
    // The cheap one first: who cannot forge Ed25519 does not make us work for ML-DSA.
    verify: (message, signature) =>
      ed25519.verify(message, signature.subarray(0, ED25519_SIGNATURE_BYTES), classic) &&
      mlDsa65.verify(message, signature.subarray(ED25519_SIGNATURE_BYTES), quantum),
  };
}

/** 32 bytes that stand for a channel: the hash of its public keys. */
export function channelDigest(publicKeys: Uint8Array): Uint8Array {
  return sha256(concatBytes(DIGEST_LABEL, publicKeys));
}

export function channelId(digest: Uint8Array): string {
  return `c${toHex(digest.subarray(0, ID_BYTES))}`;
}
