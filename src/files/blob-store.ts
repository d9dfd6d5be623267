/**
 * Sealed bytes on disk, one file each. A name says nothing about what is inside.
 *
 *   <dataDir>/blobs/<32 hex>         whole, never changed but for its header
 *   <dataDir>/blobs/<32 hex>.part    being written; left over by a crash, and by an upload that is to be continued
 *   <dataDir>/blobs/<32 hex>.remote  its bytes lie in an operator's bucket; see `bucket/pointers.ts`
 *   none of these                    its bytes may lie in the mesh; see `mesh-copies.ts`
 *
 * A blob exists under its name only after all its bytes and the name itself are on the disk
 * (write, fsync, rename, fsync of the folder), so a crash at any moment leaves either all of it or a `.part`. With a
 * bucket, whole blobs go there afterwards (`bucket/mover.ts`); until it has said that it holds one, it stays here.
 */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { concatBytes, toHex, unwrittenBytes } from "../core/bytes.ts";
import { InternalError, PolicyError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import type { Bucket } from "./bucket/bucket.ts";
import { type Pointer, Pointers } from "./bucket/pointers.ts";
import { onDisk, onDiskSync, RESTORE_HINT, writeFully, writeFullySync } from "./disk.ts";
import type { BlobSource, DistantBlob } from "./mesh-copies.ts";
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

/** Where the bytes of a blob are read. */
export type BlobPlace = "disk" | "bucket" | "mesh";

/** A blob whose bytes are not here. */
interface Elsewhere extends DistantBlob {
  /** Bytes `start` to `end` of what lies there. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export class BlobStore {
  readonly #folder: string;
  /** Ids that this process is writing, which a sweep must spare. */
  readonly #writing = new Set<string>();
  readonly #folderSync: SharedSync = new SharedSync(() => this.#syncFolder());
  readonly #bucket: Bucket | null;
  readonly #pointers: Pointers;
  /** Blobs on their way into the bucket, and the header that one got meanwhile. */
  readonly #moving = new Map<string, Uint8Array>();
  #forBucket: () => void = () => {};
  #mesh: BlobSource | null = null;

  /** Makes the folder (0700) where it is missing. */
  constructor(folder: string, bucket: Bucket | null = null) {
    this.#folder = folder;
    this.#bucket = bucket;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#pointers = new Pointers(folder);
  }

  /** Whoever moves blobs hears when one was kept, and when one was removed that a bucket may hold. */
  onBucketWork(listener: () => void): void {
    this.#forBucket = listener;
  }

  /** Where blobs are looked for that are neither here nor in the bucket. */
  readFrom(mesh: BlobSource): void {
    this.#mesh = mesh;
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
      this.#forBucket();
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
   * Bytes `start` to `end` (exclusive). Throws InternalError `file_missing` when the blob is gone and `file_damaged`
   * when it ends before `end`, both before the first byte unless that happens while it is read; for one in a bucket also
   * what `Bucket.read` throws, and PolicyError `bucket_changed` when that is not the bucket of now; for one in the mesh what
   * `BlobSource.read` throws.
   */
  async *read(id: string, start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    const file = this.isRemote(id) ? null : await this.#unlessMoved(id, this.#openBlob(id));
    const elsewhere = file ? null : this.#elsewhere(id);
    if (file) yield* readHere(file, start, end);
    else if (elsewhere) yield* readElsewhere(elsewhere, start, end);
    else throw missing();
  }

  /** The first `bytes` bytes, or fewer when the blob is shorter. Throws InternalError `file_missing`. */
  async head(id: string, bytes: number): Promise<Uint8Array> {
    const end = Math.min(bytes, await this.size(id));
    return concatBytes(...(await Array.fromAsync(this.read(id, 0, end))));
  }

  /** Synchronous: whoever finds a blob there can name it before anything else happens. */
  isThere(id: string): boolean {
    return this.placeOf(id) !== null;
  }

  /** Null if it is nowhere. */
  placeOf(id: string): BlobPlace | null {
    if (existsSync(this.#path(id))) return "disk";
    if (this.#pointers.has(id)) return "bucket";
    return this.#mesh?.find(id) ? "mesh" : null;
  }

  /** True if blobs lie in a bucket and this node was told of none. */
  lacksBucket(): boolean {
    return this.#bucket === null && this.#pointers.ids().length > 0;
  }

  /** True if its bytes lie in a bucket or in the mesh, and not here. */
  isRemote(id: string): boolean {
    return ["bucket", "mesh"].includes(this.placeOf(id) ?? "");
  }

  /** Length in bytes. Throws InternalError `file_missing`. */
  async size(id: string): Promise<number> {
    const here = this.isRemote(id) ? null : await this.#unlessMoved(id, onDisk(stat(this.#path(id))));
    const bytes = here ? here.size : this.#elsewhere(id)?.bytes;
    if (bytes === undefined) throw missing();
    return bytes;
  }

  /**
   * Overwrites the first bytes in place and waits until they are on the disk. The caller keeps a copy until
   * then, because a power cut may tear the write. Synchronous: a few hundred bytes, and nothing may come between.
   */
  overwriteHead(id: string, head: Uint8Array): void {
    const path = this.#path(id);
    this.#mesh?.setHead(id, head);
    if (!existsSync(path)) {
      const pointer = this.#pointers.get(id);
      if (pointer) this.#pointers.set(id, { ...pointer, head });
      if (this.isRemote(id)) return;
    }
    if (this.#moving.has(id)) this.#moving.set(id, head.slice());
    const file = onDiskSync(() => openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW));
    try {
      writeFullySync(file, head, 0);
      onDiskSync(() => fsyncSync(file));
    } finally {
      closeSync(file);
    }
  }

  /** What lies in a bucket goes from there later: see `deleteFromBucket`. What lies in the mesh stays there. */
  async remove(id: string): Promise<void> {
    const path = this.#path(id);
    const isElsewhere = this.#pointers.drop(id);
    await rm(path, { force: true });
    await this.#folderSync.run();
    if (isElsewhere) this.#forBucket();
  }

  /** Writes onto this disk what lies in the mesh alone. Throws what `read` throws: then it is as it was. */
  async bringHere(id: string): Promise<void> {
    const bytes = await this.size(id);
    await rm(this.#partPath(id), { force: true }); // of a try that failed
    const rewrite = (): void => {
      // The person may have changed the password meanwhile.
      const head = this.#mesh?.find(id)?.head;
      if (head && head.length > 0) this.overwriteHead(id, head);
    };
    await this.write(this.read(id, 0, bytes), rewrite, id);
  }

  /** Blobs whose bytes lie here, and those that a bucket may hold in vain. */
  async listForBucket(): Promise<{ readonly here: string[]; readonly gone: readonly string[] }> {
    const here = (await this.list()).filter((id) => existsSync(this.#path(id)));
    return { here, gone: this.#pointers.allGone() };
  }

  /**
   * Hands a whole blob to the bucket; then only a pointer is left here. Nothing happens if the blob has gone meanwhile.
   * Throws what `Bucket.put` throws: then it is still here.
   */
  async moveToBucket(id: string, bucket: Bucket): Promise<void> {
    const path = this.#path(id);
    await using file = await this.#openBlob(id);
    const { size } = await file.stat();
    const { place } = bucket;
    const earlier = this.#pointers.unfinished(id);
    if (earlier?.place === place && earlier.upload !== null) await bucket.abort(id, earlier.upload);
    this.#moving.set(id, new Uint8Array(0));
    try {
      this.#pointers.begin(id, { place, upload: null });
      await bucket.put(id, file, size, (upload) => this.#pointers.begin(id, { place, upload }));
      // From here on nothing may come between: the blob could be removed, or get another header.
      if (!existsSync(path)) return;
      this.#pointers.set(id, { place, bytes: size, head: this.#moving.get(id) ?? new Uint8Array(0) });
      rmSync(path, { force: true });
      this.#pointers.arrived(id);
    } finally {
      this.#moving.delete(id);
      // Removed while it was on its way: what `remove` noted may name no upload yet, or one that has ended.
      if (!existsSync(path) && !this.#pointers.has(id)) this.#pointers.drop(id);
    }
  }

  /** Takes out of the bucket what was removed here; what lies in another waits for that. Throws what `Bucket.delete` throws. */
  async deleteFromBucket(id: string, bucket: Bucket): Promise<void> {
    const mark = this.#pointers.gone(id);
    if (mark?.place !== bucket.place) return;
    if (mark.upload !== null) await bucket.abort(id, mark.upload);
    await bucket.delete(id);
    this.#pointers.forget(id);
  }

  /** What the disk has left for this user. */
  freeBytes(): number {
    const { bavail, bsize } = onDiskSync(() => statfsSync(this.#folder));
    return bavail * bsize;
  }

  /** Ids of all whole blobs, except those that a `write` has not handed over yet. */
  async list(): Promise<string[]> {
    const here = (await onDisk(readdir(this.#folder))).filter(
      (name) => BLOB_NAME.test(name) && !this.#writing.has(name),
    );
    return [...new Set([...here, ...this.#pointers.ids()])];
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

  /** What the disk gives of a blob; null if the blob arrived in the bucket, and so left the disk, while the disk was asked. */
  async #unlessMoved<T>(id: string, asked: Promise<T>): Promise<T | null> {
    try {
      return await asked;
    } catch (error) {
      if (this.isRemote(id)) return null;
      throw error;
    }
  }

  /** Null for a blob whose bytes are here, and for one that is nowhere. */
  #elsewhere(id: string): Elsewhere | null {
    if (existsSync(this.#path(id))) return null;
    const pointer = this.#pointers.get(id);
    if (pointer) return { ...pointer, read: (start, end) => this.#readBucket(id, pointer, start, end) };
    const mesh = this.#mesh;
    const copy = mesh?.find(id);
    return mesh && copy ? { ...copy, read: (start, end) => mesh.read(id, start, end) } : null;
  }

  #readBucket(id: string, { place, bytes }: Pointer, start: number, end: number): AsyncIterable<Uint8Array> {
    if (this.#bucket?.place !== place) throw bucketChanged(place);
    return this.#bucket.read(id, start, end, bytes);
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

async function* readHere(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    // Now, and not where it ends: readers that go on after each break would come to that place again and again.
    if ((await onDisk(file.stat())).size < end) throw damaged();
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

async function* readElsewhere(
  blob: Elsewhere,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (end > blob.bytes) throw damaged();
  const own = blob.head.subarray(start, end);
  if (own.length > 0) yield own;
  if (start + own.length < end) yield* blob.read(start + own.length, end);
}

/** Removed by somebody else while it was asked for. */
function missing(): InternalError {
  return new InternalError("file_missing", "The stored bytes of this file are gone.", { hint: RESTORE_HINT });
}

function damaged(): InternalError {
  return new InternalError("file_damaged", "The stored bytes of this file end too early.", { hint: RESTORE_HINT });
}

function bucketChanged(place: string): PolicyError {
  return new PolicyError(
    "bucket_changed",
    `The bytes of this file lie in the bucket ${place}, which is not used now.`,
    {
      hint: `Start Nocturne with NOCTURNE_STORE=${place} and its key in NOCTURNE_STORE_KEY.`,
    },
  );
}
