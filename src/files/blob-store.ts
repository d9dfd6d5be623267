/**
 * Sealed bytes on disk, one file each. A name says nothing about what is inside.
 *
 *   <dataDir>/blobs/<32 hex>         whole, never changed but for its header
 *   <dataDir>/blobs/<32 hex>.part    being written; left over by a crash, and by an upload that is to be continued
 *
 * A blob exists under its name only after all its bytes and the name itself are on the disk
 * (write, fsync, rename, fsync of the folder), so a crash at any moment leaves either all of it or a `.part`.
 */
import { closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, statfsSync, statSync } from "node:fs";
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
   * Under a name that was given (`newBlobId`) what was written stays after a failure, for `readPart`.
   */
  async write<T>(content: BlobContent, keep: (blob: StoredBlob) => T | Promise<T>, named?: string): Promise<T> {
    const id = named ?? newBlobId();
    const part = this.#partPath(id);
    this.#writing.add(id);
    try {
      const bytes = await this.#writePart(part, content);
      await onDisk(rename(part, this.#path(id)));
      await this.#folderSync.run();
      return await keep({ id, bytes });
    } catch (error) {
      if (named === undefined) await this.removePart(id);
      throw error;
    } finally {
      this.#writing.delete(id);
    }
  }

  /** What was written of a blob, as far as it goes, whether it is whole or not; nothing when there is none. */
  async *readPart(id: string): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await this.#openPartOrBlob(id);
    if (file === null) return;
    try {
      for (let at = 0; ; ) {
        const buffer = new Uint8Array(READ_BYTES);
        const { bytesRead } = await onDisk(file.read(buffer, 0, buffer.length, at));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
  }

  /** Bytes that were written of a blob so far, or of the whole one; 0 when there is none. */
  partBytes(id: string): number {
    const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;
    return sizeOf(this.#partPath(id)) ?? sizeOf(this.#path(id)) ?? 0;
  }

  /** Waits until what was written so far is on the disk, and its name. */
  async syncPart(id: string): Promise<void> {
    const file = await this.#openPartOrBlob(id);
    if (file === null) return;
    try {
      await onDisk(file.sync());
    } finally {
      await file.close();
    }
    await this.#syncFolder();
  }

  /** Deletes what there is of a blob, whole or not. */
  async removePart(id: string): Promise<void> {
    await rm(this.#partPath(id), { force: true });
    await rm(this.#path(id), { force: true });
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

  /**
   * Deletes what interrupted writes of earlier processes left, but for the blobs in `spared`; returns how many. `spared`
   * is asked for once the folder was read: what it names may have come meanwhile.
   */
  async sweepParts(spared: () => ReadonlySet<string>): Promise<number> {
    const names = await onDisk(readdir(this.#folder));
    const kept = spared();
    const isForgotten = (id: string): boolean => !this.#writing.has(id) && !kept.has(id);
    const parts = names.filter((name) => PART_NAME.test(name) && isForgotten(name.slice(0, -PART_SUFFIX.length)));
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

  async #openPartOrBlob(id: string): Promise<FileHandle | null> {
    for (const path of [this.#partPath(id), this.#path(id)]) {
      if (existsSync(path)) return onDisk(open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
    }
    return null;
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

  #partPath(id: string): string {
    return `${this.#path(id)}${PART_SUFFIX}`;
  }
}

/** A name that no blob has. */
export function newBlobId(): string {
  return toHex(randomBytes(16));
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
