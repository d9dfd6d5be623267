/** Chaff to several relays: of a node to its own relays, or of a relay to itself. One stream each, with nothing in common. */

import { type Clock, systemTimers } from "../core/clock.ts";
import { COVER_LIMITS } from "../core/cell-limits.ts";
import { ROUTE_LIMITS } from "../core/limits.ts";
import { CELL_EVENT_BYTES } from "../messaging/cell/cell.ts";
import { Chaff } from "../messaging/cover/chaff.ts";
import { KIND } from "../nostr/kinds.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { ChaffView } from "./views.ts";

export interface ChaffStreamsOptions {
  /** Cells an hour to each relay; 0 for none. */
  readonly perHour: number;
  /** Connections on which nobody is known. */
  readonly pool: RelayPool;
  readonly clock: Clock;
}

export class ChaffStreams {
  readonly #o: ChaffStreamsOptions;
  readonly #streams = new Map<string, Chaff>();
  readonly #stop = new AbortController();
  /** Of streams that have ended. */
  #sentBefore = 0;

  constructor(options: ChaffStreamsOptions) {
    this.#o = options;
  }

  /** Streams to these relays and to no others, from now on. */
  follow(relays: readonly string[]): void {
    if (this.#o.perHour === 0 || this.#stop.signal.aborted) return;
    for (const [url, chaff] of this.#streams) {
      if (relays.includes(url)) continue;
      this.#end(url, chaff);
    }
    for (const url of relays) if (!this.#streams.has(url)) this.#streams.set(url, this.#start(url));
  }

  view(): ChaffView {
    const cellsPerHour = this.#o.perHour * this.#streams.size;
    const sent = [...this.#streams.values()].reduce((sum, chaff) => sum + chaff.sent, this.#sentBefore);
    return { cellsPerHour, kilobytesPerHour: Math.round((cellsPerHour * CELL_EVENT_BYTES) / 1_000), sent };
  }

  close(): void {
    this.#stop.abort();
    for (const [url, chaff] of this.#streams) this.#end(url, chaff);
  }

  #start(url: string): Chaff {
    const { perHour, pool, clock } = this.#o;
    return new Chaff({
      perHour,
      clock,
      timers: systemTimers,
      publish: (event) => pool.publish(url, event, this.#stop.signal),
      fetchNotes: async () => {
        const filters = [{ kinds: [KIND.note], limit: COVER_LIMITS.chaffNotes }];
        return (await pool.fetch(url, filters, ROUTE_LIMITS.publishMs)).map(({ content }) => content);
      },
    });
  }

  #end(url: string, chaff: Chaff): void {
    chaff.close();
    this.#sentBefore += chaff.sent;
    this.#streams.delete(url);
  }
}
