/**
 * Streams of sealed chunks, whatever seals one chunk (`payload.ts`, `noctis-payload.ts`).
 *
 *   plaintext   | chunk 0 | chunk 1 | ... | last: shorter than a chunk, maybe empty |
 *   sealed      | chunk 0 + overhead | chunk 1 + overhead | ... | last + overhead |
 *
 * Only the last chunk is short, so its length marks the end: a stream cut anywhere, even between two chunks, ends
 * with a full chunk or with half a one, and is refused. The chunk's number is authenticated by the cipher, so
 * chunks cannot be moved, doubled or dropped.
 */

import { unwrittenBytes } from "../core/bytes.ts";
import { CryptoError, InternalError } from "../core/errors.ts";

export interface ChunkCipher {
  /** Plaintext bytes of every chunk but the last. */
  readonly chunkBytes: number;
  /** Bytes that sealing adds to a chunk. */
  readonly overheadBytes: number;
  sealInto(output: Uint8Array, index: number, chunk: Uint8Array): void;
  /** Throws CryptoError, and then has written nothing. */
  openInto(output: Uint8Array, index: number, sealed: Uint8Array): void;
}

/** What all sealers and openers of this folder look like to those who pump bytes through them. */
export interface ByteTransform {
  /** Takes the next bytes in pieces of any size and returns what is ready, possibly nothing. */
  update(data: Uint8Array): Uint8Array;
  /** Ends the stream and returns the rest. Nothing may follow. */
  finish(): Uint8Array;
}

/**
 * Seals the next chunks of a stream in one go, for writers that divide a stream among threads: `first` is the number of
 * the first chunk. All are whole but, with `isLast`, the one that ends the stream, which may be empty. `output` has room
 * for them (`sealedBytes`); what was written of it is returned.
 */
export function sealChunks(
  cipher: ChunkCipher,
  output: Uint8Array,
  { first, plain, isLast }: { readonly first: number; readonly plain: Uint8Array; readonly isLast: boolean },
): Uint8Array {
  const { chunkBytes, overheadBytes } = cipher;
  const whole = Math.floor(plain.length / chunkBytes);
  if (!isLast && plain.length !== whole * chunkBytes) {
    throw new InternalError("chunk_size", "Only the last chunk of a sealed stream may be short.");
  }
  let offset = 0;
  for (let i = 0; i < (isLast ? whole + 1 : whole); i++) {
    const chunk = plain.subarray(i * chunkBytes, (i + 1) * chunkBytes);
    const end = offset + chunk.length + overheadBytes;
    cipher.sealInto(output.subarray(offset, end), first + i, chunk);
    offset = end;
  }
  return output.subarray(0, offset);
}

/** Most bytes that `sealChunks` writes for so many of plaintext. */
export function sealedBytes({ chunkBytes, overheadBytes }: ChunkCipher, plainBytes: number): number {
  return plainBytes + (Math.floor(plainBytes / chunkBytes) + 1) * overheadBytes;
}

/** Seals a stream chunk by chunk. One output buffer is allocated per call, and whole chunks are not copied first. */
export class ChunkedSealer implements ByteTransform {
  readonly #cipher: ChunkCipher;
  readonly #splitter: ChunkSplitter;
  #index = 0;
  #ended = false;

  constructor(cipher: ChunkCipher) {
    this.#cipher = cipher;
    this.#splitter = new ChunkSplitter(cipher.chunkBytes);
  }

  update(data: Uint8Array): Uint8Array {
    this.#requireOpen();
    const { chunkBytes, overheadBytes } = this.#cipher;
    const sealedBytes = chunkBytes + overheadBytes;
    const output = unwrittenBytes(this.#splitter.wholeChunks(data.length) * sealedBytes);
    let offset = 0;
    this.#splitter.push(data, (chunk) => {
      this.#cipher.sealInto(output.subarray(offset, offset + sealedBytes), this.#index++, chunk);
      offset += sealedBytes;
    });
    return output;
  }

  finish(): Uint8Array {
    this.#requireOpen();
    this.#ended = true;
    const last = this.#splitter.rest();
    const output = new Uint8Array(last.length + this.#cipher.overheadBytes);
    this.#cipher.sealInto(output, this.#index, last);
    return output;
  }

  #requireOpen(): void {
    if (this.#ended) throw new InternalError("stream_ended", "Bytes came after the end of a sealed stream.");
  }
}

/** Opens a sealed stream. No byte is released before its chunk was authenticated; after a failure all calls fail. */
export class ChunkedOpener implements ByteTransform {
  readonly #cipher: ChunkCipher;
  readonly #splitter: ChunkSplitter;
  #index = 0;
  #ended = false;

  constructor(cipher: ChunkCipher) {
    this.#cipher = cipher;
    this.#splitter = new ChunkSplitter(cipher.chunkBytes + cipher.overheadBytes);
  }

  update(data: Uint8Array): Uint8Array {
    this.#requireOpen();
    // Set while opening, so that an exception leaves the stream closed.
    this.#ended = true;
    const { chunkBytes } = this.#cipher;
    const output = unwrittenBytes(this.#splitter.wholeChunks(data.length) * chunkBytes);
    let offset = 0;
    this.#splitter.push(data, (sealed) => {
      this.#cipher.openInto(output.subarray(offset, offset + chunkBytes), this.#index++, sealed);
      offset += chunkBytes;
    });
    this.#ended = false;
    return output;
  }

  finish(): Uint8Array {
    this.#requireOpen();
    this.#ended = true;
    const last = this.#splitter.rest();
    if (last.length < this.#cipher.overheadBytes) throw new CryptoError();
    const output = new Uint8Array(last.length - this.#cipher.overheadBytes);
    this.#cipher.openInto(output, this.#index, last);
    return output;
  }

  #requireOpen(): void {
    if (this.#ended) throw new CryptoError();
  }
}

/** Cuts bytes that arrive in any pieces into chunks of one size. */
class ChunkSplitter {
  readonly #pending: Uint8Array;
  #pendingBytes = 0;

  constructor(size: number) {
    this.#pending = new Uint8Array(size);
  }

  /** How many chunks the next `push` of so many bytes completes. */
  wholeChunks(bytes: number): number {
    return Math.floor((this.#pendingBytes + bytes) / this.#pending.length);
  }

  push(data: Uint8Array, use: (chunk: Uint8Array) => void): void {
    const size = this.#pending.length;
    let start = 0;
    if (this.#pendingBytes > 0) {
      start = Math.min(size - this.#pendingBytes, data.length);
      this.#keep(data.subarray(0, start));
      if (this.#pendingBytes < size) return;
      use(this.#pending);
      this.#pendingBytes = 0;
    }
    for (; data.length - start >= size; start += size) use(data.subarray(start, start + size));
    this.#keep(data.subarray(start));
  }

  /** The bytes of the chunk that was begun, fewer than its size. */
  rest(): Uint8Array {
    return this.#pending.subarray(0, this.#pendingBytes);
  }

  #keep(data: Uint8Array): void {
    this.#pending.set(data, this.#pendingBytes);
    this.#pendingBytes += data.length;
  }
}
