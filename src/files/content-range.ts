/**
 * Part of a file without the rest: only the chunks that hold it are read and opened.
 *
 *   plain   |--- chunk 0 ---|--- chunk 1 ---|- last -|         range [start, end)
 *   sealed  header 56 |--- chunk 0 ---|tag|--- chunk 1 ---|tag|- last -|tag|
 *
 * Each chunk's place is in its nonce, so none can be moved, and the length of the sealed bytes must be that of the
 * whole: a file that was cut gives no part. Damage elsewhere in the file is not seen.
 */
import { concatBytes } from "../core/bytes.ts";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { FILE_PAYLOAD_CONTEXT } from "../crypto/link-key.ts";
import {
  derivePayloadKeys,
  PAYLOAD_CHUNK_BYTES,
  PAYLOAD_HEADER_BYTES,
  PAYLOAD_TAG_BYTES,
  payloadChunkNonce,
  SEALED_CHUNK_BYTES,
  sealedPayloadBytes,
} from "../crypto/payload.ts";
import { aesGcmKey } from "../crypto/provider.ts";
import type { SealedSuite } from "../crypto/sealed-header.ts";
import { openContent } from "./sealed-file.ts";

/** Bytes `start` to `end` (exclusive) of the plain content. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
}

export interface SealedContent {
  /** Of the plain content. */
  readonly bytes: number;
  /** Of the sealed one. */
  readonly contentBytes: number;
  readonly suite: SealedSuite;
  readonly fileKey: Uint8Array;
  readonly read: (start: number, end: number) => AsyncIterable<Uint8Array>;
}

/** The plain bytes of a range. Throws ValidationError `bad_range`; CryptoError while it is read. */
export function planRange(range: ContentRange, content: SealedContent): AsyncGenerator<Uint8Array> {
  const { start, end } = range;
  const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start < end;
  if (!isRange || end > content.bytes) throw badRange();
  // The chunks of Noctis-256 lie inside those of AES-256-GCM; opening from the start is simple, and it is opt-in.
  return content.suite === "noctis-256" ? skipTo(range, content) : openChunks(range, content);
}

async function* openChunks({ start, end }: ContentRange, content: SealedContent): AsyncGenerator<Uint8Array> {
  const { fileKey, contentBytes, read } = content;
  if (contentBytes !== sealedPayloadBytes(content.bytes)) throw new CryptoError();
  const header = concatBytes(...(await Array.fromAsync(read(0, PAYLOAD_HEADER_BYTES))));
  const { aeadKey, baseNonce } = derivePayloadKeys(fileKey, FILE_PAYLOAD_CONTEXT, header);
  const key = aesGcmKey(aeadKey);
  const first = Math.floor(start / PAYLOAD_CHUNK_BYTES);
  const last = Math.floor((end - 1) / PAYLOAD_CHUNK_BYTES);
  const from = PAYLOAD_HEADER_BYTES + first * SEALED_CHUNK_BYTES;
  const to = Math.min(PAYLOAD_HEADER_BYTES + (last + 1) * SEALED_CHUNK_BYTES, contentBytes);
  let index = first;
  for await (const sealed of inChunks(read(from, to))) {
    const chunk = new Uint8Array(sealed.length - PAYLOAD_TAG_BYTES);
    key.openInto(chunk, payloadChunkNonce(baseNonce, index), sealed, EMPTY);
    const at = index * PAYLOAD_CHUNK_BYTES;
    yield chunk.subarray(Math.max(0, start - at), Math.min(chunk.length, end - at));
    index += 1;
  }
}

const EMPTY = new Uint8Array(0);

/** The same bytes in pieces of one sealed chunk; the last may be shorter. */
export async function* inChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = EMPTY;
  for await (const piece of source) {
    const bytes = rest.length === 0 ? piece : concatBytes(rest, piece);
    let at = 0;
    for (; bytes.length - at >= SEALED_CHUNK_BYTES; at += SEALED_CHUNK_BYTES)
      yield bytes.subarray(at, at + SEALED_CHUNK_BYTES);
    rest = bytes.slice(at);
  }
  if (rest.length > 0) yield rest;
}

async function* skipTo({ start, end }: ContentRange, content: SealedContent): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of openContent(content.read(0, content.contentBytes), content.suite, content.fileKey)) {
    const part = piece.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += piece.length;
    if (part.length > 0) yield part;
    if (at >= end) return;
  }
}

function badRange(): ValidationError {
  return new ValidationError("bad_range", "This part of the file does not exist.", {
    hint: "Ask for bytes from the first to the last of the file.",
  });
}
