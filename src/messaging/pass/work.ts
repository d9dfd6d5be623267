/**
 * Work that a first letter shows (NIP-13): leading zero bits in the id of a Nostr event that is never published.
 *
 *   event   kind 4523 | pubkey: sender | created_at | ["p", recipient] ["nonce", nonce, bits] | content ""
 *   work    created_at u32 | bits u8 | nonce u64                                                   13 bytes
 *
 * Sender and recipient know the rest of the event, so it holds for this sender, this recipient and this time only. It
 * is not signed: anybody can make it in anybody's name, so it proves nothing to others. Specified in NEP-17.
 */

import { getPow } from "nostr-tools/nip13";
import { concatBytes, u32, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { WORK_LIMITS } from "../../core/cell-limits.ts";
import { createRumor, type Rumor } from "../../nostr/event.ts";
import { KIND } from "../../nostr/kinds.ts";

export interface Work {
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** The target that its maker set himself: a lucky id with more zeros counts for no more. */
  readonly bits: number;
  readonly nonce: number;
}

/** Who works for whom: hex keys of devices. */
export interface Pair {
  readonly from: string;
  readonly to: string;
}

export const WORK_BYTES: number = 4 + 1 + 8;

/** The event that the work was done on. */
export function workEvent({ createdAt, bits, nonce }: Work, { from, to }: Pair): Rumor {
  const tags = [
    ["p", to],
    ["nonce", String(nonce), String(bits)],
  ];
  return createRumor({ kind: KIND.work, created_at: createdAt, tags, content: "" }, from);
}

/** The bytes whose SHA-256 is the id of `workEvent`. */
export function workBytes(work: Work, pair: Pair): Uint8Array {
  const { pubkey, created_at, kind, tags, content } = workEvent(work, pair);
  return utf8Encode(JSON.stringify([0, pubkey, created_at, kind, tags, content]));
}

/** Leading zero bits of an id (hex). */
export function zeroBits(id: string): number {
  return getPow(id);
}

/** True if the work was done for this pair, reaches `demanded` bits and is of now. One hash. */
export function isPaid(work: Work, pair: Pair, demanded: number, nowMs: number): boolean {
  const ageMs = nowMs - work.createdAt * 1000;
  const isOfNow = ageMs <= WORK_LIMITS.validMs && ageMs >= -WORK_LIMITS.aheadMs;
  return work.bits >= demanded && isOfNow && zeroBits(workEvent(work, pair).id) >= work.bits;
}

/** WORK_BYTES bytes. */
export function encodeWork({ createdAt, bits, nonce }: Work): Uint8Array {
  return concatBytes(u32(createdAt), Uint8Array.of(bits), u32(Math.floor(nonce / 2 ** 32)), u32(nonce));
}

/** Throws CryptoError for another length, or a nonce that is no safe integer. */
export function decodeWork(bytes: Uint8Array): Work {
  if (bytes.length !== WORK_BYTES) throw new CryptoError();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nonce = view.getUint32(5) * 2 ** 32 + view.getUint32(9);
  if (!Number.isSafeInteger(nonce)) throw new CryptoError();
  return { createdAt: view.getUint32(0), bits: view.getUint8(4), nonce };
}
