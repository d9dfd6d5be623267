/**
 * X-Wing, the hybrid key encapsulation (draft-connolly-cfrg-xwing-kem): a secret agreed through X25519 and
 * ML-KEM-768 at once, safe as long as one of the two is. ML-KEM is the part that a quantum computer cannot undo.
 *
 *   secret key   seed 32 ── SHAKE256 ──> ML-KEM seed 64 | X25519 secret 32
 *   public key   ML-KEM 1,184 | X25519 32
 *   ciphertext   ML-KEM 1,088 | X25519 32 (a one-use public key)
 *   shared       SHA3-256(ss_M 32 | ss_X 32 | ct_X 32 | pk_X 32 | "\.//^\")
 */

import { concatBytes } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { KeyCache } from "./key-cache.ts";
import {
  type DiffieHellmanKey,
  type KemSecretKey,
  mlKem768PublicKey,
  mlKem768SecretKey,
  sha3_256,
  shake256,
  x25519Key,
} from "./provider.ts";

export const HYBRID_PUBLIC_KEY_BYTES = 1216;
const HYBRID_SECRET_KEY_BYTES = 32;
export const HYBRID_CIPHERTEXT_BYTES = 1120;
export const HYBRID_SHARED_SECRET_BYTES = 32;

const ML_KEM_SEED_BYTES = 64;
const ML_KEM_PUBLIC_KEY_BYTES = 1184;
const ML_KEM_CIPHERTEXT_BYTES = 1088;
const LABEL: Uint8Array = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

export interface HybridKeyPair {
  /** 1,216 bytes. */
  readonly publicKey: Uint8Array;
  /** The 32-byte seed. */
  readonly secretKey: Uint8Array;
}

interface ParsedSecretKey {
  readonly mlKem: KemSecretKey;
  readonly x25519: DiffieHellmanKey;
}

const secretKeys = new KeyCache<ParsedSecretKey>(parseSecretKey);
const publicKeys = new KeyCache(parsePublicKey);

/** The key pair of a 32-byte seed, the same each time. Throws CodecError `bad_secret_key` for another length. */
export function createHybridKeyPair(seed: Uint8Array): HybridKeyPair {
  const secretKey = seed.slice();
  const { mlKem, x25519 } = secretKeys.get(secretKey);
  return { publicKey: concatBytes(mlKem.publicKey, x25519.publicKey), secretKey };
}

/**
 * A fresh shared secret of 32 bytes and the 1,120 bytes that let the owner of a 1,216-byte public key find it.
 * Throws CodecError `bad_public_key` if the key is malformed.
 */
export function encapsulate(publicKey: Uint8Array): { ciphertext: Uint8Array; sharedSecret: Uint8Array } {
  const { mlKem, x25519PublicKey } = publicKeys.get(publicKey);
  const oneUse = x25519Key(randomBytes(32));
  const agreed = mlKem.encapsulate();
  const sharedSecret = sha3_256(
    concatBytes(agreed.sharedSecret, oneUse.sharedSecret(x25519PublicKey), oneUse.publicKey, x25519PublicKey, LABEL),
  );
  return { ciphertext: concatBytes(agreed.ciphertext, oneUse.publicKey), sharedSecret };
}

/**
 * The 32-byte secret of a 1,120-byte ciphertext. An altered ciphertext gives another secret and no error
 * (implicit rejection); CryptoError is thrown only for a wrong length or an X25519 key of small order.
 */
export function decapsulate(ciphertext: Uint8Array, secretKey: Uint8Array): Uint8Array {
  if (ciphertext.length !== HYBRID_CIPHERTEXT_BYTES) throw new CryptoError();
  const { mlKem, x25519 } = secretKeys.get(secretKey);
  const oneUsePublicKey = ciphertext.subarray(ML_KEM_CIPHERTEXT_BYTES);
  const fromMlKem = mlKem.decapsulate(ciphertext.subarray(0, ML_KEM_CIPHERTEXT_BYTES));
  const fromX25519 = orCryptoError(() => x25519.sharedSecret(oneUsePublicKey));
  return sha3_256(concatBytes(fromMlKem, fromX25519, oneUsePublicKey, x25519.publicKey, LABEL));
}

/**
 * The X25519 half of a secret key. Whoever agrees with it must derive from what comes out, under a label of his own, and
 * hand out nothing else (decision 11).
 */
export function x25519KeyIn(secretKey: Uint8Array): DiffieHellmanKey {
  return secretKeys.get(secretKey).x25519;
}

/** The X25519 half of a 1,216-byte public key: its last 32 bytes. Throws CodecError `bad_public_key` for another length. */
export function x25519PublicKeyIn(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== HYBRID_PUBLIC_KEY_BYTES) throw badLength();
  return publicKey.subarray(ML_KEM_PUBLIC_KEY_BYTES);
}

function parseSecretKey(seed: Uint8Array): ParsedSecretKey {
  if (seed.length !== HYBRID_SECRET_KEY_BYTES) {
    throw new CodecError("bad_secret_key", "A hybrid secret key has 32 bytes.");
  }
  const expanded = shake256(seed, ML_KEM_SEED_BYTES + 32);
  return {
    mlKem: mlKem768SecretKey(expanded.subarray(0, ML_KEM_SEED_BYTES)),
    x25519: x25519Key(expanded.subarray(ML_KEM_SEED_BYTES)),
  };
}

function parsePublicKey(bytes: Uint8Array) {
  if (bytes.length !== HYBRID_PUBLIC_KEY_BYTES) throw badLength();
  return {
    mlKem: mlKem768PublicKey(bytes.subarray(0, ML_KEM_PUBLIC_KEY_BYTES)),
    x25519PublicKey: bytes.slice(ML_KEM_PUBLIC_KEY_BYTES),
  };
}

function badLength(): CodecError {
  return new CodecError("bad_public_key", "A hybrid public key has 1,216 bytes.");
}

function orCryptoError<T>(work: () => T): T {
  try {
    return work();
  } catch {
    throw new CryptoError();
  }
}
