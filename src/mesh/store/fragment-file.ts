/**
 * The file of one fragment.
 *
 *   version 1 | bytes u32 | leaf hashes, 32 each | the bytes         numbers are big-endian
 *   |-------------- head, written last ----------|
 *
 * The hashes are kept because a proof of some leaves needs all of them, and reading 2 MB to show 4 KiB would let anybody
 * keep a node's disk busy. They are checked against the name whenever the file is opened.
 */
import { fstatSync } from "node:fs";
import { concatBytes, u32 } from "../../core/bytes.ts";
import { isSystemError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { HASH_BYTES } from "../../crypto/merkle-tree.ts";
import { type FragmentId, isTreeOf, leafCount } from "../pieces/fragment-tree.ts";
import type { FragmentReader } from "../rooms.ts";
import { closeFile, openFile, readAt } from "./descriptor.ts";
import { diskProblem, fragmentDamaged } from "./store-errors.ts";

const VERSION = 1;
const HASHES_AT = 5;
const { leafBytes } = MESH_LIMITS;

/** Where the bytes of a fragment of `bytes` bytes begin in its file. */
export function contentStart(bytes: number): number {
  return HASHES_AT + leafCount(bytes) * HASH_BYTES;
}

/** Length of the file of a fragment of `bytes` bytes. */
export function fileLength(bytes: number): number {
  return contentStart(bytes) + bytes;
}

/** What stands before the bytes: `contentStart(bytes)` bytes. */
export function encodeHead(bytes: number, hashes: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION), u32(bytes), ...hashes);
}

/** Whether it is the whole head of that fragment. */
function isHeadOf(head: Uint8Array, id: FragmentId, bytes: number): boolean {
  const isOurs = head.length === contentStart(bytes) && head[0] === VERSION;
  if (!isOurs || new DataView(head.buffer, head.byteOffset).getUint32(1) !== bytes) return false;
  return isTreeOf(id, bytes, hashesOf(head, bytes));
}

function hashesOf(head: Uint8Array, bytes: number): Uint8Array[] {
  return Array.from({ length: leafCount(bytes) }, (_, i) =>
    head.subarray(HASHES_AT + i * HASH_BYTES, HASHES_AT + (i + 1) * HASH_BYTES),
  );
}

/**
 * Opens the fragment of that name and length. Null if there is none at `path`, or something else. Throws InternalError
 * when the disk does not answer.
 */
export async function openFragment(path: string, id: FragmentId, bytes: number): Promise<FragmentReader | null> {
  const file = await openIfThere(path);
  if (file === null) return null;
  try {
    const status = fstatSync(file);
    const head = status.isFile() && status.size === fileLength(bytes) ? await headIn(file, id, bytes) : null;
    if (head) return new OpenFragment(file, bytes, head);
  } catch (error) {
    closeFile(file);
    throw diskProblem(error);
  }
  closeFile(file);
  return null;
}

async function headIn(file: number, id: FragmentId, bytes: number): Promise<Uint8Array | null> {
  const head = await readAt(file, 0, contentStart(bytes));
  return isHeadOf(head, id, bytes) ? head : null;
}

async function openIfThere(path: string): Promise<number | null> {
  try {
    return await openFile(path);
  } catch (error) {
    if (isSystemError(error) && ["ENOENT", "ELOOP"].includes(error.code)) return null;
    throw diskProblem(error);
  }
}

class OpenFragment implements FragmentReader {
  readonly bytes: number;
  readonly #head: Uint8Array;
  readonly #file: number;
  #reading = 0;
  #isLeft = false;

  constructor(file: number, bytes: number, head: Uint8Array) {
    this.#file = file;
    this.bytes = bytes;
    this.#head = head;
  }

  /** Made anew each time: a thousand views take five times what they show, as long as whoever reads slowly has it open. */
  get hashes(): readonly Uint8Array[] {
    return hashesOf(this.#head, this.bytes);
  }

  /** Throws InternalError `fragment_damaged` when the file became shorter since it was opened, or it was closed. */
  async read(first: number, count: number): Promise<Uint8Array> {
    const start = Math.min(first * leafBytes, this.bytes);
    const length = Math.min(count * leafBytes, this.bytes - start);
    const bytes = await this.#readAt(contentStart(this.bytes) + start, length);
    if (bytes.length < length) throw fragmentDamaged();
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isLeft) return;
    this.#isLeft = true;
    if (this.#reading === 0) closeFile(this.#file);
  }

  /** The last one closes what was left meanwhile: the number of a closed file may be another file's before a read ends. */
  async #readAt(position: number, length: number): Promise<Uint8Array> {
    if (this.#isLeft) throw fragmentDamaged();
    this.#reading++;
    try {
      return await readAt(this.#file, position, length);
    } catch (error) {
      throw diskProblem(error);
    } finally {
      this.#reading--;
      if (this.#isLeft && this.#reading === 0) closeFile(this.#file);
    }
  }
}
