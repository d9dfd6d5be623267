/**
 * A device link: shown by the main device, read by the one that is to become a device of the same account.
 *
 *   nocturne:device/ base64url( version 1 | secret 16 | expiry u32 seconds | count 1 | (length 1 | relay URL)* | checksum 4 )
 *   words            the secret as 12 English words (BIP-39), for who cannot scan: the relay is then named by hand
 *
 * Whoever has it within its time becomes a device of the account, so it is used once and soon. From the secret:
 *
 *   device/newcomer/v1, device/main/v1   secp256k1 keys by which the two sign their events
 *   device/seal/v1                       AES-256-GCM key of what they say
 *
 * Specified in NEP-10.
 */

import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { concatBytes, u32 } from "../../core/bytes.ts";
import { CodecError } from "../../core/errors.ts";
import { DEVICE_LIMITS, MESSAGE_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import { deriveKey } from "../../crypto/key-derivation.ts";
import { decodeLink, decodePlaces, encodeLink, encodePlaces } from "../coded-link.ts";

const DEVICE_LINK_PREFIX = "nocturne:device/";
const VERSION = 1;
const SECRET_BYTES = 16;
const EXPIRY_AT: number = 1 + SECRET_BYTES;
const PLACES_AT: number = EXPIRY_AT + 4;
const WORDS = 12;

export interface DeviceLink {
  readonly secret: Uint8Array;
  readonly expiresAtMs: number;
  /** Where the two meet. */
  readonly relays: readonly string[];
}

/** The keys of one link, 32 bytes each. */
export interface LinkKeys {
  readonly newcomer: Uint8Array;
  readonly main: Uint8Array;
  readonly seal: Uint8Array;
}

/** A fresh link that lives `DEVICE_LIMITS.linkMs`. */
export function createDeviceLink(relays: readonly string[], nowMs: number): DeviceLink {
  return {
    secret: randomBytes(SECRET_BYTES),
    expiresAtMs: Math.floor((nowMs + DEVICE_LIMITS.linkMs) / 1000) * 1000,
    relays: relays.slice(0, MESSAGE_LIMITS.inviteRelays),
  };
}

export function encodeDeviceLink({ secret, expiresAtMs, relays }: DeviceLink): string {
  const head = concatBytes(Uint8Array.of(VERSION), secret, u32(expiresAtMs / 1000));
  return encodeLink(DEVICE_LINK_PREFIX, concatBytes(head, encodePlaces(relays)));
}

/** The secret in 12 lower-case words with single spaces. */
export function deviceLinkWords({ secret }: Pick<DeviceLink, "secret">): string {
  return entropyToMnemonic(secret, wordlist);
}

/**
 * A link as it was copied, or its words, whose meeting place is then one of `relays`; words do not tell when they expire.
 * Throws CodecError `bad_device_link` for what is cut, mistyped or of a later version.
 */
export function parseDeviceLink(text: string, relays: readonly string[], nowMs: number): DeviceLink {
  if (!text.trim().startsWith(DEVICE_LINK_PREFIX)) return parseWords(text, relays, nowMs);
  const body = decodeLink(DEVICE_LINK_PREFIX, text, VERSION, PLACES_AT + 1, badLink);
  return {
    secret: body.slice(1, EXPIRY_AT),
    expiresAtMs: new DataView(body.buffer, body.byteOffset, body.length).getUint32(EXPIRY_AT) * 1000,
    relays: decodePlaces(body.subarray(PLACES_AT), MESSAGE_LIMITS.inviteRelays, badLink),
  };
}

export function linkKeys({ secret }: Pick<DeviceLink, "secret">): LinkKeys {
  return {
    newcomer: deriveKey(secret, "device/newcomer/v1"),
    main: deriveKey(secret, "device/main/v1"),
    seal: deriveKey(secret, "device/seal/v1"),
  };
}

function parseWords(text: string, relays: readonly string[], nowMs: number): DeviceLink {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  if (words.length !== WORDS) throw badLink(`it is neither a link nor ${WORDS} words`);
  try {
    const secret = mnemonicToEntropy(words.join(" "), wordlist);
    return { secret, expiresAtMs: nowMs + DEVICE_LIMITS.linkMs, relays };
  } catch {
    throw badLink("a word is wrong or out of place");
  }
}

function badLink(why: string): CodecError {
  return new CodecError("bad_device_link", `This does not link a device: ${why}.`, {
    hint: "Copy the whole link again, or make a new one on your main device.",
  });
}
