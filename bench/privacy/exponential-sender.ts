/**
 * The control beside the cover law: a Poisson stream, as Loopix has it. Its times tell nothing of what its owner does,
 * and yet which of its cells are real: a message falls into a long gap more often than into a short one.
 */

import type { Departure, Emitter, EmitterOptions } from "../../src/messaging/cover/emitter.ts";

export class ExponentialSender implements Pick<Emitter, "post"> {
  readonly #options: EmitterOptions;
  readonly #queue: Departure[] = [];

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#schedule();
  }

  post(departure: Departure): boolean {
    this.#queue.push(departure);
    return true;
  }

  #schedule(): void {
    const { law, timers, random, dummy, publish } = this.#options;
    const gapMs = exponential(law.meanPeriodMs() ?? 0, random());
    timers.schedule(() => {
      this.#schedule();
      void publish((this.#queue.shift() ?? dummy()).make());
    }, gapMs);
  }
}

/** An exponential time with this mean; `unit` is uniform in [0, 1). */
export function exponential(meanMs: number, unit: number): number {
  return -meanMs * Math.log1p(-unit);
}
