/**
 * A file as it lies on disk: self-contained, so that a copy of it and a key of one slot are enough.
 *
 *   sealed header (purpose file, suite, slots, HMAC) | payload of the suite, context "nocturne/file/v1"
 *
 *   aes-256-gcm   Cobblestone-256 under the file key
 *   noctis-256    the same around a Noctis-256 stream, each under a key of its own: an experiment that cannot
 *                 expose anything by failing
 *
 * `sealing.ts` writes it, this file opens it. Both directions are streams: memory does not grow with the file, and the
 * reader's pace is the writer's.
 */
import { CryptoError } from "../core/errors.ts";
import type { ByteTransform } from "../crypto/chunked-stream.ts";
import type { KeySlot } from "../crypto/key-slots.ts";
import { createContentOpener } from "../crypto/link-key.ts";
import {
  authenticateSealedHeader,
  type DecodedHeader,
  decodeSealedHeader,
  type SealedSuite,
} from "../crypto/sealed-header.ts";

/** What is opened in one go, whatever the suite: it holds up everything else in the process meanwhile. */
const STEP_BYTES = 262_144;

/** A header whose MAC was right, and the key that it led to. */
export interface OpenedHeader {
  readonly header: DecodedHeader;
  readonly fileKey: Uint8Array;
}

/**
 * Reads the header at the start of `head` (64 KiB always suffice) and authenticates it with the key that `unlock`
 * finds in a slot. Throws CodecError `bad_header`; CryptoError for a wrong key or any change.
 */
export async function openHeader(
  head: Uint8Array,
  unlock: (slots: readonly KeySlot[]) => Uint8Array | Promise<Uint8Array>,
): Promise<OpenedHeader> {
  const header = decodeSealedHeader(head);
  if (header.purpose !== "file") throw new CryptoError();
  const fileKey = await unlock(header.slots);
  authenticateSealedHeader(header, fileKey);
  return { header, fileKey };
}

/**
 * The plain stream of a payload (all that follows the header). Throws CryptoError while it is read when anything
 * was altered, moved or cut; what came before is authentic, but only a regular end says that nothing is missing.
 */
export function openContent(
  payload: AsyncIterable<Uint8Array>,
  suite: SealedSuite,
  fileKey: Uint8Array,
): AsyncGenerator<Uint8Array> {
  return transformed(payload, createContentOpener(suite, fileKey));
}

/** Pieces as they come, cut where one would hold up everything else: readers may keep what they get. */
async function* transformed(source: AsyncIterable<Uint8Array>, transform: ByteTransform): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    for (let at = 0; at < piece.length; at += STEP_BYTES) {
      const output = transform.update(piece.subarray(at, at + STEP_BYTES));
      if (output.length > 0) yield output;
    }
  }
  const rest = transform.finish();
  if (rest.length > 0) yield rest;
}
