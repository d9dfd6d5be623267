/**
 * Whether the other side of a connection still does its part.
 *
 *   waits for it, and neither MESH_LIMITS.stallBytes moved nor anything ended for stallMs   -> stalled, at most a quarter later
 *   nothing is under way for so long                                                        -> idle
 *
 * A byte now and then does not count: whoever trickles would hold a place, and what is reserved for it, for nothing.
 */
import type { Timers } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

const TICKS = 4;
const TICK_MS = MESH_LIMITS.stallMs / TICKS;

export interface PaceOptions {
  readonly timers: Timers;
  readonly idleMs: number;
  /** Whether it is the other side's turn. */
  readonly isWaiting: () => boolean;
  /** Whether something that was asked for is not answered, whoever's turn it is. */
  readonly isBusy: () => boolean;
  /** Called four times in each stallMs. */
  readonly onTick: () => void;
  readonly onEnd: (why: "stalled" | "idle") => void;
}

export class Pace {
  readonly #options: PaceOptions;
  #quiet = 0;
  #idle = 0;
  #bytes = 0;
  #cancel: (() => void) | null = null;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#schedule();
  }

  moved(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= MESH_LIMITS.stallBytes) this.step();
  }

  /** Something began or ended. */
  step(): void {
    [this.#quiet, this.#idle, this.#bytes] = [0, 0, 0];
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #schedule(): void {
    this.#cancel = this.#options.timers.schedule(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const { isWaiting, isBusy, idleMs, onTick, onEnd } = this.#options;
    this.#idle = isBusy() ? 0 : this.#idle + 1;
    // One tick more than fit: the first may come at once after it began to wait.
    if (isWaiting()) this.#quiet++;
    else this.#quiet = 0;
    if (this.#quiet > TICKS) return onEnd("stalled");
    if (this.#quiet === 0 && this.#idle * TICK_MS > idleMs) return onEnd("idle");
    this.#schedule();
    onTick();
  }
}
