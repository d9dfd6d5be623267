/**
 * Sends cells to one relay as the cover law says; there is one for each relay.
 *
 *   post -> queue (first in, first out)
 *                 |
 *   period begins: what waits now may leave in it ... at a random moment of it: the first of these, else a dummy
 *                                                      -> make -> publish -> (answer) settled
 *
 * Periods and moments depend on nothing but the law: not on the queue, not on how long a cell takes to make, not on
 * the relay's answer, which nobody waits for. A relay that answers late, or never, cannot put a pattern into the stream
 * by which another would know it again. A cell posted within a period waits for the next one, also if its moment is yet
 * to come: were it not so, late moments would be real more often.
 */

import type { Clock, Timers } from "../../core/clock.ts";
import { COVER_LIMITS } from "../../core/cell-limits.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { type CoverLaw, drawPeriodMs } from "./cover-law.ts";

/** One cell on its way to the relay: a real one or a dummy. */
export interface Departure {
  /**
   * The cell, made at the moment it leaves, so that its date is of then. May throw if there is nothing
   * to send any more; then the next one leaves in its place.
   */
  make(): VerifiedEvent;
  /** Called once: the relay accepted the cell, or it did not, or the cell never left. */
  settled(accepted: boolean): void;
}

export interface EmitterOptions {
  readonly law: Pick<CoverLaw, "meanPeriodMs">;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Uniform in [0, 1), from a cryptographic source: `randomUnit`. */
  readonly random: () => number;
  /** A dummy; must not throw. Its `make` should take as long as that of a real cell. */
  readonly dummy: () => Departure;
  /** To the relay, the same way for real cells and dummies. Settles within a time of its own. */
  readonly publish: (event: VerifiedEvent) => Promise<void>;
  /** Cells that may wait. */
  readonly queuedCells?: number;
}

export class Emitter {
  readonly #options: EmitterOptions;
  #queue: Departure[] = [];
  /** How many of the queue waited already when the period began. */
  #eligible = 0;
  #cancelTimer: () => void = () => {};
  #hasStream: boolean;
  #closed = false;

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#hasStream = options.law.meanPeriodMs() !== null;
    this.#beginPeriod(options.clock.nowMs());
  }

  /** Cells that wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** So many more may wait. */
  get room(): number {
    return (this.#options.queuedCells ?? COVER_LIMITS.queuedCells) - this.#queue.length;
  }

  /**
   * Lets the cell leave in its turn; under `fast`, at once. False if too many wait or the emitter is closed: then it
   * is not taken, and not settled.
   */
  post(departure: Departure): boolean {
    const { law } = this.#options;
    if (this.#closed) return false;
    if (law.meanPeriodMs() === null) {
      this.#send(departure);
      return true;
    }
    if (this.room <= 0) return false;
    this.#queue.push(departure);
    return true;
  }

  /** The law changed: a stream begins, or ends and lets go what waits; between two paces, the next period is another. */
  renew(): void {
    const { law, clock } = this.#options;
    const hasStream = law.meanPeriodMs() !== null;
    if (this.#closed || hasStream === this.#hasStream) return;
    this.#hasStream = hasStream;
    if (hasStream) return this.#beginPeriod(clock.nowMs());
    this.#cancelTimer();
    for (const departure of this.#queue.splice(0)) this.#send(departure);
  }

  /** Ends the stream. What waits is settled as not accepted; what left already is settled by its answer. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    const waiting = this.#queue;
    this.#queue = [];
    for (const departure of waiting) departure.settled(false);
  }

  /** `withinMs`: the longest wait, should the clock be set back meanwhile. */
  #schedulePeriod(startMs: number, withinMs: number): void {
    const { clock, timers } = this.#options;
    const delayMs = Math.min(Math.max(0, startMs - clock.nowMs()), withinMs);
    this.#cancelTimer = timers.schedule(() => this.#beginPeriod(startMs), delayMs);
  }

  /**
   * Periods follow each other without a rest, whenever the timer really fired: a busy machine is not a slow stream.
   * What was missed for longer, as in sleep, is not made up for: it would leave in a burst.
   */
  #beginPeriod(dueMs: number): void {
    const { law, clock, timers, random } = this.#options;
    const nowMs = clock.nowMs();
    const meanMs = law.meanPeriodMs();
    if (meanMs === null) return;
    const startMs = Math.abs(nowMs - dueMs) > meanMs ? nowMs : dueMs;
    const lengthMs = drawPeriodMs(meanMs, random());
    const momentMs = startMs + lengthMs * random();
    this.#eligible = this.#queue.length;
    this.#cancelTimer = timers.schedule(
      () => {
        this.#schedulePeriod(startMs + lengthMs, lengthMs);
        this.#sendNext();
      },
      Math.max(0, momentMs - nowMs),
    );
  }

  #sendNext(): void {
    for (; this.#eligible > 0; this.#eligible--) {
      const real = this.#queue.shift();
      if (real !== undefined && this.#send(real)) return;
    }
    if (!this.#closed) this.#send(this.#options.dummy());
  }

  /** False if there was nothing to send. */
  #send(departure: Departure): boolean {
    let event: VerifiedEvent;
    try {
      event = departure.make();
    } catch {
      departure.settled(false);
      return false;
    }
    void this.#options.publish(event).then(
      () => departure.settled(true),
      () => departure.settled(false),
    );
    return true;
  }
}
