/**
 * How much of the disk a node may take. Room is promised before the first byte comes, because a hundred that come at once
 * would each see the same free space.
 *
 *   |-- files --|-- folders, index, its log --|-- promised --|-- kept for the log --|--- asked for ---|    <= maxBytes
 *
 * Everything counts as the file system counts it: whole blocks.
 */
import { statfsSync } from "node:fs";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { fileLength } from "./fragment-file.ts";
import type { FragmentFolders } from "./fragment-folders.ts";
import type { IndexDatabase } from "./index-database.ts";
import { nodeFull } from "./store-errors.ts";

export interface RoomOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly folders: FragmentFolders;
  readonly database: IndexDatabase;
}

export class Room {
  readonly #folder: string;
  readonly #folders: FragmentFolders;
  readonly #database: IndexDatabase;
  readonly #blockBytes: number;
  #maxBytes: number;
  #fileBytes = 0;
  #promisedBytes = 0;
  #promises = 0;

  constructor({ folder, maxBytes, folders, database }: RoomOptions) {
    this.#folder = folder;
    this.#folders = folders;
    this.#database = database;
    this.#maxBytes = maxBytes;
    this.#blockBytes = statfsSync(folder).bsize;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** May be less than what is taken: then nothing more is taken. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** A file came, or went (negative). */
  count(diskBytes: number): void {
    this.#fileBytes += diskBytes;
  }

  /** Bytes of the disk that everything takes; what is on its way in counts as what was promised to it. */
  usedBytes(): number {
    const { index, log } = this.#database.diskBytes();
    return this.#fileBytes + this.#folders.diskBytes() + index + log + this.#promisedBytes;
  }

  /**
   * Promises room for a fragment of `bytes` bytes; returns what gives it back, once. Synchronous: between the look and the
   * promise nothing may come. Throws PolicyError `node_full`.
   */
  promise(bytes: number): () => void {
    const asked = this.#bytesFor(bytes);
    if (this.#promises >= MESH_LIMITS.arrivals) throw nodeFull("too many fragments come at the same time.");
    const logRoom = Math.max(0, MESH_LIMITS.indexLogBytes - this.#database.diskBytes().log);
    if (this.usedBytes() + logRoom + asked > this.#maxBytes) throw nodeFull("all that it was given is taken.");
    const { bavail, bsize } = statfsSync(this.#folder);
    const isTight = bavail * bsize - this.#promisedBytes - asked < MESH_LIMITS.diskReserveBytes;
    if (isTight) throw nodeFull("the rest of its disk is for other programs.");
    this.#change(asked, 1);
    let isGiven = true;
    return () => {
      if (isGiven) this.#change(-asked, -1);
      isGiven = false;
    };
  }

  /** Whole blocks for the file, and one each for its row and its name. */
  #bytesFor(bytes: number): number {
    return (Math.ceil(fileLength(bytes) / this.#blockBytes) + 2) * this.#blockBytes;
  }

  #change(bytes: number, promises: number): void {
    this.#promisedBytes += bytes;
    this.#promises += promises;
  }
}
