/**
 * The cryptography of our MLS groups, handed to ts-mls in place of its own: the suite X-Wing, HKDF-SHA-512,
 * AES-256-GCM, SHA-512, Ed25519, on the primitives of `src/crypto`. On the wire it is byte for byte what ts-mls's
 * default provider makes; it is only several times faster, because nothing goes through Web Crypto or JavaScript.
 *
 *   ts-mls ── CiphersuiteImpl ──> hpke.ts, signing.ts, key-derivation.ts ──> provider.ts
 *
 * All of it is synchronous; the promises are there because the interface asks for them.
 */

import { type CiphersuiteImpl, ciphersuites, type Hpke, type PrivateKey, type PublicKey } from "ts-mls";
import { equalBytes } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { randomBytes } from "../../core/random.ts";
import {
  deriveHpkeKeyPair,
  HPKE_KEY_BYTES,
  HPKE_NONCE_BYTES,
  hpkeExportSecret,
  hpkeImportSecret,
  hpkeOpen,
  hpkeSeal,
} from "../../crypto/hpke.ts";
import { createHybridKeyPair, HYBRID_PUBLIC_KEY_BYTES, type HybridKeyPair } from "../../crypto/hybrid-kem.ts";
import { hkdfExpand } from "../../crypto/key-derivation.ts";
import { aesGcmKey, hmac, sha512 } from "../../crypto/provider.ts";
import { ed25519 } from "../../crypto/signing.ts";

const HASH_BYTES = 64;
const SECRET_KEY_BYTES = 32;
const TAG_BYTES = 16;
const EMPTY = new Uint8Array(0);

/**
 * What we give ts-mls as a key. It takes and hands back keys without looking into them; the bytes keep the
 * identity of the buffer they came in, by which `KeyCache` finds what was already parsed.
 */
interface WrappedKey {
  readonly type: "private" | "public";
  readonly bytes: Uint8Array;
}

const hpke: Hpke = {
  keyLength: HPKE_KEY_BYTES,
  nonceLength: HPKE_NONCE_BYTES,
  seal: async (publicKey, plaintext, info, aad = EMPTY) => {
    const { kemOutput, ciphertext } = hpkeSeal(unwrapKey(publicKey), plaintext, info, aad);
    return { enc: kemOutput, ct: ciphertext };
  },
  open: async (privateKey, kemOutput, ciphertext, info, aad = EMPTY) =>
    hpkeOpen(unwrapKey(privateKey), { kemOutput, ciphertext }, info, aad),
  exportSecret: async (publicKey, exporterContext, length, info) => {
    const { kemOutput, secret } = hpkeExportSecret(unwrapKey(publicKey), info, exporterContext, length);
    return { enc: kemOutput, secret };
  },
  importSecret: async (privateKey, exporterContext, kemOutput, length, info) =>
    hpkeImportSecret(unwrapKey(privateKey), kemOutput, info, exporterContext, length),
  importPrivateKey: async (bytes) => wrapKey("private", bytes, SECRET_KEY_BYTES) as PrivateKey,
  importPublicKey: async (bytes) => wrapKey("public", bytes, HYBRID_PUBLIC_KEY_BYTES) as PublicKey,
  exportPrivateKey: async (key) => unwrapKey(key),
  exportPublicKey: async (key) => unwrapKey(key),
  deriveKeyPair: async (ikm) => wrapPair(deriveHpkeKeyPair(ikm)),
  generateKeyPair: async () => wrapPair(createHybridKeyPair(randomBytes(SECRET_KEY_BYTES))),
  encryptAead: async (key, nonce, aad = EMPTY, plaintext) => {
    const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
    aesGcmKey(key).sealInto(sealed, nonce, plaintext, aad);
    return sealed;
  },
  decryptAead: async (key, nonce, aad = EMPTY, sealed) => {
    if (sealed.length < TAG_BYTES) throw new CryptoError();
    const plaintext = new Uint8Array(sealed.length - TAG_BYTES);
    aesGcmKey(key).openInto(plaintext, nonce, sealed, aad);
    return plaintext;
  },
};

/**
 * MLS_256_XWING_AES256GCM_SHA512_Ed25519 (0xf00d, ts-mls's private number). Signing keys are 32-byte seeds.
 * Failed decryptions are CryptoError; a wrong signature is false.
 */
export const mlsSuite: CiphersuiteImpl = {
  id: ciphersuites.MLS_256_XWING_AES256GCM_SHA512_Ed25519,
  hpke,
  hash: {
    digest: async (data) => sha512(data),
    mac: async (key, data) => hmac("sha512", key, data),
    verifyMac: async (key, mac, data) => equalBytes(mac, hmac("sha512", key, data)),
  },
  kdf: {
    size: HASH_BYTES,
    extract: async (salt, ikm) => hmac("sha512", salt, ikm),
    expand: async (prk, info, length) => hkdfExpand("sha512", prk, info, length),
  },
  signature: {
    sign: async (signKey, message) => ed25519.sign(message, signKey),
    verify: async (publicKey, message, signature) => ed25519.verify(message, signature, publicKey),
    keygen: async () => {
      const { publicKey, secretKey } = ed25519.createKeyPair();
      return { publicKey, signKey: secretKey };
    },
  },
  rng: { randomBytes },
};

function wrapKey(type: WrappedKey["type"], bytes: Uint8Array, length: number): WrappedKey {
  if (bytes.length !== length) throw new CryptoError();
  return { type, bytes };
}

function wrapPair({ publicKey, secretKey }: HybridKeyPair): { publicKey: PublicKey; privateKey: PrivateKey } {
  return {
    publicKey: wrapKey("public", publicKey, HYBRID_PUBLIC_KEY_BYTES) as PublicKey,
    privateKey: wrapKey("private", secretKey, SECRET_KEY_BYTES) as PrivateKey,
  };
}

function unwrapKey(key: unknown): Uint8Array {
  return (key as WrappedKey).bytes;
}
