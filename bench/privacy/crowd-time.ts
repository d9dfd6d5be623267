/** Virtual time for weeks of many people: as `VirtualTime`, without a rest for promises between two timers. */

import type { Clock, Timers } from "../../src/core/clock.ts";

interface Scheduled {
  readonly dueMs: number;
  callback: (() => void) | null;
}

/** Timers that run before promises may settle: their number bounds the memory. */
const AT_ONCE = 256;

export class CrowdTime implements Clock, Timers {
  #nowMs: number;
  /** A heap: each is due no later than those at 2i + 1 and 2i + 2. */
  readonly #heap: Scheduled[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const scheduled: Scheduled = { dueMs: this.#nowMs + delayMs, callback };
    this.#rise(this.#heap.length, scheduled);
    return () => void (scheduled.callback = null);
  }

  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    for (let run = 0; (this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= endMs; run++) {
      const { dueMs, callback } = this.#heap[0] as Scheduled;
      const last = this.#heap.pop() as Scheduled;
      if (this.#heap.length > 0) this.#sink(last);
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      callback?.();
      if (run % AT_ONCE === 0) await Promise.resolve();
    }
    this.#nowMs = endMs;
  }

  #rise(from: number, scheduled: Scheduled): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#heap[parent] as Scheduled).dueMs <= scheduled.dueMs) break;
      this.#heap[at] = this.#heap[parent] as Scheduled;
      at = parent;
    }
    this.#heap[at] = scheduled;
  }

  #sink(scheduled: Scheduled): void {
    let at = 0;
    for (let child = 1; child < this.#heap.length; child = 2 * at + 1) {
      const right = this.#heap[child + 1];
      if (right && right.dueMs < (this.#heap[child] as Scheduled).dueMs) child++;
      if ((this.#heap[child] as Scheduled).dueMs >= scheduled.dueMs) break;
      this.#heap[at] = this.#heap[child] as Scheduled;
      at = child;
    }
    this.#heap[at] = scheduled;
  }
}
