/**
 * Reads a whole crowd: all cells of a relay, whoever they are for. The relay is asked for a time, never for a person.
 *
 *   REQ {kind, since} -> newest stored cells, EOSE, live cells
 *   REQ {kind, since, until: oldest so far} -> older ones, page by page, because relays answer with a few thousand at most
 */

import type { Clock } from "../../core/clock.ts";
import { CELL_LIMITS } from "../../core/cell-limits.ts";
import type { HashedEvent } from "../../nostr/event.ts";
import type { Filter } from "../../nostr/filter.ts";
import { KIND } from "../../nostr/kinds.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { readCell } from "../cell/cell.ts";
import { CELL_WIRE_BYTES } from "./policy.ts";
import type { WayHandlers } from "./way.ts";

export type CrowdHandlers = Pick<WayHandlers, "onCell" | "onTold" | "onStored" | "onLost">;

export class Crowd {
  readonly #pool: RelayPool;
  readonly #clock: Clock;

  constructor(pool: RelayPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Follows a relay's crowd over all losses; `sinceMs` is asked anew for each connection, null for everything. */
  follow(url: string, sinceMs: () => number | null, handlers: CrowdHandlers): { close(): void } {
    let reading = this.#begin(sinceMs());
    const told = new Told();
    let older: { close(): void } | null = null;
    let isLive = false;
    const filters = () => {
      older?.close();
      isLive = false;
      reading = this.#begin(sinceMs());
      return [reading.filter()];
    };
    const page = (): void => {
      const next = reading.nextPage();
      if (!next) return handlers.onStored(reading.startedAtMs, true);
      const current = reading;
      const subscription = this.#pool.subscribe(url, () => (current === reading ? [next] : []), {
        claim: take,
        onEvent: () => {},
        onStored: () => {
          subscription.close();
          if (current === reading) page();
        },
      });
      older = subscription;
    };
    const handOn = (event: HashedEvent): void => {
      const isNew = told.add(event.id);
      handlers.onTold(isNew ? 1 : 0, CELL_WIRE_BYTES);
      const cell = isNew ? readCell(event) : null;
      if (cell) handlers.onCell(cell);
    };
    const take = (event: HashedEvent): boolean => {
      if (reading.note(event)) handOn(event);
      return true;
    };
    const takeLive = (event: HashedEvent): boolean => {
      if (!isLive) return take(event);
      reading.noteLive(event);
      handOn(event);
      return true;
    };
    const live = this.#pool.subscribe(url, filters, {
      claim: takeLive,
      onEvent: () => {},
      onStored: () => {
        isLive = true;
        page();
      },
      onFailure: handlers.onLost,
    });
    return {
      close: () => {
        older?.close();
        live.close();
      },
    };
  }

  #begin(sinceMs: number | null): Reading {
    return new Reading(sinceMs, this.#clock.nowMs());
  }
}

/** Which cells of a relay were handed on: after each lost connection it tells many again, and to try one as mail costs more than to read it. */
class Told {
  /** The oldest first. */
  readonly #ids = new Set<string>();

  /** False if it was there. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > CELL_LIMITS.told && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }
}

/** One look at everything that a relay has stored. */
class Reading {
  readonly startedAtMs: number;
  readonly #since: { readonly since?: number };
  #oldest: number = Number.POSITIVE_INFINITY;
  /** Cells of the oldest minute: the next page repeats them. */
  #atOldest = new Set<string>();
  #isNew = false;
  #any = false;
  #pages = 0;

  constructor(sinceMs: number | null, nowMs: number) {
    this.startedAtMs = nowMs;
    this.#since = sinceMs === null ? {} : { since: Math.max(0, Math.floor(sinceMs / 1000)) };
  }

  filter(): Filter {
    return { kinds: [KIND.cell], ...this.#since };
  }

  /** False for what the page before has told already. */
  note({ id, created_at }: HashedEvent): boolean {
    this.#any = true;
    if (created_at < this.#oldest) {
      this.#oldest = created_at;
      this.#atOldest = new Set();
    }
    if (created_at > this.#oldest) return true;
    if (this.#atOldest.has(id)) return false;
    this.#atOldest.add(id);
    this.#isNew = true;
    return true;
  }

  /** A cell that came while older ones are being read: a page that repeats it tells nothing new by it. */
  noteLive({ id, created_at }: HashedEvent): void {
    if (created_at === this.#oldest) this.#atOldest.add(id);
  }

  /** What to ask next; null when all was told. A minute with more cells than the relay tells at once is passed over. */
  nextPage(): Filter | null {
    const { since } = this.#since;
    if (!this.#any || this.#pages++ >= CELL_LIMITS.pages) return null;
    const until = this.#isNew ? this.#oldest : this.#oldest - 1;
    this.#any = false;
    this.#isNew = false;
    return since !== undefined && until < since ? null : { ...this.filter(), until };
  }
}
