/**
 * Signatures: Ed25519 (RFC 8032), which MLS signs everything with, and ML-DSA-65 (FIPS 204), which also a quantum
 * computer cannot forge, for the few statements that must stay believable for years.
 *
 *               secret   public key   signature
 *   Ed25519     seed 32          32          64
 *   ML-DSA-65   seed 32       1,952       3,309
 *
 * Keys go by their bytes; what is parsed from them is remembered while the caller keeps the same buffer.
 */

import { randomBytes } from "../core/random.ts";
import { KeyCache } from "./key-cache.ts";
import {
  ed25519SigningKey,
  ed25519VerifyingKey,
  mlDsa65SigningKey,
  mlDsa65VerifyingKey,
  type SigningKey,
  type VerifyingKey,
} from "./provider.ts";

const SEED_BYTES = 32;

export interface SignatureKeyPair {
  readonly publicKey: Uint8Array;
  /** The 32-byte seed. */
  readonly secretKey: Uint8Array;
}

export interface SignatureScheme {
  /** The key pair of a 32-byte seed, by default a random one. Throws CodecError for another length. */
  createKeyPair(seed?: Uint8Array): SignatureKeyPair;
  /** Throws CodecError if the secret key does not have 32 bytes. */
  sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  /** False for a wrong signature as for a malformed signature or public key. */
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
}

export const ed25519: SignatureScheme = createScheme(ed25519SigningKey, ed25519VerifyingKey);
export const mlDsa65: SignatureScheme = createScheme(mlDsa65SigningKey, mlDsa65VerifyingKey);

function createScheme(
  parseSecretKey: (seed: Uint8Array) => SigningKey,
  parsePublicKey: (bytes: Uint8Array) => VerifyingKey,
): SignatureScheme {
  const secretKeys = new KeyCache(parseSecretKey);
  const publicKeys = new KeyCache((bytes) => orNull(() => parsePublicKey(bytes)));
  return {
    createKeyPair(seed = randomBytes(SEED_BYTES)) {
      const secretKey = seed.slice();
      return { publicKey: secretKeys.get(secretKey).publicKey, secretKey };
    },
    sign: (message, secretKey) => secretKeys.get(secretKey).sign(message),
    verify: (message, signature, publicKey) => publicKeys.get(publicKey)?.verify(message, signature) ?? false,
  };
}

function orNull<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch {
    return null;
  }
}
