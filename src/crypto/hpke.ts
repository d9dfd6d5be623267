/**
 * Hybrid public key encryption (RFC 9180) in base mode, for the one suite that Nocturne's MLS groups use:
 * X-Wing, HKDF-SHA-512, AES-256-GCM. One message a context, therefore always sequence number 0.
 *
 *   public key ── encapsulate ──> kem output 1,120, shared secret 32
 *   context = mode 00 | hash of no PSK id 64 | hash of info 64
 *   secret  = extract(salt = shared secret)  ──> key 32, nonce 12, exporter secret 64, all bound to context
 *   sealed  = kem output | AES-256-GCM(plaintext) with tag 16
 *
 * It says nothing of the sender: MLS signs what needs an author.
 */

import { concatBytes, u16, utf8Encode } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { createHybridKeyPair, decapsulate, encapsulate, type HybridKeyPair } from "./hybrid-kem.ts";
import { hkdfExpand } from "./key-derivation.ts";
import { aesGcmKey, hmac, shake256 } from "./provider.ts";

export const HPKE_KEY_BYTES = 32;
export const HPKE_NONCE_BYTES = 12;
const HASH_BYTES = 64;
const TAG_BYTES = 16;

const EMPTY = new Uint8Array(0);
const VERSION_LABEL = utf8Encode("HPKE-v1");
/** X-Wing 0x647a, HKDF-SHA-512 0x0003, AES-256-GCM 0x0002. */
const SUITE = concatBytes(utf8Encode("HPKE"), u16(0x647a), u16(0x0003), u16(0x0002));
const BASE_MODE = Uint8Array.of(0);
const NO_PSK_ID_HASH = labeledExtract(EMPTY, "psk_id_hash", EMPTY);

export interface HpkeSealed {
  /** 1,120 bytes. */
  readonly kemOutput: Uint8Array;
  /** The plaintext's length and 16. */
  readonly ciphertext: Uint8Array;
}

interface KeySchedule {
  readonly secret: Uint8Array;
  readonly context: Uint8Array;
}

/** Encrypts for the owner of a 1,216-byte public key. Throws CodecError `bad_public_key` (RFC 9180 section 6.1). */
export function hpkeSeal(
  publicKey: Uint8Array,
  plaintext: Uint8Array,
  info: Uint8Array,
  associatedData: Uint8Array,
): HpkeSealed {
  const kem = encapsulate(publicKey);
  const { key, nonce } = deriveAeadKey(scheduleKeys(kem.sharedSecret, info));
  const ciphertext = new Uint8Array(plaintext.length + TAG_BYTES);
  aesGcmKey(key).sealInto(ciphertext, nonce, plaintext, associatedData);
  return { kemOutput: kem.ciphertext, ciphertext };
}

/** The plaintext of `hpkeSeal`. Throws CryptoError if the key, one byte, the info or the associated data differs. */
export function hpkeOpen(
  secretKey: Uint8Array,
  { kemOutput, ciphertext }: HpkeSealed,
  info: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  if (ciphertext.length < TAG_BYTES) throw new CryptoError();
  const { key, nonce } = deriveAeadKey(scheduleKeys(decapsulate(kemOutput, secretKey), info));
  const plaintext = new Uint8Array(ciphertext.length - TAG_BYTES);
  aesGcmKey(key).openInto(plaintext, nonce, ciphertext, associatedData);
  return plaintext;
}

/** A fresh secret shared with the owner of a public key, and the 1,120 bytes that carry it (RFC 9180 section 6.2). */
export function hpkeExportSecret(
  publicKey: Uint8Array,
  info: Uint8Array,
  exporterContext: Uint8Array,
  length: number,
): { kemOutput: Uint8Array; secret: Uint8Array } {
  const { ciphertext, sharedSecret } = encapsulate(publicKey);
  return { kemOutput: ciphertext, secret: exportFrom(scheduleKeys(sharedSecret, info), exporterContext, length) };
}

/**
 * The secret of `hpkeExportSecret`. An altered `kemOutput` gives another secret and mostly no error: only what is
 * opened with the secret tells. Throws CryptoError as `decapsulate` does.
 */
export function hpkeImportSecret(
  secretKey: Uint8Array,
  kemOutput: Uint8Array,
  info: Uint8Array,
  exporterContext: Uint8Array,
  length: number,
): Uint8Array {
  return exportFrom(scheduleKeys(decapsulate(kemOutput, secretKey), info), exporterContext, length);
}

/** The key pair of any secret bytes, the same each time (draft-connolly-cfrg-xwing-kem, DeriveKeyPair). */
export function deriveHpkeKeyPair(ikm: Uint8Array): HybridKeyPair {
  return createHybridKeyPair(shake256(ikm, 32));
}

/** RFC 9180 section 5.1, with no PSK. */
function scheduleKeys(sharedSecret: Uint8Array, info: Uint8Array): KeySchedule {
  const infoHash = labeledExtract(EMPTY, "info_hash", info);
  const secret = labeledExtract(sharedSecret, "secret", EMPTY);
  return { secret, context: concatBytes(BASE_MODE, NO_PSK_ID_HASH, infoHash) };
}

function deriveAeadKey({ secret, context }: KeySchedule): { key: Uint8Array; nonce: Uint8Array } {
  return {
    key: labeledExpand(secret, "key", context, HPKE_KEY_BYTES),
    nonce: labeledExpand(secret, "base_nonce", context, HPKE_NONCE_BYTES),
  };
}

function exportFrom({ secret, context }: KeySchedule, exporterContext: Uint8Array, length: number): Uint8Array {
  return labeledExpand(labeledExpand(secret, "exp", context, HASH_BYTES), "sec", exporterContext, length);
}

/** RFC 9180 section 4. */
function labeledExtract(salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hmac("sha512", salt, VERSION_LABEL, SUITE, utf8Encode(label), ikm);
}

/** RFC 9180 section 4. */
function labeledExpand(secret: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
  return hkdfExpand("sha512", secret, concatBytes(u16(length), VERSION_LABEL, SUITE, utf8Encode(label), info), length);
}
