/**
 * The same primitives as `provider.ts` for a browser, in JavaScript (noble). Web Crypto is not used: it answers
 * only asynchronously, has no Argon2id and no ML-KEM everywhere, and is missing on plain-HTTP onion addresses.
 *
 * Every export is a plain function over side-effect-free imports, so that a bundle keeps only what it calls.
 */

import { gcm } from "@noble/ciphers/aes.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { argon2idAsync } from "@noble/hashes/argon2.js";
import { hmac as nobleHmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256, sha512 as nobleSha512 } from "@noble/hashes/sha2.js";
import { sha3_256 as nobleSha3, shake256 as nobleShake } from "@noble/hashes/sha3.js";
import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { concatBytes, toHex } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import type {
  AesGcmKey,
  Argon2Cost,
  DiffieHellmanKey,
  KemPublicKey,
  KemSecretKey,
  KeyedHash,
  SigningKey,
  VerifyingKey,
} from "./provider.ts";

export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

export function publicSha256(data: Uint8Array): Uint8Array {
  return sha256(data);
}

export function sha256Hex(data: Uint8Array): string {
  return toHex(nobleSha256(data));
}

export function sha512(data: Uint8Array): Uint8Array {
  return nobleSha512(data);
}

export function sha3_256(data: Uint8Array): Uint8Array {
  return nobleSha3(data);
}

export function shake256(data: Uint8Array, length: number): Uint8Array {
  return nobleShake(data, { dkLen: length });
}

export function hmac(
  algorithm: "sha256" | "sha512" | "sha3-256",
  key: Uint8Array,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  const hash = algorithm === "sha256" ? nobleSha256 : algorithm === "sha512" ? nobleSha512 : nobleSha3;
  const mac = nobleHmac.create(hash, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

export function keyedHash(key: Uint8Array): KeyedHash {
  return nobleHmac.create(nobleSha256, key);
}

/** In the calling thread, but with pauses, so that the page stays alive. */
export function argon2id(message: Uint8Array, salt: Uint8Array, cost: Argon2Cost, length: number): Promise<Uint8Array> {
  return argon2idAsync(message, salt, { t: cost.passes, m: cost.memoryKiB, p: cost.lanes, dkLen: length });
}

export function aesGcmKey(bytes: Uint8Array): AesGcmKey {
  const key = bytes.slice();
  return {
    sealInto(output, nonce, plaintext, associatedData) {
      output.set(gcm(key, nonce, associatedData).encrypt(plaintext));
    },
    openInto(output, nonce, sealed, associatedData) {
      let plaintext: Uint8Array;
      try {
        plaintext = gcm(key, nonce, associatedData).decrypt(sealed);
      } catch {
        throw new CryptoError();
      }
      output.set(plaintext);
    },
  };
}

export function x25519Key(secretKey: Uint8Array): DiffieHellmanKey {
  const secret = secretKey.slice();
  return {
    publicKey: parseSecret(() => x25519.getPublicKey(secret)),
    sharedSecret: (peer) => parsePublic(() => x25519.getSharedSecret(secret, peer)),
  };
}

export function isSecp256k1Scalar(bytes: Uint8Array): boolean {
  return secp256k1.utils.isValidSecretKey(bytes);
}

export function secp256k1Key(secretKey: Uint8Array): DiffieHellmanKey {
  const secret = secretKey.slice();
  const evenY = Uint8Array.of(2);
  return {
    publicKey: parseSecret(() => schnorr.getPublicKey(secret)),
    sharedSecret: (peer) =>
      parsePublic(() => secp256k1.getSharedSecret(secret, concatBytes(evenY, peer), true).subarray(1)),
  };
}

export function mlKem768SecretKey(seed: Uint8Array): KemSecretKey {
  const { publicKey, secretKey } = parseSecret(() => ml_kem768.keygen(seed));
  return { publicKey, decapsulate: (ciphertext) => ml_kem768.decapsulate(ciphertext, secretKey) };
}

export function mlKem768PublicKey(bytes: Uint8Array): KemPublicKey {
  if (bytes.length !== 1184 || !coefficientsInRange(bytes.subarray(0, 1152))) throw badPublicKey();
  const key = bytes.slice();
  return {
    encapsulate() {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(key);
      return { ciphertext: cipherText, sharedSecret };
    },
  };
}

export function ed25519SigningKey(secretKey: Uint8Array): SigningKey {
  const secret = secretKey.slice();
  return {
    publicKey: parseSecret(() => ed25519.getPublicKey(secret)),
    sign: (message) => ed25519.sign(message, secret),
  };
}

export function ed25519VerifyingKey(bytes: Uint8Array): VerifyingKey {
  if (bytes.length !== 32) throw badPublicKey();
  const key = bytes.slice();
  // RFC 8032 and not ZIP 215, which lets encodings pass that OpenSSL refuses.
  return { verify: (message, signature) => verifies(() => ed25519.verify(signature, message, key, { zip215: false })) };
}

export function mlDsa65SigningKey(seed: Uint8Array): SigningKey {
  const { publicKey, secretKey } = parseSecret(() => ml_dsa65.keygen(seed));
  return { publicKey, sign: (message) => ml_dsa65.sign(message, secretKey) };
}

export function mlDsa65VerifyingKey(bytes: Uint8Array): VerifyingKey {
  if (bytes.length !== 1952) throw badPublicKey();
  const key = bytes.slice();
  return { verify: (message, signature) => verifies(() => ml_dsa65.verify(signature, message, key)) };
}

/** Noble throws at a signature of a wrong length or form. */
function verifies(work: () => boolean): boolean {
  try {
    return work();
  } catch {
    return false;
  }
}

function parseSecret<T>(work: () => T): T {
  try {
    return work();
  } catch {
    throw new CodecError("bad_secret_key", "This is not a usable secret key.");
  }
}

function parsePublic<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw badPublicKey(cause);
  }
}

/** FIPS 203 section 7.2, the modulus check, which noble 0.5.2 lets pass: all 12-bit numbers are below 3,329. */
function coefficientsInRange(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i += 3) {
    const [low, middle, high] = [bytes[i] as number, bytes[i + 1] as number, bytes[i + 2] as number];
    if ((low | ((middle & 15) << 8)) >= 3329 || ((middle >>> 4) | (high << 4)) >= 3329) return false;
  }
  return true;
}

function badPublicKey(cause?: unknown): CodecError {
  return new CodecError("bad_public_key", "This is not a usable public key.", { cause });
}
