/** The machine's own time, in which hours can pass in a moment: for what is done now and then, while networks keep their pace. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, Timers } from "../../src/core/clock.ts";

interface Scheduled {
  readonly delayMs: number;
  readonly dueMs: number;
  readonly callback: () => void;
  readonly timer: NodeJS.Timeout;
}

/** Machines that were away for longer than five minutes take their absence out of the account; these were not away. */
const STEP_MS = 240_000;
/** What is begun in a step has so long before the next one: a question to a neighbour is answered in it. */
const PAUSE_MS = 20;
/** What is done every minute is waited for, so long: a machine that is still at it would seem to have been away meanwhile. */
const MINUTE_MS = 60_000;
const BUSY_MS = 15_000;

export class SteppedTime implements Clock, Timers {
  #aheadMs: number;
  readonly #scheduled = new Set<Scheduled>();

  constructor(aheadMs: number = 0) {
    this.#aheadMs = aheadMs;
  }

  /** Of the machine's own clock. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const run = (): void => {
      this.#scheduled.delete(one);
      callback();
    };
    const one: Scheduled = {
      delayMs,
      dueMs: this.nowMs() + delayMs,
      callback: run,
      timer: setTimeout(run, Math.min(delayMs, 2 ** 31 - 1)),
    };
    this.#scheduled.add(one);
    return () => {
      clearTimeout(one.timer);
      this.#scheduled.delete(one);
    };
  }

  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.#aheadMs += Math.min(left, STEP_MS);
      const everyMinute = this.#everyMinute();
      const due = [...this.#scheduled].filter(({ dueMs }) => dueMs <= this.nowMs());
      for (const { timer, callback } of due) {
        clearTimeout(timer);
        callback();
      }
      const deadline = performance.now() + BUSY_MS;
      do await sleep(PAUSE_MS);
      while (this.#everyMinute() < everyMinute && performance.now() < deadline);
    }
  }

  #everyMinute(): number {
    return [...this.#scheduled].filter(({ delayMs }) => delayMs === MINUTE_MS).length;
  }
}
