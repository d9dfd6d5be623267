/**
 * Keys and the ways people write them.
 *
 *   secret key   32 bytes   nsec1… | 64 hex | ncryptsec1… (NIP-49) | 12 to 24 words (NIP-06)
 *   public key   32 bytes   npub1… | nprofile1… (with relays) | 64 hex, each also as nostr:…
 *
 * Inside the program a public key is lower-case hex, because events carry it so.
 */

import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base32nopad, bech32 } from "@scure/base";
import * as nip06 from "nostr-tools/nip06";
import * as nip19 from "nostr-tools/nip19";
import * as nip49 from "nostr-tools/nip49";
import { xOnlyPointFromScalar } from "tiny-secp256k1";
import { concatBytes, fromHex, toHex, utf8Encode } from "../core/bytes.ts";
import { CodecError, CryptoError, ValidationError } from "../core/errors.ts";
import { isHex } from "./event.ts";

export interface PublicKeyReference {
  /** 32 bytes as lower-case hex, a point of the curve. */
  readonly publicKey: string;
  /** Where its owner says to be found (`nprofile`), else empty. */
  readonly relays: readonly string[];
}

// scrypt takes 1 KiB times 2^n: a forged ncryptsec may not ask for more than 256 MiB.
const MAX_SCRYPT_LOG_N = 18;
const FINGERPRINT_CHARACTERS = 25; // 125 bits: nobody finds a second key for one

/** bech32 form of a public key in hex (NIP-19). */
export function encodeNpub(publicKey: string): string {
  return nip19.npubEncode(publicKey);
}

/** Hex public key of an npub. Throws CodecError `bad_public_key`. */
export function decodeNpub(npub: string): string {
  const decoded = decodeBech32(npub, badPublicKey);
  if (decoded.type !== "npub") throw badPublicKey();
  return pointOfCurve(decoded.data);
}

/** bech32 form of a public key in hex with the relays where its owner is found (NIP-19). */
export function encodeNprofile({ publicKey, relays }: PublicKeyReference): string {
  return nip19.nprofileEncode({ pubkey: publicKey, relays: [...relays] });
}

/** bech32 form of a 32-byte secret key (NIP-19). It is as secret as the key. */
export function encodeNsec(secretKey: Uint8Array): string {
  return nip19.nsecEncode(secretKey);
}

/** npub, nprofile or hex, with or without `nostr:`. Throws CodecError `bad_public_key`. */
export function parsePublicKey(text: string): PublicKeyReference {
  const plain = text.trim().replace(/^nostr:/i, "");
  if (isHex(plain.toLowerCase(), 32)) return { publicKey: pointOfCurve(plain.toLowerCase()), relays: [] };
  const decoded = decodeBech32(plain, badPublicKey);
  if (decoded.type === "npub") return { publicKey: pointOfCurve(decoded.data), relays: [] };
  if (decoded.type !== "nprofile") throw badPublicKey();
  return { publicKey: pointOfCurve(decoded.data.pubkey), relays: decoded.data.relays ?? [] };
}

/**
 * A 32-byte secret key from nsec, hex or ncryptsec (which needs its password and about a second).
 * Throws CodecError `bad_secret_key`, ValidationError `ncryptsec_password_needed`, CryptoError for
 * a wrong password.
 */
export function parseSecretKey(text: string, password?: string): Uint8Array {
  const plain = text.trim();
  if (/^ncryptsec1/i.test(plain)) return openNcryptsec(plain.toLowerCase(), password);
  if (isHex(plain.toLowerCase(), 32)) return usableSecret(fromHex(plain));
  const decoded = decodeBech32(plain, badSecretKey);
  if (decoded.type !== "nsec") throw badSecretKey();
  return usableSecret(decoded.data);
}

/** Hex public key of a 32-byte secret key. */
export function publicKeyOf(secretKey: Uint8Array): string {
  return toHex(xOnlyPointFromScalar(secretKey));
}

/** The first account's 32-byte secret key of 12 to 24 BIP-39 English words, m/44'/1237'/0'/0/0 (NIP-06). Throws ValidationError `bad_words`. */
export function secretKeyFromWords(words: string): Uint8Array {
  const normal = words.trim().toLowerCase().split(/\s+/).join(" ");
  if (!nip06.validateWords(normal)) {
    throw new ValidationError("bad_words", "These words are not a key: one of them is unknown or in the wrong place.", {
      hint: "Check the spelling and the order of the words.",
    });
  }
  return nip06.privateKeyFromSeedWords(normal);
}

/**
 * What two people compare to know that they mean the same key: five groups of five base32
 * characters, the first 125 bits of a SHA-256 under a label of its own.
 */
export function fingerprint(publicKey: string): string {
  const digest = sha256(concatBytes(utf8Encode("nocturne/fingerprint/v1"), fromHex(publicKey)));
  const text = base32nopad.encode(digest).slice(0, FINGERPRINT_CHARACTERS);
  return (text.match(/.{5}/g) as string[]).join(" ");
}

function decodeBech32(text: string, fail: () => CodecError): nip19.DecodedResult {
  try {
    return nip19.decode(text.toLowerCase());
  } catch {
    // The cause would repeat the text, which may be a mistyped secret key.
    throw fail();
  }
}

function openNcryptsec(text: string, password: string | undefined): Uint8Array {
  if (password === undefined) {
    throw new ValidationError("ncryptsec_password_needed", "This key is encrypted with a password.", {
      hint: "Give the password of the key.",
    });
  }
  const logN = readScryptCost(text);
  if (logN > MAX_SCRYPT_LOG_N) {
    throw new CodecError("bad_secret_key", "This encrypted key asks for more memory than any honest one.");
  }
  try {
    return usableSecret(nip49.decrypt(text, password));
  } catch {
    throw new CryptoError();
  }
}

// Layout of NIP-49: version 2 | log2 of scrypt's N | salt 16 | nonce 24 | flags 1 | ciphertext 32 + 16.
function readScryptCost(text: string): number {
  let payload: Uint8Array;
  try {
    payload = bech32.fromWords(bech32.decode(text as `${string}1${string}`, nip19.Bech32MaxSize).words);
  } catch {
    throw badSecretKey();
  }
  if (payload.length !== 91 || payload[0] !== 2) throw badSecretKey();
  return payload[1] as number;
}

function usableSecret(secretKey: Uint8Array): Uint8Array {
  if (!secp256k1.utils.isValidSecretKey(secretKey)) throw badSecretKey();
  return secretKey;
}

function isValidPoint(publicKey: string): boolean {
  try {
    schnorr.utils.lift_x(BigInt(`0x${publicKey}`));
    return true;
  } catch {
    return false;
  }
}

// About half of all 32-byte numbers are no point of the curve; a message to such a "key" can never be opened.
function pointOfCurve(publicKey: string): string {
  if (!isValidPoint(publicKey)) throw badPublicKey();
  return publicKey;
}

function badPublicKey(): CodecError {
  return new CodecError("bad_public_key", "This is not a public key.", {
    hint: "Paste an npub, an nprofile or 64 hexadecimal characters.",
  });
}

function badSecretKey(): CodecError {
  return new CodecError("bad_secret_key", "This is not a secret key.", {
    hint: "Paste an nsec, an ncryptsec or 64 hexadecimal characters.",
  });
}
