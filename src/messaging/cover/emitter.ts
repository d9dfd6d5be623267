/**
 * Sends cells to one relay as the cover law says; there is one for each relay.
 *
 *   post -> queue (first in, first out)
 *                     |
 *   tick, tick, ... --+--> next in the queue, else a dummy -> make -> publish -> (answer) settled
 *    ^ exponential gaps
 *
 * When the next tick comes is drawn before it is looked at what leaves at this one, and depends on nothing else than
 * the law: not on the queue, not on how long a cell takes to make, not on the relay's answer, which nobody waits for.
 * A relay that answers late, or never, cannot put a pattern into the stream by which another would know it again.
 */

import type { Clock, Timers } from "../../core/clock.ts";
import { COVER_LIMITS } from "../../core/limits.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { type CoverLaw, drawGapMs, nextBoundaryMs } from "./cover-law.ts";

/** One cell on its way to the relay: a real one or a dummy. */
export interface Departure {
  /**
   * The cell, made at the moment it leaves, so that its date and numbers are of then. May throw if there is nothing
   * to send any more; then the next one leaves in its place.
   */
  make(): VerifiedEvent;
  /** Called once: the relay accepted the cell, or it did not, or the cell never left. */
  settled(accepted: boolean): void;
}

export interface EmitterOptions {
  readonly law: CoverLaw;
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
  #cancelTimer: () => void = () => {};
  #closed = false;

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#scheduleTick();
  }

  /** Cells that wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Lets the cell leave in its turn; under `fast`, at once. False if too many wait or the emitter is closed: then it
   * is not taken, and not settled.
   */
  post(departure: Departure): boolean {
    const { law, clock, queuedCells = COVER_LIMITS.queuedCells } = this.#options;
    if (this.#closed) return false;
    if (law.meanGapMs(clock.nowMs()) === null) {
      this.#send(departure);
      return true;
    }
    if (this.#queue.length >= queuedCells) return false;
    this.#queue.push(departure);
    return true;
  }

  /** Ends the stream. What waits is settled as not accepted; what left already is settled by its answer. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    const waiting = this.#queue;
    this.#queue = [];
    for (const departure of waiting) departure.settled(false);
  }

  /**
   * A gap that would cross a boundary ends there and is drawn anew, which changes nothing as long as the pace stays:
   * exponential gaps have no memory. For the same reason a machine that slept draws from now on. Ticks that it missed
   * are not made up for: they would leave in a burst.
   */
  #scheduleTick(): void {
    const { law, clock, timers, random } = this.#options;
    const nowMs = clock.nowMs();
    const meanMs = law.meanGapMs(nowMs);
    if (meanMs === null) return;
    const gapMs = drawGapMs(meanMs, random());
    const slotLeftMs = nextBoundaryMs(nowMs) - nowMs;
    this.#cancelTimer =
      gapMs < slotLeftMs
        ? timers.schedule(() => this.#tick(), gapMs)
        : timers.schedule(() => this.#scheduleTick(), slotLeftMs);
  }

  #tick(): void {
    this.#scheduleTick();
    for (let real = this.#queue.shift(); real !== undefined; real = this.#queue.shift()) {
      if (this.#send(real)) return;
    }
    this.#send(this.#options.dummy());
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
