/**
 * What stands in front of everything that is sealed to keys: files, the vault, backups.
 *
 *   "NOCT" | version 1 | purpose u8 | suite u8 | slot count u8 | slots | HMAC-SHA-256 32
 *
 *   purpose  1 file, 2 vault, 3 backup      suite  1 aes-256-gcm (`payload.ts`), 2 noctis-256 (`noctis-payload.ts`)
 *   slots    `key-slot-format.ts`           HMAC   under deriveKey(file key, "header/v1"), over all before it
 *
 * The MAC can be checked only after a slot was opened: until then all of a header is a stranger's claim, and the
 * bounds below hold. It binds the slots to the key, so nobody without the key can add, drop or swap one.
 */

import { concatBytes, equalBytes, utf8Encode } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { deriveKey, hmacSha256 } from "./key-derivation.ts";
import { decodeSlot, encodeSlot, type KeySlot } from "./key-slot-format.ts";

export type SealedPurpose = "file" | "vault" | "backup";
export type SealedSuite = "aes-256-gcm" | "noctis-256";

export interface SealedHeader {
  readonly purpose: SealedPurpose;
  readonly suite: SealedSuite;
  /** 1 to 20, of them at most one password slot. */
  readonly slots: readonly KeySlot[];
}

/** A header as it was read: a claim until `authenticateSealedHeader` has returned. */
export interface DecodedHeader extends SealedHeader {
  /** The header's own bytes, MAC included; what was sealed follows them. */
  readonly encoded: Uint8Array;
}

type Codes = [version: number, purpose: number, suite: number, slotCount: number];

const MAGIC: Uint8Array = utf8Encode("NOCT");
const VERSION = 1;
const FIXED_BYTES = 8;
const MAC_BYTES = 32;
const PURPOSES = ["file", "vault", "backup"] as const;
const SUITES = ["aes-256-gcm", "noctis-256"] as const;

/** The bytes of a header whose slots all wrap this 32-byte key. Throws CodecError `bad_header` beyond the bounds. */
export function encodeSealedHeader({ purpose, suite, slots }: SealedHeader, fileKey: Uint8Array): Uint8Array {
  checkSlots(slots);
  const codes = Uint8Array.of(VERSION, PURPOSES.indexOf(purpose) + 1, SUITES.indexOf(suite) + 1, slots.length);
  const claims = concatBytes(MAGIC, codes, ...slots.map(encodeSlot));
  if (claims.length + MAC_BYTES > FILE_LIMITS.headerBytes) throw badHeader("it is too long");
  return concatBytes(claims, headerMac(claims, fileKey));
}

/**
 * Reads the header at the start of `bytes`, which may go on: 64 KiB (FILE_LIMITS.headerBytes) always suffice.
 * Throws CodecError `bad_header` if this is not a header, is cut, or is beyond the bounds.
 */
export function decodeSealedHeader(bytes: Uint8Array): DecodedHeader {
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) throw badHeader("it does not start like one");
  if (bytes.length < FIXED_BYTES) throw badHeader("it is cut short");
  const [version, purposeCode, suiteCode, slotCount] = [...bytes.subarray(MAGIC.length, FIXED_BYTES)] as Codes;
  if (version !== VERSION) throw badHeader("its version is unknown");
  const purpose = PURPOSES[purposeCode - 1];
  const suite = SUITES[suiteCode - 1];
  if (!purpose || !suite) throw badHeader("its purpose or cipher is unknown");
  const { slots, end } = decodeSlots(bytes, slotCount);
  const length = end + MAC_BYTES;
  if (length > bytes.length) throw badHeader("it is cut short");
  return { purpose, suite, slots, encoded: bytes.slice(0, length) };
}

/** Checks the MAC with the key that a slot gave. Throws CryptoError if anything in the header was altered. */
export function authenticateSealedHeader({ encoded }: DecodedHeader, fileKey: Uint8Array): void {
  const claims = encoded.subarray(0, encoded.length - MAC_BYTES);
  if (!equalBytes(encoded.subarray(claims.length), headerMac(claims, fileKey))) throw new CryptoError();
}

function decodeSlots(bytes: Uint8Array, count: number): { slots: KeySlot[]; end: number } {
  const slots: KeySlot[] = [];
  let end = FIXED_BYTES;
  const bounded = bytes.subarray(0, FILE_LIMITS.headerBytes - MAC_BYTES);
  if (count > FILE_LIMITS.slots) throw badHeader("it has too many slots");
  for (let i = 0; i < count; i++) {
    const { slot, next } = decodeSlot(bounded, end);
    slots.push(slot);
    end = next;
  }
  checkSlots(slots);
  return { slots, end };
}

/** One password slot at most: a forged header with twenty would make a reader pay twenty times the Argon2 bound. */
function checkSlots(slots: readonly KeySlot[]): void {
  if (slots.length === 0) throw badHeader("it has no slots");
  if (slots.length > FILE_LIMITS.slots) throw badHeader("it has too many slots");
  if (slots.filter((slot) => slot.type === "password").length > 1) throw badHeader("it has two password slots");
}

function headerMac(claims: Uint8Array, fileKey: Uint8Array): Uint8Array {
  return hmacSha256(deriveKey(fileKey, "header/v1"), claims);
}

function badHeader(reason: string): CodecError {
  return new CodecError("bad_header", `This is not a usable sealed header: ${reason}.`, {
    hint: "Check that this file was made by Nocturne and is complete.",
  });
}
