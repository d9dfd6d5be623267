/**
 * A file as it lies on disk: self-contained, so that a copy of it and a key of one slot are enough.
 *
 *   sealed header (purpose file, suite, slots, HMAC) | payload of the suite, context "nocturne/file/v1"
 *
 *   aes-256-gcm   Cobblestone-256 under the file key
 *   noctis-256    the same around a Noctis-256 stream, each under a key of its own: an experiment that cannot
 *                 expose anything by failing
 *
 * Both directions are streams: memory does not grow with the file, and the reader's pace is the writer's.
 */
import { unwrittenBytes } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import type { ByteTransform } from "../crypto/chunked-stream.ts";
import type { KeySlot } from "../crypto/key-slots.ts";
import { createContentOpener, FILE_PAYLOAD_CONTEXT } from "../crypto/link-key.ts";
import { NoctisPayloadSealer } from "../crypto/noctis-payload.ts";
import { PayloadSealer } from "../crypto/payload.ts";
import {
  authenticateSealedHeader,
  type DecodedHeader,
  decodeSealedHeader,
  encodeSealedHeader,
  type SealedSuite,
} from "../crypto/sealed-header.ts";

/**
 * Plaintext that is sealed and written in one go. More at once costs less for each byte, and holds up everything else in
 * the process longer: a quarter of a millisecond with AES-256-GCM, three with Noctis-256.
 */
const BATCH_BYTES: Readonly<Record<SealedSuite, number>> = { "aes-256-gcm": 524_288, "noctis-256": 262_144 };
/** The same of what is opened, whatever the suite. */
const STEP_BYTES = 262_144;

export interface FileSeal {
  /** 32 random bytes that seal nothing else; every slot wraps them. */
  readonly fileKey: Uint8Array;
  readonly suite: SealedSuite;
  readonly slots: readonly KeySlot[];
}

/** A header whose MAC was right, and the key that it led to. */
export interface OpenedHeader {
  readonly header: DecodedHeader;
  readonly fileKey: Uint8Array;
}

/**
 * The sealed file of a plain stream. A piece is lent: its memory is given back when the next one is asked for, so that
 * the next one gets the same, still in the cache. Who keeps pieces keeps copies. Errors of the source pass through.
 */
export async function* sealFile(source: AsyncIterable<Uint8Array>, seal: FileSeal): AsyncGenerator<Uint8Array> {
  yield encodeSealedHeader({ purpose: "file", suite: seal.suite, slots: seal.slots }, seal.fileKey);
  const Sealer = seal.suite === "noctis-256" ? NoctisPayloadSealer : PayloadSealer;
  const sealer = new Sealer(seal.fileKey, FILE_PAYLOAD_CONTEXT);
  yield sealer.header;
  for await (const batch of inBatches(source, BATCH_BYTES[seal.suite])) yield* lend(sealer.update(batch));
  yield* lend(sealer.finish());
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

/** The same bytes in pieces of `size`, the last one shorter; smaller ones are gathered in memory that is used again. */
async function* inBatches(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  const batch = unwrittenBytes(size);
  let filled = 0;
  try {
    for await (const piece of source) {
      for (let at = 0; at < piece.length; ) {
        const part = piece.subarray(at, at + size - filled);
        at += part.length;
        if (part.length === size) {
          yield part;
          continue;
        }
        batch.set(part, filled);
        filled += part.length;
        if (filled < size) continue;
        yield batch;
        filled = 0;
      }
    }
    if (filled > 0) yield batch.subarray(0, filled);
  } finally {
    giveBack(batch);
  }
}

function* lend(piece: Uint8Array): Generator<Uint8Array> {
  if (piece.length > 0) yield piece;
  giveBack(piece);
}

/** To the allocator, now: the garbage collector would take its time, and fresh memory is slow. */
function giveBack(piece: Uint8Array): void {
  (piece.buffer as ArrayBuffer).transfer(0);
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
