/**
 * The machine's own time, in which hours can pass in a moment: for what is done now and then, while networks keep their pace.
 *
 * Nodes have two kinds of waiting for a minute: until they ask who is there, one of each node at all times but while it asks; and for the
 * answer to an audit. A step is taken when there are as many as nodes: so all have asked, and no audit is broken off.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, Timers } from "../../src/core/clock.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";

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
const WAITS_MS: ReadonlySet<number> = new Set([MESH_LIMITS.probeTickMs, MESH_LIMITS.auditMs]);
/** Longer than that nobody is waited for. */
const BUSY_MS = 60_000;

export class SteppedTime implements Clock, Timers {
  #aheadMs: number;
  readonly #nodes: () => number;
  readonly #scheduled = new Set<Scheduled>();

  /** `nodes`: how many have this time; 0 waits for nobody. */
  constructor(aheadMs: number = 0, nodes: () => number = () => 0) {
    this.#aheadMs = aheadMs;
    this.#nodes = nodes;
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
      const due = [...this.#scheduled].filter(({ dueMs }) => dueMs <= this.nowMs());
      for (const { timer, callback } of due) {
        clearTimeout(timer);
        callback();
      }
      const deadline = performance.now() + BUSY_MS;
      do await sleep(PAUSE_MS);
      while (this.#isBusy() && performance.now() < deadline);
    }
  }

  #isBusy(): boolean {
    const nodes = this.#nodes();
    return nodes > 0 && [...this.#scheduled].filter(({ delayMs }) => WAITS_MS.has(delayMs)).length !== nodes;
  }
}
