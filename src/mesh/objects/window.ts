/**
 * How many segments are under way at a time: as many as make the whole faster, and no more.
 *
 *   a segment took less than twice as long as the fastest one did      nobody waits yet: one more at a time
 *   more than four times as long                                       they wait for each other: one less
 *
 * This is the idea of TCP Vegas (Brakmo and Peterson, 1995): delay, not loss, tells that a path is full.
 */
const FREE = 2;
const CROWDED = 4;

export class Window {
  readonly #most: number;
  #size: number;
  #used = 0;
  #fastestMs = Number.POSITIVE_INFINITY;
  readonly #waiting: (() => void)[] = [];

  /** `most` is never exceeded. */
  constructor(most: number) {
    this.#most = most;
    this.#size = Math.min(2, most);
  }

  /** Segments that may be under way now. */
  get size(): number {
    return this.#size;
  }

  /** Resolves when one more may begin. */
  async enter(): Promise<void> {
    while (this.#used >= this.#size) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#used++;
  }

  /** One has ended, after so long; null: it failed, which tells nothing. */
  leave(tookMs: number | null): void {
    this.#used--;
    if (tookMs !== null) this.#adapt(Math.max(tookMs, 1));
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #adapt(tookMs: number): void {
    this.#fastestMs = Math.min(this.#fastestMs, tookMs);
    // Of several under way each takes longer by itself: what counts is the time a segment, not of a segment.
    const eachMs = tookMs / Math.max(1, this.#used + 1);
    if (eachMs < FREE * this.#fastestMs) this.#size = Math.min(this.#most, this.#size + 1);
    else if (eachMs > CROWDED * this.#fastestMs) this.#size = Math.max(1, this.#size - 1);
  }
}
