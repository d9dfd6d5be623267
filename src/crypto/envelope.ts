/**
 * The hybrid envelope (NEP-01): one message for one person, readable by nobody else, neither today nor by a
 * quantum computer later, if the recipient's hybrid key is known.
 *
 *   version 1 | suite u8 | one-use key 32 | [X-Wing ciphertext 1,120]     header, associated data of both seals
 *   | wrapped session key: nonce 12, 32, tag 16
 *   | sealed body: nonce 12, body, tag 16
 *
 *   suite 1, elliptic-curve   kek from ECDH(one-use key, npub) on secp256k1
 *   suite 2, hybrid           kek from that and an X-Wing shared secret: both must be broken
 *   kek = HKDF-SHA-512(ikm = ECDH x 32 [| X-Wing 32], salt = "nocturne/envelope/v1",
 *                      info = suite | one-use key | recipient's npub 32 [| X-Wing ciphertext])
 *
 * Keys are secp256k1 x coordinates as in Nostr. The envelope says nothing of its sender: the body must prove that.
 */

import { concatBytes, wipeBytes } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { openBytes, SEAL_OVERHEAD_BYTES, sealBytes } from "./aead.ts";
import { decapsulate, encapsulate, HYBRID_CIPHERTEXT_BYTES, type HybridKeyPair } from "./hybrid-kem.ts";
import { KeyCache } from "./key-cache.ts";
import { hkdfSha512 } from "./key-derivation.ts";
import { type DiffieHellmanKey, secp256k1Key } from "./provider.ts";

export type EnvelopeSuite = "elliptic-curve" | "hybrid";

export interface EnvelopeRecipient {
  /** 32-byte x coordinate: the npub. */
  readonly nostrPublicKey: Uint8Array;
  /** 1,216 bytes. Without it the envelope is not safe from quantum computers: suite elliptic-curve. */
  readonly hybridPublicKey?: Uint8Array | undefined;
}

export interface EnvelopeKeys {
  readonly nostrSecretKey: Uint8Array;
  readonly hybrid: HybridKeyPair;
}

const VERSION = 1;
const SUITE_CODES = { "elliptic-curve": 1, hybrid: 2 } as const;
const SALT = "nocturne/envelope/v1";
const POINT_BYTES = 32;
const SESSION_KEY_BYTES = 32;
const WRAPPED_KEY_BYTES = SESSION_KEY_BYTES + SEAL_OVERHEAD_BYTES;

const NO_KEM = { ciphertext: new Uint8Array(0), sharedSecret: new Uint8Array(0) };

const nostrKeys = new KeyCache<DiffieHellmanKey>(secp256k1Key);

/**
 * Seals a body of any length: 122 bytes more with suite elliptic-curve, 1,242 with hybrid.
 * Throws CodecError `bad_public_key` if a key of the recipient is malformed.
 */
export function sealEnvelope(body: Uint8Array, recipient: EnvelopeRecipient): Uint8Array {
  const oneUse = secp256k1Key(randomBytes(32));
  const hybrid = recipient.hybridPublicKey ? encapsulate(recipient.hybridPublicKey) : NO_KEM;
  const suite = recipient.hybridPublicKey ? "hybrid" : "elliptic-curve";
  const header = concatBytes(Uint8Array.of(VERSION, SUITE_CODES[suite]), oneUse.publicKey, hybrid.ciphertext);
  const secrets = concatBytes(oneUse.sharedSecret(recipient.nostrPublicKey), hybrid.sharedSecret);
  const kek = deriveKek(secrets, header, recipient.nostrPublicKey);
  const sessionKey = randomBytes(SESSION_KEY_BYTES);
  const envelope = concatBytes(header, sealBytes(kek, sessionKey, header), sealBytes(sessionKey, body, header));
  wipeBytes(kek, sessionKey);
  return envelope;
}

/** The body and how it was protected. Throws CryptoError for anything not sealed, whole and unaltered, for these keys. */
export function openEnvelope(envelope: Uint8Array, keys: EnvelopeKeys): { body: Uint8Array; suite: EnvelopeSuite } {
  const suite = suiteOf(envelope);
  const kemBytes = suite === "hybrid" ? HYBRID_CIPHERTEXT_BYTES : 0;
  const headerBytes = 2 + POINT_BYTES + kemBytes;
  const bodyStart = headerBytes + WRAPPED_KEY_BYTES;
  if (envelope.length < bodyStart + SEAL_OVERHEAD_BYTES) throw new CryptoError();
  const header = envelope.subarray(0, headerBytes);
  const own = nostrKeys.get(keys.nostrSecretKey);
  const kek = deriveKek(agreeAsRecipient(header, own, keys.hybrid), header, own.publicKey);
  const sessionKey = openBytes(kek, envelope.subarray(headerBytes, bodyStart), header);
  const body = openBytes(sessionKey, envelope.subarray(bodyStart), header);
  wipeBytes(kek, sessionKey);
  return { body, suite };
}

function suiteOf(envelope: Uint8Array): EnvelopeSuite {
  if (envelope[0] !== VERSION) throw new CryptoError();
  if (envelope[1] === SUITE_CODES.hybrid) return "hybrid";
  if (envelope[1] === SUITE_CODES["elliptic-curve"]) return "elliptic-curve";
  throw new CryptoError();
}

/** ECDH x 32 [| X-Wing secret 32], from the points and ciphertext of an envelope's header. */
function agreeAsRecipient(header: Uint8Array, own: DiffieHellmanKey, hybrid: HybridKeyPair): Uint8Array {
  const kemCiphertext = header.subarray(2 + POINT_BYTES);
  const fromKem = kemCiphertext.length > 0 ? decapsulate(kemCiphertext, hybrid.secretKey) : NO_KEM.sharedSecret;
  try {
    return concatBytes(own.sharedSecret(header.subarray(2, 2 + POINT_BYTES)), fromKem);
  } catch {
    // A one-use key that is no point of the curve.
    throw new CryptoError();
  }
}

/** Wipes the secrets that went in. */
function deriveKek(secrets: Uint8Array, header: Uint8Array, recipientNpub: Uint8Array): Uint8Array {
  const oneUse = header.subarray(2, 2 + POINT_BYTES);
  const kemCiphertext = header.subarray(2 + POINT_BYTES);
  const info = concatBytes(header.subarray(1, 2), oneUse, recipientNpub, kemCiphertext);
  const kek = hkdfSha512(secrets, SALT, info, 32);
  wipeBytes(secrets);
  return kek;
}
