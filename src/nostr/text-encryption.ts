/**
 * Text between two keys (NIP-44 version 2).
 *
 *   conversation key = HKDF-extract(ECDH x-coordinate, "nip44-v2")     32 bytes, the same for both
 *   payload          = base64( 2 | nonce 32 | ChaCha20(length 2 | text | zeros) | HMAC-SHA-256 32 )
 */

import * as nip44 from "nostr-tools/nip44";
import { fromHex, utf8Encode } from "../core/bytes.ts";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { hmacSha256 } from "../crypto/key-derivation.ts";
import { secp256k1Key } from "../crypto/provider.ts";

/** The longest text: its length is written in two bytes. */
export const MAX_PLAINTEXT_BYTES = 65_535;
// Base64 of the longest text; whatever is longer is refused before it is decoded.
const MAX_PAYLOAD_CHARACTERS = 87_472;

const SALT: Uint8Array = utf8Encode("nip44-v2");

/** The 32-byte key that both people derive. `publicKey` is hex. Throws CryptoError when either is no key. */
export function conversationKey(secretKey: Uint8Array, publicKey: string): Uint8Array {
  try {
    const shared = secp256k1Key(secretKey).sharedSecret(fromHex(publicKey));
    return hmacSha256(SALT, shared);
  } catch {
    throw new CryptoError();
  }
}

/** A payload of 132 to 87,472 base64 characters. Throws ValidationError `text_too_long` above 65,535 bytes, `text_empty` for none. */
export function encryptText(plaintext: string, key: Uint8Array): string {
  const bytes = utf8Encode(plaintext).length;
  if (bytes === 0) throw new ValidationError("text_empty", "There is no text to encrypt.");
  if (bytes > MAX_PLAINTEXT_BYTES) {
    throw new ValidationError("text_too_long", "The text is too long to be encrypted in one event.", {
      hint: "Send it in parts or as a file.",
    });
  }
  return nip44.encrypt(plaintext, key);
}

/** The text of a payload. Throws CryptoError. */
export function decryptText(payload: string, key: Uint8Array): string {
  if (payload.length > MAX_PAYLOAD_CHARACTERS) throw new CryptoError();
  try {
    return nip44.decrypt(payload, key);
  } catch {
    throw new CryptoError();
  }
}
