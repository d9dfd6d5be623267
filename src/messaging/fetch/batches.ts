/**
 * Asks one relay for bodies at times, and in a number, that do not depend on mail (NEP-16).
 *
 *   every batchMs: ids of ours and decoys, shuffled -> REQ {ids} -> bodies ... EOSE
 *                  what did not come, ours or not   -> again in the next batch, `tries` times
 *
 * A relay that withholds a body sees it asked for again whether it is ours or not. So it does after a crash: the batch
 * was noted down before it was asked for.
 */

import type { Clock, Timers } from "../../core/clock.ts";
import { randomUnit } from "../../core/random.ts";
import type { HashedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { drawPeriodMs } from "../cover/cover-law.ts";
import type { CellHeader } from "../cell/cell-header.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import type { HeaderPool } from "./header-pool.ts";

export interface BatchesOptions {
  readonly url: string;
  readonly pool: Pick<RelayPool, "subscribe">;
  readonly headers: HeaderPool;
  /** Asked for when the process ended last: asked for first. */
  readonly unfinished: readonly CellHeader[];
  /** Notes down what is asked for next. */
  readonly save: (asked: readonly CellHeader[]) => void;
  /** A body came. */
  readonly onBody: (event: HashedEvent) => void;
  /** This body does not come. */
  readonly onGivenUp: (id: string) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: FetchLimits;
}

interface Asked {
  readonly header: CellHeader;
  readonly tries: number;
}

interface Batch {
  /** By id. */
  readonly missing: Map<string, Asked>;
  readonly subscription: { close(): void };
}

export class Batches {
  readonly #o: BatchesOptions;
  #batch: Batch | null = null;
  /** When the relay was asked; null while it is not connected. */
  #askedAtMs: number | null = null;
  #answered = false;
  #again: Asked[];
  #cancelTimer: () => void;

  constructor(options: BatchesOptions) {
    this.#o = options;
    this.#again = options.unfinished.map((header) => ({ header, tries: 0 }));
    // Relays that compare notes must not know each other's reader by the moment of his batches.
    this.#cancelTimer = options.timers.schedule(() => this.#turn(), options.limits.batchMs * randomUnit());
  }

  close(): void {
    this.#cancelTimer();
    this.#batch?.subscription.close();
  }

  #turn(): void {
    const { timers, limits } = this.#o;
    this.#cancelTimer = timers.schedule(() => this.#turn(), drawPeriodMs(limits.batchMs, randomUnit()));
    if (!this.#isOver()) return;
    this.#end();
    const { headers, save } = this.#o;
    const room = limits.freshBodies + limits.olderBodies;
    const again = this.#again.splice(0, room);
    const next = headers.next(room - again.length).map((header) => ({ header, tries: 0 }));
    const asked = [...again, ...next];
    if (asked.length === 0) return;
    save(asked.map(({ header }) => header));
    this.#ask(asked);
  }

  /** A relay that is away has not answered, however long that takes. */
  #isOver(): boolean {
    const isLate = this.#askedAtMs !== null && this.#o.clock.nowMs() - this.#askedAtMs > this.#o.limits.answerMs;
    return this.#batch === null || this.#answered || isLate;
  }

  #ask(asked: readonly Asked[]): void {
    const { pool, url, clock, onBody } = this.#o;
    const missing = new Map(asked.map((one) => [one.header.id, one]));
    const ids = [...missing.keys()];
    this.#answered = false;
    this.#askedAtMs = null;
    const subscription = pool.subscribe(
      url,
      () => {
        this.#askedAtMs = clock.nowMs();
        return [{ ids }];
      },
      {
        claim: (event) => {
          if (missing.delete(event.id)) onBody(event);
          if (missing.size === 0) this.#answered = true;
          return true;
        },
        onEvent: () => {},
        onStored: () => {
          this.#answered = true;
        },
        onFailure: () => {
          this.#askedAtMs = null;
        },
      },
    );
    this.#batch = { missing, subscription };
  }

  /** Ends a batch; what is missing is asked for again, or given up. */
  #end(): void {
    if (!this.#batch) return;
    const { missing, subscription } = this.#batch;
    subscription.close();
    this.#batch = null;
    for (const { header, tries: before } of missing.values()) {
      // A relay that said nothing may be slow; one that says it was all does not have the rest.
      const tries = this.#answered ? before + 1 : before;
      if (tries < this.#o.limits.tries) this.#again.push({ header, tries });
      else this.#o.onGivenUp(header.id);
    }
  }
}
