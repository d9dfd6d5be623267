/**
 * One stream out of bytes that are handed in by several calls, one piece at a time.
 *
 *   push(piece) -> waits -> reader takes it -> push returns         end(): the stream ends     fail(error): it breaks
 *
 * At most one piece waits, so that who hands in goes at the reader's pace.
 */
export class Feed implements AsyncIterable<Uint8Array> {
  #waiting: { readonly piece: Uint8Array; readonly taken: PromiseWithResolvers<void> } | null = null;
  #state: "open" | "ended" | "failed" = "open";
  #error: Error | null = null;
  #news = Promise.withResolvers<void>();

  /** Resolves once the piece was taken and the next one is asked for; rejects with the error of a broken stream. One call at a time. */
  push(piece: Uint8Array): Promise<void> {
    if (this.#state === "failed") return Promise.reject(this.#error);
    const taken = Promise.withResolvers<void>();
    this.#waiting = { piece, taken };
    this.#news.resolve();
    return taken.promise;
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#news.resolve();
  }

  /** Breaks the stream, for its reader and for who is handing in. The first error counts. */
  fail(error: Error): void {
    if (this.#state === "failed") return;
    this.#state = "failed";
    this.#error = error;
    this.#waiting?.taken.reject(error);
    this.#waiting = null;
    this.#news.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      if (this.#state === "failed") throw this.#error;
      const waiting = this.#waiting;
      if (waiting) {
        yield waiting.piece;
        if (this.#waiting === waiting) this.#waiting = null;
        waiting.taken.resolve();
      } else if (this.#state === "ended") {
        return;
      } else {
        this.#news = Promise.withResolvers<void>();
        await this.#news.promise;
      }
    }
  }
}
