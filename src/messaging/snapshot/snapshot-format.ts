/**
 * A snapshot as cells: the compressed summary behind a head, padded so that the number of cells tells its size only roughly.
 *
 *   version 1 | sequence u32 | previous 32 | bytes u32 | digest 32 | content | zeros        16, 32, 64 ... 2,048 cells of 2,025 bytes
 *
 *   digest    SHA-256("nocturne/snapshot/v1" | sequence u32 | previous 32 | content)
 *   previous  digest of the snapshot before; zeros before the first
 *
 * Each cell is one as all mail is, with 2,025 bytes as its only piece. The sequence and the chain of digests show who was
 * told an older one, and whether two machines write under one key. Specified in NEP-19.
 */

import { concatBytes, equalBytes, toHex, u32, utf8Encode } from "../../core/bytes.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { CodecError, ValidationError } from "../../core/errors.ts";
import { randomBytes } from "../../core/random.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { type Cell, ephemeralKey, openCell, PIECE_BYTES, type SealedCell, sealPiece } from "../cell/cell.ts";
import type { CellPlace, SnapshotKeys } from "./snapshot-keys.ts";

export interface SnapshotHead {
  /** Counts the snapshots of an account from 1. */
  readonly sequence: number;
  /** 32 bytes. */
  readonly previous: Uint8Array;
  /** Length of the content. */
  readonly bytes: number;
  /** 32 bytes. */
  readonly digest: Uint8Array;
}

export const DIGEST_BYTES = 32;

const VERSION = 1;
const PREVIOUS_AT = 5;
const BYTES_AT = PREVIOUS_AT + DIGEST_BYTES;
const DIGEST_AT = BYTES_AT + 4;
const HEAD_BYTES = DIGEST_AT + DIGEST_BYTES;
/** The most content that the largest snapshot holds. */
export const MOST_CONTENT_BYTES: number = SNAPSHOT_LIMITS.cells * PIECE_BYTES - HEAD_BYTES;

const DOMAIN: Uint8Array = utf8Encode("nocturne/snapshot/v1");
const PARCEL_ID_BYTES = 12;

/** The plain bytes of each cell, 2,025 each, and the digest. Throws ValidationError `snapshot_too_large`. */
export function cutSnapshot(
  { sequence, previous }: Pick<SnapshotHead, "sequence" | "previous">,
  content: Uint8Array,
): { cells: Uint8Array[]; digest: Uint8Array } {
  const count = cellsFor(content.length);
  if (count > SNAPSHOT_LIMITS.cells) throw tooLarge();
  const digest = digestOf(sequence, previous, content);
  const whole = new Uint8Array(count * PIECE_BYTES);
  whole.set(concatBytes(Uint8Array.of(VERSION), u32(sequence), previous, u32(content.length), digest, content));
  const cells = Array.from({ length: count }, (_, i) => whole.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES));
  return { cells, digest };
}

/** How many cells a snapshot with so many bytes of content has; may be more than there may be. */
export function cellsFor(contentBytes: number): number {
  let count: number = SNAPSHOT_LIMITS.cellsMin;
  while (count * PIECE_BYTES < HEAD_BYTES + contentBytes && count <= SNAPSHOT_LIMITS.cells) count *= 2;
  return count;
}

/** The head in the first cell's 2,025 bytes. Throws CodecError `bad_snapshot`. */
export function readHead(first: Uint8Array): SnapshotHead {
  const view = new DataView(first.buffer, first.byteOffset, first.length);
  if (first.length !== PIECE_BYTES || first[0] !== VERSION) throw badSnapshot("it is of another version");
  const head = {
    sequence: view.getUint32(1),
    previous: first.slice(PREVIOUS_AT, BYTES_AT),
    bytes: view.getUint32(BYTES_AT),
    digest: first.slice(DIGEST_AT, HEAD_BYTES),
  };
  if (head.sequence === 0 || cellsFor(head.bytes) > SNAPSHOT_LIMITS.cells) throw badSnapshot("its head is wrong");
  return head;
}

/** The content out of all cells, in their order. Throws CodecError `bad_snapshot`. */
export function joinSnapshot(cells: readonly Uint8Array[]): Uint8Array {
  const [first] = cells;
  if (!first) throw badSnapshot("there is nothing of it");
  const { sequence, previous, bytes, digest } = readHead(first);
  if (cells.length !== cellsFor(bytes)) throw badSnapshot("it is cut");
  const whole = concatBytes(...cells);
  const content = whole.slice(HEAD_BYTES, HEAD_BYTES + bytes);
  const isPadded = whole.subarray(HEAD_BYTES + bytes).every((byte) => byte === 0);
  if (!isPadded || !equalBytes(digest, digestOf(sequence, previous, content))) throw badSnapshot("it was altered");
  return content;
}

/** The cell for one place, 2,025 bytes of plain text sealed anew at each call. */
export function sealSnapshotCell(keys: SnapshotKeys, place: CellPlace, bytes: Uint8Array): SealedCell {
  const piece = { parcel: toHex(randomBytes(PARCEL_ID_BYTES)), index: 0, count: 1, bytes, heard: 0 };
  return sealPiece(keys.seal, keys.address(place), piece, ephemeralKey().publicKey);
}

/** The plain bytes of a cell. Throws CryptoError for anything that was not sealed for its address in this epoch. */
export function openSnapshotCell(keys: SnapshotKeys, cell: Cell): Uint8Array {
  return openCell(keys.seal, cell).bytes;
}

export function badSnapshot(reason: string, options?: { cause: unknown }): CodecError {
  return new CodecError("bad_snapshot", `This summary of the account cannot be read: ${reason}.`, options);
}

function digestOf(sequence: number, previous: Uint8Array, content: Uint8Array): Uint8Array {
  return sha256(concatBytes(DOMAIN, u32(sequence), previous, content));
}

function tooLarge(): ValidationError {
  return new ValidationError("snapshot_too_large", "This account is too large to be summarised at relays.", {
    hint: "Keep a backup file: nocturne backup PATH",
  });
}
