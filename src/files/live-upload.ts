/**
 * One upload while this process lives: a single stream into the sealer, fed by one call after the other.
 *
 *   survivors of an earlier process | body of a call | body of the next call ... | end
 *                                   '--> adopt? as soon as their sealed bytes are on the disk
 *
 * What the sealer has taken it never gets again: a call that breaks off leaves the stream where it is, half a chunk
 * included, and the next one goes on there.
 */
import { ValidationError } from "../core/errors.ts";
import { abortable } from "./abortable.ts";
import { Feed } from "./feed.ts";
import type { FileView } from "./views.ts";

/** Something else is to come next than what was offered; `offset` says what. */
export class UploadOffsetError extends ValidationError {
  readonly offset: number;

  constructor(offset: number) {
    super("upload_offset", "The upload goes on at another place.", {
      hint: "Ask for its offset, and send from there.",
    });
    this.offset = offset;
  }
}

export interface LiveUploadOptions {
  /** Of the whole file. */
  readonly bytes: number;
  /** What is left of it from before. */
  readonly survivors: AsyncIterable<Uint8Array>;
  /**
   * Called once these were handed to the sealer, with how many bytes they are, and again after each piece that follows
   * until it resolves to true: then the sealed ones are safe on the disk.
   */
  readonly adopt: (survived: number) => Promise<boolean>;
  /** Seals and keeps the whole stream. */
  readonly write: (source: AsyncIterable<Uint8Array>) => Promise<FileView>;
}

export class LiveUpload {
  /** Resolves to the file; rejects when the stream broke, on a full disk for example. */
  readonly done: Promise<FileView>;
  readonly #o: LiveUploadOptions;
  readonly #feed = new Feed();
  readonly #ready = Promise.withResolvers<void>();
  #isReady = false;
  #offset = 0;
  #broken: { readonly error: Error } | null = null;
  #turn: Promise<void> = Promise.resolve();
  #taking: AbortController | null = null;

  constructor(options: LiveUploadOptions) {
    this.#o = options;
    this.#ready.promise.catch(() => undefined);
    this.done = options.write(this.#source()).catch((error: Error) => {
      this.stop(error);
      throw error;
    });
    this.done.catch(() => undefined);
  }

  /** Plain bytes that were taken. */
  get offset(): number {
    return this.#offset;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get isReceiving(): boolean {
    return this.#taking !== null;
  }

  /** Takes what `body` gives; resolves when it ended, and at the last byte of the file when the file is kept. */
  async take(offset: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    this.#taking?.abort(takenOver());
    const mine = new AbortController();
    this.#taking = mine;
    const before = this.#turn;
    const work = this.#takeInTurn(before, offset, abortable(body, mine.signal));
    this.#turn = work.catch(() => undefined);
    try {
      await work;
    } finally {
      if (this.#taking === mine) this.#taking = null;
    }
  }

  /** Breaks the stream: nothing more is sealed under its key. */
  stop(error: Error): void {
    this.#broken = { error };
    this.#ready.reject(error);
    this.#feed.fail(error);
  }

  async #takeInTurn(before: Promise<void>, offset: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    await before;
    await this.#ready.promise;
    if (offset !== this.#offset) throw new UploadOffsetError(this.#offset);
    for await (const piece of body) {
      if (piece.length > this.#o.bytes - this.#offset) throw tooLong();
      // Counted first: should this call end while the piece is on its way, the next one must not bring it again.
      this.#offset += piece.length;
      await this.#feed.push(piece);
    }
    if (this.#offset < this.#o.bytes) return;
    this.#feed.end();
    await this.done;
  }

  async *#source(): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#o.survivors) {
      if (this.#broken) throw this.#broken.error;
      this.#offset += piece.length;
      yield piece;
    }
    const survived = this.#offset;
    let isAdopted = await this.#o.adopt(survived);
    this.#isReady = true;
    this.#ready.resolve();
    for await (const piece of this.#feed) {
      yield piece;
      isAdopted ||= await this.#o.adopt(survived);
    }
  }
}

function takenOver(): ValidationError {
  return new ValidationError("upload_taken_over", "Another call goes on with this upload.", {
    hint: "Let that one send the rest.",
  });
}

function tooLong(): ValidationError {
  return new ValidationError("upload_too_long", "More bytes came than this upload was to have.", {
    hint: "Start it again with its real size.",
  });
}
