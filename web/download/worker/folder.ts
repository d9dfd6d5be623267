/**
 * A shared folder as a stream of one zip, or of one of its files.
 *
 *   content of the link   listing | file 1 | file 2 (gone) | file 3        fetched in one go as far as nothing is gone
 *   zip                   name/file 1, name/file 3, directory              stored as they are: sealed bytes were whole
 *
 * Its length is known beforehand, so that the browser tells a zip that breaks off from a complete one.
 */
import { makeZip, predictLength } from "client-zip";
import { DOWNLOAD_LIMITS } from "../../../src/core/limits.ts";
import { PAYLOAD_CHUNK_BYTES } from "../../../src/crypto/payload.ts";
import type { ListedFile } from "../../../src/crypto/link-listing.ts";
import { cut, openContent } from "./content-opener.ts";
import { DownloadProblem } from "./link-client.ts";

const BLOCK_BYTES = PAYLOAD_CHUNK_BYTES * DOWNLOAD_LIMITS.blockChunks;

type Bytes = AsyncGenerator<Uint8Array<ArrayBuffer>>;

export interface SharedFolder {
  readonly name: string;
  readonly files: readonly ListedFile[];
  /** Where in the content the first file begins. */
  readonly start: number;
  readonly missing: ReadonlySet<number>;
  /** Bytes `start` to `end` (exclusive) of the content. */
  fetch(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Told of the file that was deleted while it was fetched. */
  gone(index: number): void;
}

interface PlacedFile extends ListedFile {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

export interface FolderSource {
  readonly zipBytes: number;
  zip(): Bytes;
  /** One file, by its number in the listing. */
  one(index: number): { readonly bytes: number; readonly content: Bytes };
}

export function folderOf(folder: SharedFolder): FolderSource {
  let start = folder.start;
  const placed = folder.files.map((file, index): PlacedFile => {
    const end = start + file.sealedBytes;
    const place = { ...file, index, start, end };
    start = end;
    return place;
  });
  const there = placed.filter(({ index }) => !folder.missing.has(index));
  const named = there.map((file) => ({ name: `${folder.name}/${file.path}`, size: file.bytes }));
  return {
    zipBytes: Number(predictLength(named)),
    zip: () => cut(piecesOf(makeZip(entries(folder, there))), BLOCK_BYTES, BLOCK_BYTES),
    one(index) {
      const file = placed[index] as PlacedFile;
      return { bytes: file.bytes, content: opened(folder, file, folder.fetch(file.start, file.end)) };
    },
  };
}

async function* entries(folder: SharedFolder, files: readonly PlacedFile[]) {
  const reader = new Reader(runsOf(folder, files));
  for (const file of files) {
    const input = opened(folder, file, reader.take(file.sealedBytes));
    yield { name: `${folder.name}/${file.path}`, size: file.bytes, input };
  }
}

/** The plaintext of one file, which must be as long as the listing says. */
async function* opened(folder: SharedFolder, file: PlacedFile, sealed: AsyncIterable<Uint8Array>): Bytes {
  let bytes = 0;
  try {
    for await (const block of openContent(sealed, file)) {
      bytes += block.length;
      yield block;
    }
  } catch (error) {
    if (error instanceof DownloadProblem && error.problem === "gone") folder.gone(file.index);
    throw error;
  }
  if (bytes !== file.bytes) throw new DownloadProblem("damaged");
}

/** The sealed bytes of files one after the other; those that lie beside each other in one request. */
async function* runsOf(folder: SharedFolder, files: readonly PlacedFile[]): AsyncGenerator<Uint8Array> {
  for (let first = 0, next = 1; first < files.length; first = next++) {
    while (files[next]?.start === files[next - 1]?.end && next < files.length) next++;
    yield* folder.fetch((files[first] as PlacedFile).start, (files[next - 1] as PlacedFile).end);
  }
}

/** A stream of which so many bytes at a time are taken. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array(0) as Uint8Array;

  constructor(source: AsyncGenerator<Uint8Array>) {
    this.#source = source;
  }

  async *take(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0; ) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#source.next();
        if (done) return; // the opener notices what is missing
        this.#rest = value;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }
}

async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
