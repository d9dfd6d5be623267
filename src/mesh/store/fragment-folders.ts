/**
 * Where fragments lie, in up to 256 folders so that none becomes too long.
 *
 *   <folder>/fragments/<2 hex>/<64 hex>            whole; its first two digits name the folder
 *   <folder>/fragments/<2 hex>/<64 hex>.<n>.part   on its way in; n, because two may bring the same one
 *
 * All folders are made when a node first begins, so that its first fragments cost no more than later ones.
 */
import { fstatSync, mkdirSync, openSync, readdirSync, type Stats, statSync } from "node:fs";
import { lstat, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError } from "../../core/errors.ts";
import { SharedSync } from "../../files/together.ts";
import { PRIVATE_DIRECTORY_MODE } from "../../vault/data-directory.ts";
import { syncDirectory } from "../../vault/durable-file.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { closeFile, syncAll, syncData } from "./descriptor.ts";
import { fileLength } from "./fragment-file.ts";
import { diskProblem } from "./store-errors.ts";

const FOLDERS = 256;
const FRAGMENT_NAME = /^[0-9a-f]{64}$/;
const PART_NAME = /^[0-9a-f]{64}\.\d+\.part$/;
/** The unit of `blocks` in what `stat` gives, whatever the file system's own blocks are (POSIX). */
const STAT_BLOCK_BYTES = 512;

export class FragmentFolders {
  readonly #root: string;
  /** That the folders take: kept as a sum, because a node asks several times for each fragment. */
  #bytes: number;
  /** By the first byte of names. */
  readonly #folders: readonly Folder[];
  #parts = 0;

  /** Makes `root` (0700), named `fragments`, and the folders in it if they are missing, durably. */
  constructor(root: string) {
    this.#root = root;
    mkdirSync(root, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
    syncDirectory(dirname(root));
    const there = new Set(readdirSync(root));
    const missing = folderIndexes()
      .map(folderName)
      .filter((name) => !there.has(name));
    for (const name of missing) mkdirSync(join(root, name), { mode: PRIVATE_DIRECTORY_MODE });
    syncDirectory(root);
    this.#bytes = diskBytes(root);
    const grown = (bytes: number): void => void (this.#bytes += bytes);
    this.#folders = folderIndexes().map((index) => new Folder(join(root, folderName(index)), grown));
  }

  pathOf(id: FragmentId): string {
    return `${this.#root}/${folderOf(id)}/${id}`;
  }

  /** A name that nothing has. */
  newPart(id: FragmentId): string {
    return `${this.pathOf(id)}.${this.#parts++}.part`;
  }

  /**
   * Gives a part, all of which was written, its name; resolves when its bytes and the name survive a power cut, and says how
   * many bytes of the disk it takes. It is named before it is synced: most file systems then write both down together, and the
   * sync of the folder finds nothing to do. So it must not take the place of one that is kept.
   */
  async name(part: string, file: number, id: FragmentId): Promise<number> {
    await rename(part, this.pathOf(id));
    await syncData(file);
    await this.#folderOf(id).sync();
    return bytesOfBlocks(fstatSync(file));
  }

  /** Whether there is a file of the right length. What is in it shows when it is opened. */
  async isThere(id: FragmentId, bytes: number): Promise<boolean> {
    try {
      return (await lstat(this.pathOf(id))).size === fileLength(bytes);
    } catch (error) {
      if (isSystemError(error) && error.code === "ENOENT") return false;
      throw diskProblem(error);
    }
  }

  async remove(id: FragmentId): Promise<void> {
    await rm(this.pathOf(id), { force: true });
  }

  /** The fragments in folder `index`, 0 to 255; what was on its way in when an earlier process ended is removed. */
  async takeStock(index: number): Promise<Set<FragmentId>> {
    const name = folderName(index);
    const names = await readdir(join(this.#root, name));
    const parts = names.filter((entry) => PART_NAME.test(entry));
    for (const part of parts) await rm(join(this.#root, name, part), { force: true });
    return new Set(names.filter((entry) => FRAGMENT_NAME.test(entry)) as FragmentId[]);
  }

  /** What the folders themselves take, without what is in them. */
  diskBytes(): number {
    return this.#bytes;
  }

  #folderOf(id: FragmentId): Folder {
    return this.#folders[Number.parseInt(folderOf(id), 16)] as Folder;
  }
}

class Folder {
  readonly #path: string;
  readonly #shared: SharedSync = new SharedSync(() => this.#sync());
  readonly #grown: (bytes: number) => void;
  #bytes = 0;

  /** `grown` is told by how many bytes of the disk it became larger, from nothing. */
  constructor(path: string, grown: (bytes: number) => void) {
    this.#path = path;
    this.#grown = grown;
    this.#count(statSync(path));
  }

  /** Resolves when all names in it survive a power cut. */
  sync(): Promise<void> {
    return this.#shared.run();
  }

  /** Opened at once: a file was just named in it, so that the system has it in memory. */
  async #sync(): Promise<void> {
    const folder = openSync(this.#path, "r");
    try {
      await syncAll(folder);
      this.#count(fstatSync(folder));
    } finally {
      closeFile(folder);
    }
  }

  #count(status: Stats): void {
    const bytes = bytesOfBlocks(status);
    this.#grown(bytes - this.#bytes);
    this.#bytes = bytes;
  }
}

/** Bytes of the disk that something takes, as the file system counts them; 0 if there is nothing. */
export function diskBytes(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false });
  return status ? bytesOfBlocks(status) : 0;
}

function bytesOfBlocks({ blocks }: { readonly blocks: number }): number {
  return blocks * STAT_BLOCK_BYTES;
}

/** Numbers of the folders, in the order of names. */
export function folderIndexes(): number[] {
  return Array.from({ length: FOLDERS }, (_, index) => index);
}

function folderName(index: number): string {
  return index.toString(16).padStart(2, "0");
}

function folderOf(id: FragmentId): string {
  return id.slice(0, 2);
}
