/**
 * A fragment on its way in.
 *
 *   write, write, ... -> `.part`, and the hashes of its leaves
 *   finish            -> are these the leaves of that name? head -> named, synced and written into the index (`keep`)
 *   anything else     -> the `.part` goes, and the room is given back
 *
 * One that comes in a single piece, as all do that fit into a frame, is checked first and then written with its head, at once.
 */
import { rm } from "node:fs/promises";
import { isTreeOf, leafHashes } from "../pieces/fragment-tree.ts";
import type { Arrival, StoreRequest } from "../rooms.ts";
import { closeFile, writeParts } from "./descriptor.ts";
import { contentStart, encodeHead } from "./fragment-file.ts";
import { LeafHasher } from "./leaf-hasher.ts";
import { arrivalClosed, diskProblem, wrongFragment } from "./store-errors.ts";

export interface IncomingOptions {
  readonly request: StoreRequest;
  /** Descriptor of the part, which this then owns. */
  readonly file: number;
  readonly path: string;
  /** Gives the part, all of which was written, its name and its row; resolves when they and its bytes survive a power cut. */
  readonly keep: (file: number) => Promise<void>;
  /** What is done last, however it ends. */
  readonly over: () => void;
}

export class IncomingFragment implements Arrival {
  readonly #o: IncomingOptions;
  /** Null before the first piece, and for what came whole. */
  #hasher: LeafHasher | null = null;
  /** Of what came whole: whether it is what its name says. */
  #isRight = false;
  #arrivedBytes = 0;
  /** Resolves when no write is under way. */
  #written: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;
  /** Set once nothing more may be written. */
  #ending: Promise<void> | null = null;

  constructor(options: IncomingOptions) {
    this.#o = options;
  }

  /** The bytes must not change until it resolves. Throws PolicyError `node_full`; then, as after every failure, nothing is left. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#ending) throw arrivalClosed();
    const start = this.#arrivedBytes;
    const total = this.#o.request.bytes;
    if (bytes.length > total - start) return this.#fail(wrongFragment());
    this.#arrivedBytes += bytes.length;
    if (bytes.length === 0) return;
    if (bytes.length === total) return this.#writeWhole(bytes);
    this.#hasher ??= new LeafHasher();
    this.#hasher.add(bytes);
    return this.#put([bytes], contentStart(total) + start);
  }

  async #writeWhole(bytes: Uint8Array): Promise<void> {
    const hashes = leafHashes(bytes);
    this.#isRight = isTreeOf(this.#o.request.id, bytes.length, hashes);
    if (this.#isRight) await this.#put([encodeHead(bytes.length, hashes), bytes], 0);
  }

  async #put(parts: readonly Uint8Array[], position: number): Promise<void> {
    const written = writeParts(this.#o.file, parts, position).catch((error: unknown) => {
      this.#failure ??= { error: diskProblem(error) };
    });
    this.#written = Promise.all([this.#written, written]).then(() => undefined);
    await written;
    if (this.#failure) await this.#fail(this.#failure.error);
  }

  /** Throws ValidationError `wrong_fragment`, PolicyError `node_full`; then nothing is left. */
  async finish(): Promise<void> {
    if (this.#ending) throw this.#failure?.error ?? arrivalClosed();
    const finished = this.#finish().catch((error: unknown) => {
      throw diskProblem(error);
    });
    this.#ending = finished.then(
      () => undefined,
      () => undefined,
    );
    return finished;
  }

  async abort(): Promise<void> {
    this.#ending ??= this.#leave();
    await this.#ending;
  }

  async #finish(): Promise<void> {
    let isKept = false;
    try {
      await this.#written;
      if (this.#failure) throw this.#failure.error;
      await this.#complete();
      await this.#o.keep(this.#o.file);
      isKept = true;
    } finally {
      await this.#close(isKept);
    }
  }

  /** All of the part is written, and is what its name says. */
  async #complete(): Promise<void> {
    const { file, request } = this.#o;
    if (this.#hasher && this.#arrivedBytes === request.bytes) {
      const hashes = this.#hasher.end();
      this.#isRight = isTreeOf(request.id, request.bytes, hashes);
      if (this.#isRight) await writeParts(file, [encodeHead(request.bytes, hashes)], 0);
    }
    if (!this.#isRight) throw wrongFragment();
  }

  async #fail(error: unknown): Promise<never> {
    this.#failure ??= { error };
    await this.abort();
    throw error;
  }

  async #leave(): Promise<void> {
    await this.#written;
    await this.#close(false);
  }

  async #close(isKept: boolean): Promise<void> {
    try {
      closeFile(this.#o.file);
      if (!isKept) await rm(this.#o.path, { force: true });
    } finally {
      this.#o.over();
    }
  }
}
