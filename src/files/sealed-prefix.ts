/**
 * What can still be read of a sealed file whose writing was cut off: its whole chunks from the first on, each of them
 * authentic. Where one is missing, torn or altered it ends, whatever lies behind.
 *
 *   header | salt, commitment 56 | chunk 0 | chunk 1 | half of ch          -> the plaintext of chunks 0 and 1
 */
import { concatBytes } from "../core/bytes.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { createContentOpener } from "../crypto/link-key.ts";
import { wholeNoctisChunks } from "../crypto/noctis-payload.ts";
import { PAYLOAD_CHUNK_BYTES, PAYLOAD_HEADER_BYTES, SEALED_CHUNK_BYTES } from "../crypto/payload.ts";
import { authenticateSealedHeader, decodeSealedHeader, type SealedSuite } from "../crypto/sealed-header.ts";
import { inChunks } from "./content-range.ts";

/** The plaintext, in pieces of a chunk; nothing of a header that does not belong to this key. */
export async function* openPrefix(
  written: AsyncIterable<Uint8Array>,
  fileKey: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* openWholeChunks(written, fileKey);
  } catch (error) {
    if (!(error instanceof CryptoError || error instanceof CodecError)) throw error;
  }
}

/**
 * How many bytes `openPrefix` finds in so many written ones, if all of them are what was written: told without reading
 * more than the first piece.
 */
export async function prefixBytes(written: AsyncIterable<Uint8Array>, writtenBytes: number): Promise<number> {
  for await (const head of written) {
    const header = headerOf(head);
    if (header === null) return 0;
    return wholeChunkBytes(header.suite, writtenBytes - header.encoded.length);
  }
  return 0;
}

async function* openWholeChunks(
  written: AsyncIterable<Uint8Array>,
  fileKey: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = written[Symbol.asyncIterator]();
  try {
    let head: Uint8Array = new Uint8Array(0);
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
      head = concatBytes(head, next.value);
      if (head.length >= FILE_LIMITS.headerBytes) break;
    }
    const header = decodeSealedHeader(head);
    authenticateSealedHeader(header, fileKey);
    const opener = createContentOpener(header.suite, fileKey);
    const payload = behind(head.subarray(header.encoded.length), pieces);
    // One chunk a call: a call that meets a bad chunk gives nothing of the good ones before it.
    for await (const piece of payload) {
      const output = opener.update(piece);
      if (output.length > 0) yield output;
    }
  } finally {
    await pieces.return?.();
  }
}

/** The payload's own header, then one sealed chunk at a time. */
async function* behind(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first.subarray(0, PAYLOAD_HEADER_BYTES);
  const sealed = async function* (): AsyncGenerator<Uint8Array> {
    yield first.subarray(PAYLOAD_HEADER_BYTES);
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  };
  yield* inChunks(sealed());
}

function headerOf(head: Uint8Array): ReturnType<typeof decodeSealedHeader> | null {
  try {
    return decodeSealedHeader(head);
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}

function wholeChunkBytes(suite: SealedSuite, payloadBytes: number): number {
  const chunks = Math.floor(Math.max(0, payloadBytes - PAYLOAD_HEADER_BYTES) / SEALED_CHUNK_BYTES);
  return openedBytes(suite, chunks * PAYLOAD_CHUNK_BYTES);
}

/** The plaintext in so many bytes of what the payload holds: with Noctis-256 that is another sealed stream. */
export function openedBytes(suite: SealedSuite, payloadPlainBytes: number): number {
  return suite === "noctis-256" ? wholeNoctisChunks(payloadPlainBytes) : payloadPlainBytes;
}
