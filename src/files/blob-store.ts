/**
 * Sealed bytes on disk, one file each. A name says nothing about what is inside.
 *
 *   <dataDir>/blobs/<32 hex>         whole, never changed but for its header
 *   <dataDir>/blobs/<32 hex>.part    being written; left over only by a crash
 *
 * A blob exists under its name only after all its bytes and the name itself are on the disk
 * (write, fsync, rename, fsync of the folder), so a crash at any moment leaves either all of it or a `.part`.
 */
import { closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, statfsSync } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { concatBytes, toHex, unwrittenBytes } from "../core/bytes.ts";
import { InternalError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { onDisk, onDiskSync, RESTORE_HINT, writeFully, writeFullySync } from "./disk.ts";
import { SharedSync } from "./together.ts";

const BLOB_NAME = /^[0-9a-f]{32}$/;
const PART_NAME = /^[0-9a-f]{32}\.part$/;
const PART_SUFFIX = ".part";
const READ_BYTES = 262_144; // 256 KiB: large enough that the calls cost little, small enough for a hundred downloads

/** Pieces in their order, or what writes into an empty file by itself and returns how many bytes it holds then. */
export type BlobContent = AsyncIterable<Uint8Array> | ((part: FileHandle) => Promise<number>);

export interface StoredBlob {
  readonly id: string;
  readonly bytes: number;
}

export class BlobStore {
  readonly #folder: string;
  /** Ids that this process is writing, which a sweep must spare. */
  readonly #writing = new Set<string>();
  readonly #folderSync: SharedSync = new SharedSync(() => this.#syncFolder());

  /** Makes the folder (0700) where it is missing. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /**
   * Writes the content, of pieces one in memory at a time, and then waits until `keep` has recorded the blob.
   * When the content or `keep` fails or the disk is full (InternalError `disk_full`), nothing is left and the error
   * is thrown on. Until then, no sweep takes the blob for a forgotten one.
   */
  async write<T>(content: BlobContent, keep: (blob: StoredBlob) => T | Promise<T>): Promise<T> {
    const id = toHex(randomBytes(16));
    const part = `${this.#path(id)}${PART_SUFFIX}`;
    this.#writing.add(id);
    try {
      const bytes = await this.#writePart(part, content);
      await onDisk(rename(part, this.#path(id)));
      await this.#folderSync.run();
      return await keep({ id, bytes });
    } catch (error) {
      await rm(part, { force: true });
      await rm(this.#path(id), { force: true });
      throw error;
    } finally {
      this.#writing.delete(id);
    }
  }

  /**
   * Bytes `start` to `end` (exclusive). Throws InternalError `file_missing` when the blob is gone and
   * `file_damaged` when it ends early.
   */
  async *read(id: string, start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await this.#openBlob(id);
    try {
      for (let at = start; at < end; ) {
        const buffer = unwrittenBytes(Math.min(READ_BYTES, end - at));
        const { bytesRead } = await onDisk(file.read(buffer, 0, buffer.length, at));
        if (bytesRead === 0) throw damaged();
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
  }

  /** The first `bytes` bytes, or fewer when the blob is shorter. Throws InternalError `file_missing`. */
  async head(id: string, bytes: number): Promise<Uint8Array> {
    const end = Math.min(bytes, await this.size(id));
    return concatBytes(...(await Array.fromAsync(this.read(id, 0, end))));
  }

  /** Synchronous: whoever finds a blob there can name it before anything else happens. */
  isThere(id: string): boolean {
    return existsSync(this.#path(id));
  }

  /** Length in bytes. Throws InternalError `file_missing`. */
  async size(id: string): Promise<number> {
    return (await onDisk(stat(this.#path(id)))).size;
  }

  /**
   * Overwrites the first bytes in place and waits until they are on the disk. The caller keeps a copy until
   * then, because a power cut may tear the write. Synchronous: a few hundred bytes, and nothing may come between.
   */
  overwriteHead(id: string, head: Uint8Array): void {
    const path = this.#path(id);
    const file = onDiskSync(() => openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW));
    try {
      writeFullySync(file, head, 0);
      onDiskSync(() => fsyncSync(file));
    } finally {
      closeSync(file);
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
    await this.#folderSync.run();
  }

  /** What the disk has left for this user. */
  freeBytes(): number {
    const { bavail, bsize } = onDiskSync(() => statfsSync(this.#folder));
    return bavail * bsize;
  }

  /** Ids of all whole blobs, except those that a `write` has not handed over yet. */
  async list(): Promise<string[]> {
    return (await onDisk(readdir(this.#folder))).filter((name) => BLOB_NAME.test(name) && !this.#writing.has(name));
  }

  /** Deletes what interrupted writes of earlier processes left; returns how many. */
  async sweepParts(): Promise<number> {
    const names = await onDisk(readdir(this.#folder));
    const parts = names.filter(
      (name) => PART_NAME.test(name) && !this.#writing.has(name.slice(0, -PART_SUFFIX.length)),
    );
    for (const name of parts) await onDisk(rm(join(this.#folder, name), { force: true }));
    return parts.length;
  }

  /** Creates a part; fails when the name exists, even as a symbolic link. */
  protected openPart(path: string): Promise<FileHandle> {
    return open(path, "wx", 0o600);
  }

  async #writePart(path: string, content: BlobContent): Promise<number> {
    const file = await onDisk(this.openPart(path));
    try {
      const bytes = await (typeof content === "function" ? content(file) : writePieces(file, content));
      await onDisk(file.sync());
      return bytes;
    } finally {
      await file.close();
    }
  }

  /** Without O_NOFOLLOW a planted symbolic link would make us share any file of the user. */
  #openBlob(id: string): Promise<FileHandle> {
    return onDisk(open(this.#path(id), constants.O_RDONLY | constants.O_NOFOLLOW));
  }

  async #syncFolder(): Promise<void> {
    const folder = await onDisk(open(this.#folder, "r"));
    try {
      await onDisk(folder.sync());
    } finally {
      await folder.close();
    }
  }

  /** Only ids of our own making become paths: no separator, no dots. */
  #path(id: string): string {
    if (!BLOB_NAME.test(id)) throw new ValidationError("unknown_file", "There is no such file.");
    return join(this.#folder, id);
  }
}

async function writePieces(file: FileHandle, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of pieces) {
    await writeFully(file, piece, bytes);
    bytes += piece.length;
  }
  return bytes;
}

function damaged(): InternalError {
  return new InternalError("file_damaged", "The stored bytes of this file end too early.", { hint: RESTORE_HINT });
}
