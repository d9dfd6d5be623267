/**
 * What the disk keeps of blobs that lie in a bucket, beside those that lie here.
 *
 *   <32 hex>.remote   JSON {version, place, bytes, head}: the blob lies there; `head` lies over its first bytes
 *   <32 hex>.moving   JSON {place, upload}: on its way into the bucket; a crash leaves it, and perhaps an unfinished upload
 *   <32 hex>.gone     JSON {place, upload}: not needed any more; that bucket may still hold it
 *
 * A blob whose bytes are here is read here, whatever else is said. Files are replaced as a whole (write, fsync, rename,
 * fsync of the folder) and synchronously: nothing may come between looking and naming.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import { InternalError } from "../../core/errors.ts";
import { BUCKET_LIMITS } from "../../core/bucket-limits.ts";
import { writeFileDurably } from "../../vault/durable-file.ts";
import { onDiskSync, RESTORE_HINT } from "../disk.ts";

export interface Pointer {
  /** Of the bucket, without secrets. */
  readonly place: string;
  /** Length of the blob. */
  readonly bytes: number;
  /** What its first bytes are by now; empty: what the bucket holds. */
  readonly head: Uint8Array;
}

/** What a bucket may hold of a blob besides what a pointer says. */
export interface Mark {
  readonly place: string;
  /** Of the service, when parts of it are there. */
  readonly upload: string | null;
}

type Kind = "remote" | "moving" | "gone";

const NAME = /^([0-9a-f]{32})\.(remote|moving|gone)$/;
const UNFINISHED = /^[0-9a-f]{32}\.(remote|moving|gone)\.[0-9a-f]{16}\.tmp$/;
const VERSION = 1;

const pointerSchema = v.object({
  version: v.literal(VERSION),
  place: v.string(),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  head: v.string(),
});
const markSchema: v.GenericSchema<unknown, Mark> = v.object({ place: v.string(), upload: v.nullable(v.string()) });

export class Pointers {
  readonly #folder: string;
  readonly #known: Readonly<Record<Kind, Set<string>>> = { remote: new Set(), moving: new Set(), gone: new Set() };

  /** The folder must be there. */
  constructor(folder: string) {
    this.#folder = folder;
    for (const name of readdirSync(folder)) {
      const [, id, kind] = NAME.exec(name) ?? [];
      if (id !== undefined && kind !== undefined) this.#known[kind as Kind].add(id);
      else if (UNFINISHED.test(name)) rmSync(join(folder, name), { force: true });
    }
  }

  /** Blobs that lie in a bucket. */
  ids(): readonly string[] {
    return [...this.#known.remote];
  }

  has(id: string): boolean {
    return this.#known.remote.has(id);
  }

  /** Where a blob lies; null if nothing is known of it. Throws InternalError `file_damaged`. */
  get(id: string): Pointer | null {
    if (!this.has(id)) return null;
    const { place, bytes, head } = this.#read(id, "remote", pointerSchema);
    return { place, bytes, head: fromBase64Url(head) };
  }

  set(id: string, { place, bytes, head }: Pointer): void {
    this.#write(id, "remote", { version: VERSION, place, bytes, head: toBase64Url(head) });
  }

  /** From now on that bucket may hold some of it. */
  begin(id: string, mark: Mark): void {
    this.#write(id, "moving", mark);
  }

  /** It arrived, and `set` says where. */
  arrived(id: string): void {
    this.#remove(id, "moving");
  }

  /** It is not needed any more. True if a bucket may hold it, and it is known which. */
  drop(id: string): boolean {
    if (!this.has(id) && !this.#known.moving.has(id)) return false;
    // Where it lies may be lost: then it is forgotten here, and stays there.
    const mark = this.unfinished(id) ?? readable(() => this.#pointed(id));
    if (mark) this.#write(id, "gone", mark);
    this.#remove(id, "remote");
    this.#remove(id, "moving");
    return mark !== null;
  }

  /** What buckets may still hold in vain. */
  allGone(): readonly string[] {
    return [...this.#known.gone];
  }

  /** Where one of them lies; null if it is none. Throws InternalError `file_damaged`. */
  gone(id: string): Mark | null {
    return this.#known.gone.has(id) ? this.#read(id, "gone", markSchema) : null;
  }

  /** How far a blob got that has not arrived; null if none is on its way, or nobody can say how far. */
  unfinished(id: string): Mark | null {
    return readable(() => (this.#known.moving.has(id) ? this.#read(id, "moving", markSchema) : null));
  }

  #pointed(id: string): Mark | null {
    const pointer = this.get(id);
    return pointer && { place: pointer.place, upload: null };
  }

  /** The bucket holds it no more. */
  forget(id: string): void {
    this.#remove(id, "gone");
  }

  #read<T>(id: string, kind: Kind, schema: v.GenericSchema<unknown, T>): T {
    const text = onDiskSync(() => readFileSync(this.#path(id, kind), "utf8"));
    try {
      if (text.length > BUCKET_LIMITS.pointerBytes) throw new RangeError("too long");
      return v.parse(schema, JSON.parse(text));
    } catch (cause) {
      throw new InternalError("file_damaged", "What was noted of where this file lies cannot be read.", {
        hint: RESTORE_HINT,
        cause,
      });
    }
  }

  #write(id: string, kind: Kind, value: object): void {
    writeFileDurably(this.#path(id, kind), Buffer.from(JSON.stringify(value)));
    this.#known[kind].add(id);
  }

  #remove(id: string, kind: Kind): void {
    if (!this.#known[kind].delete(id)) return;
    rmSync(this.#path(id, kind), { force: true });
  }

  #path(id: string, kind: Kind): string {
    return join(this.#folder, `${id}.${kind}`);
  }
}

/** Null for what was damaged, too. */
function readable<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof InternalError) return null;
    throw error;
  }
}
