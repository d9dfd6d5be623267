/**
 * A capability: a sender's signed word that one courier may upload so many of his cells to one relay, until then.
 *
 *   version 1 | id 16 | courier 32 | sender 32 | relay 32 | first u32 | count u16 | from u32 | until u32 | signature 64
 *
 *   courier, sender   keys of the two devices
 *   relay             SHA-256 of the relay's URL, for one length; it hides nothing from who has a list of relays
 *   first, count      the cells are numbered first, first + 1, ...; a sender gives no number twice, whatever the capability
 *   from, until       seconds since 1970
 *   signature         BIP-340 by the sender over SHA-256("nocturne/courier/v1" | all before it)
 *
 * Every node of a courier can judge by it alone whether a cell was asked for; it lets nobody do anything in the sender's
 * name but this. Specified in NEP-18.
 */

import { schnorr } from "@noble/curves/secp256k1.js";
import { concatBytes, fromHex, toHex, u16, u32, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";

export const CAPABILITY_BYTES: number = 191;
const VERSION = 1;
const SIGNATURE_BYTES = 64;
const SIGNED_BYTES: number = CAPABILITY_BYTES - SIGNATURE_BYTES;
const DOMAIN: Uint8Array = utf8Encode("nocturne/courier/v1");
const LAST_NUMBER = 0xffff_ffff;

export interface Capability {
  /** 32 hex characters. */
  readonly id: string;
  /** Hex keys of the devices. */
  readonly courier: string;
  readonly sender: string;
  /** Hex, of `relayHash`. */
  readonly relay: string;
  readonly first: number;
  readonly count: number;
  /** Whole seconds as milliseconds since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The name of a relay in a capability: 32 bytes, hex. */
export function relayHash(url: string): string {
  return toHex(sha256(utf8Encode(url)));
}

/** The 191 bytes, signed with the sender's secret key (32 bytes). Throws CryptoError for what no courier would take. */
export function signCapability(capability: Capability, secretKey: Uint8Array): Uint8Array {
  if (!isSane(capability)) throw new CryptoError();
  const signed = encode(capability);
  return concatBytes(signed, schnorr.sign(sha256(concatBytes(DOMAIN, signed)), secretKey));
}

/** What a capability says, if the sender that it names has signed it. Throws CryptoError for anything else. */
export function openCapability(bytes: Uint8Array): Capability {
  if (bytes.length !== CAPABILITY_BYTES || bytes[0] !== VERSION) throw new CryptoError();
  const capability = decode(bytes);
  if (!isSane(capability) || !isSigned(bytes, capability.sender)) throw new CryptoError();
  return capability;
}

/** True if the number is one of the capability's. */
export function covers({ first, count }: Pick<Capability, "first" | "count">, number: number): boolean {
  return Number.isSafeInteger(number) && number >= first && number < first + count;
}

function isSane({ first, count, fromMs, untilMs }: Capability): boolean {
  const lasts = untilMs - fromMs;
  const isShort = lasts > 0 && lasts <= COURIER_LIMITS.capabilityMaxMs;
  return isShort && count >= 1 && count <= COURIER_LIMITS.cellsPerCapability && first + count - 1 <= LAST_NUMBER;
}

function isSigned(bytes: Uint8Array, sender: string): boolean {
  try {
    const hash = sha256(concatBytes(DOMAIN, bytes.subarray(0, SIGNED_BYTES)));
    return schnorr.verify(bytes.subarray(SIGNED_BYTES), hash, fromHex(sender));
  } catch {
    return false; // no point of the curve
  }
}

function encode({ id, courier, sender, relay, first, count, fromMs, untilMs }: Capability): Uint8Array {
  const keys = [id, courier, sender, relay].map(fromHex);
  const range = [u32(first), u16(count), u32(Math.floor(fromMs / 1000)), u32(Math.floor(untilMs / 1000))];
  return concatBytes(Uint8Array.of(VERSION), ...keys, ...range);
}

function decode(bytes: Uint8Array): Capability {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    id: toHex(bytes.subarray(1, 17)),
    courier: toHex(bytes.subarray(17, 49)),
    sender: toHex(bytes.subarray(49, 81)),
    relay: toHex(bytes.subarray(81, 113)),
    first: view.getUint32(113),
    count: view.getUint16(117),
    fromMs: view.getUint32(119) * 1000,
    untilMs: view.getUint32(123) * 1000,
  };
}
