/**
 * The wire format of key slots (`key-slots.ts` makes and opens them).
 *
 *   type u8 | length u16 | body
 *
 *   1 password    salt 32 | memory KiB u32 | passes u8 | lanes u8 | wrapped 60
 *   2 recovery    wrapped 60
 *   3 recipient   envelope
 *   4 link        wrapped 60
 *   5 key-file    wrapped 60
 */

import { concatBytes, u16, u32 } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { type Argon2Cost, PASSPHRASE_SALT_BYTES } from "./passphrase.ts";

export interface PasswordSlot {
  readonly type: "password";
  /** 32 bytes. */
  readonly salt: Uint8Array;
  readonly cost: Argon2Cost;
  /** 60 bytes. */
  readonly wrapped: Uint8Array;
}

export type SecretSlotType = "recovery" | "link" | "key-file";

/** A slot of somebody who holds a uniformly random 32-byte secret. */
export interface SecretSlot {
  readonly type: SecretSlotType;
  /** 60 bytes. */
  readonly wrapped: Uint8Array;
}

export interface RecipientSlot {
  readonly type: "recipient";
  readonly envelope: Uint8Array;
}

export type KeySlot = PasswordSlot | SecretSlot | RecipientSlot;

const TYPE_CODES = { password: 1, recovery: 2, recipient: 3, link: 4, "key-file": 5 } as const;
const SLOT_HEAD_BYTES = 3;
const WRAPPED_BYTES = 60;
const COST_BYTES = 6;

/** All but the wrapped key: it is the associated data of the wrapping, so that no part of a slot can be changed. */
export function slotPrefix(
  slot: Pick<PasswordSlot, "type" | "salt" | "cost"> | { readonly type: SecretSlotType },
): Uint8Array {
  const type = Uint8Array.of(TYPE_CODES[slot.type]);
  if (slot.type !== "password") return type;
  return concatBytes(type, slot.salt, u32(slot.cost.memoryKiB), Uint8Array.of(slot.cost.passes, slot.cost.lanes));
}

export function encodeSlot(slot: KeySlot): Uint8Array {
  const body = slot.type === "recipient" ? slot.envelope : concatBytes(slotPrefix(slot).subarray(1), slot.wrapped);
  return concatBytes(Uint8Array.of(TYPE_CODES[slot.type]), u16(body.length), body);
}

/** The slot that starts at `offset`, and where the next one starts. Throws CodecError `bad_header`. */
export function decodeSlot(bytes: Uint8Array, offset: number): { slot: KeySlot; next: number } {
  const start = offset + SLOT_HEAD_BYTES;
  if (start > bytes.length) throw badSlot("it ends within a slot");
  const next = start + (bytes[offset + 1] as number) * 256 + (bytes[offset + 2] as number);
  if (next > bytes.length) throw badSlot("it ends within a slot");
  return { slot: decodeBody(bytes[offset] as number, bytes.slice(start, next)), next };
}

function decodeBody(code: number, body: Uint8Array): KeySlot {
  switch (code) {
    case TYPE_CODES.password:
      return decodePassword(body);
    case TYPE_CODES.recovery:
      return { type: "recovery", wrapped: wrappedKey(body) };
    case TYPE_CODES.recipient:
      return { type: "recipient", envelope: body };
    case TYPE_CODES.link:
      return { type: "link", wrapped: wrappedKey(body) };
    case TYPE_CODES["key-file"]:
      return { type: "key-file", wrapped: wrappedKey(body) };
    default:
      throw badSlot("it has a slot of an unknown type");
  }
}

function decodePassword(body: Uint8Array): PasswordSlot {
  const costStart = PASSPHRASE_SALT_BYTES;
  const wrappedStart = costStart + COST_BYTES;
  const wrapped = wrappedKey(body.subarray(wrappedStart));
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const cost = {
    memoryKiB: view.getUint32(costStart),
    passes: view.getUint8(costStart + 4),
    lanes: view.getUint8(costStart + 5),
  };
  return { type: "password", salt: body.slice(0, costStart), cost, wrapped };
}

function wrappedKey(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== WRAPPED_BYTES) throw badSlot("a slot has a wrong length");
  return bytes;
}

function badSlot(reason: string): CodecError {
  return new CodecError("bad_header", `This sealed header is damaged: ${reason}.`, {
    hint: "Get an unaltered copy.",
  });
}
