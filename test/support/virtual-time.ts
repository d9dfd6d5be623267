/** A clock and timers in which hours pass in a moment, for what is scheduled through `Timers`. */
import { setImmediate as reactions } from "node:timers/promises";
import type { Clock, Timers } from "../../src/core/clock.ts";

interface Scheduled {
  /** By the time that has passed, not by the clock, which may be set. */
  readonly dueMs: number;
  readonly callback: () => void;
}

export class VirtualTime implements Clock, Timers {
  #passedMs = 0;
  #clockMs: number;
  /** The earliest last. */
  readonly #scheduled: Scheduled[] = [];

  constructor(startMs: number) {
    this.#clockMs = startMs;
  }

  nowMs(): number {
    return this.#clockMs + this.#passedMs;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const scheduled = { dueMs: this.#passedMs + delayMs, callback };
    const later = this.#scheduled.findLastIndex(({ dueMs }) => dueMs > scheduled.dueMs);
    this.#scheduled.splice(later + 1, 0, scheduled);
    return () => {
      const at = this.#scheduled.indexOf(scheduled);
      if (at >= 0) this.#scheduled.splice(at, 1);
    };
  }

  /** Resolves when so much time is past; what promises do between two timers is done between them. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#passedMs + durationMs;
    for (let next = this.#scheduled.at(-1); next && next.dueMs <= endMs; next = this.#scheduled.at(-1)) {
      this.#scheduled.pop();
      this.#passedMs = Math.max(this.#passedMs, next.dueMs);
      next.callback();
      await reactions();
    }
    this.#passedMs = Math.max(this.#passedMs, endMs);
  }

  /** The machine is busy or sleeps: time passes, and no timer runs until the next `advance`. */
  stall(durationMs: number): void {
    this.#passedMs += durationMs;
  }

  /** Somebody sets the clock; timers do not heed it. */
  set(nowMs: number): void {
    this.#clockMs = nowMs - this.#passedMs;
  }
}
