/**
 * Reads our relays, each by the way that the policy chooses, and changes the way when crowd or budget do.
 *
 *   follow(relay) -> way -> cells and headers -> whoever follows
 *                     ^        | how much came
 *                     +-- policy (once a minute; at once if stored cells alone go beyond the budget)
 *
 * A new way goes on from the cursor of whoever follows, a little before it: what comes twice is known by its id.
 */

import type { Clock, Timers } from "../../core/clock.ts";
import { FETCH_LIMITS } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { Account } from "../../vault/account.ts";
import { Crowd } from "./crowd.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import { FetchStore } from "./fetch-store.ts";
import { HeaderFirst } from "./header-first.ts";
import { CELL_WIRE_BYTES, chooseWays, type RelayFacts } from "./policy.ts";
import { Volume } from "./volume.ts";
import type { FetchHandlers, Following, Way, WayHandlers } from "./way.ts";

/** What a person set, and what is known of relays. */
export interface ReadingOptions {
  /** For all relays of this account together. */
  readonly budgetBytesPerHour: () => number;
  /** True for a relay on this machine. */
  readonly isFree: (url: string) => boolean;
  /** Other numbers than FETCH_LIMITS, for tests that cannot wait. */
  readonly limits?: Partial<FetchLimits>;
}

export interface FetchingOptions {
  readonly vault: Account;
  readonly pool: RelayPool;
  /** Absent: whole crowds, whatever they cost. */
  readonly reading?: ReadingOptions | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

/** How a relay is read now. */
export interface RelayReading {
  readonly url: string;
  readonly way: Way;
  /** Measured over the last minutes. */
  readonly bytesPerHour: number;
  readonly cellsPerHour: number;
  /** The relay does not tell headers, so it can only be read whole. */
  readonly isWholeOnly: boolean;
}

interface Followed {
  readonly url: string;
  readonly sinceMs: () => number | null;
  readonly handlers: FetchHandlers;
  way: Way;
  following: Following;
  /** Cells of the crowd that came as they were stored. */
  cells: Volume;
  bytes: Volume;
  /** Cells that lay there already; they are read in this hour, too. */
  backlog: number;
  isStored: boolean;
  hasHeaders: boolean;
}

const NOTHING: Following = { isBusy: false, retry: () => {}, close: () => {} };

export class Fetching {
  readonly #o: FetchingOptions;
  readonly #limits: FetchLimits;
  readonly #store: FetchStore;
  readonly #crowd: Crowd;
  readonly #headerFirst: HeaderFirst;
  readonly #followed = new Map<string, Followed>();
  #fits = true;
  #cancelTimer: () => void = () => {};

  constructor(options: FetchingOptions) {
    const { vault, pool, clock, timers, reading } = options;
    this.#o = options;
    this.#limits = { ...FETCH_LIMITS, ...reading?.limits };
    this.#store = new FetchStore(vault, clock.nowMs());
    this.#crowd = new Crowd(pool, clock);
    this.#headerFirst = new HeaderFirst({ pool, store: this.#store, clock, timers, limits: this.#limits });
    if (reading) this.#watch();
  }

  /** Follows a relay over all losses; `sinceMs` is asked anew whenever reading begins, null for everything. */
  follow(url: string, sinceMs: () => number | null, handlers: FetchHandlers): { close(): void } {
    const nowMs = this.#o.clock.nowMs();
    const { windowMs } = this.#limits;
    const followed: Followed = {
      url,
      sinceMs,
      handlers,
      way: this.#o.reading ? this.#store.place(url).way : "crowd",
      following: NOTHING,
      cells: new Volume(windowMs, nowMs),
      bytes: new Volume(windowMs, nowMs),
      backlog: 0,
      isStored: false,
      hasHeaders: true,
    };
    this.#followed.set(url, followed);
    this.#begin(followed);
    return {
      close: () => {
        this.#followed.delete(url);
        followed.following.close();
      },
    };
  }

  /** There are other lanes now. */
  retry(): void {
    for (const { following } of this.#followed.values()) following.retry();
  }

  /** Was this cell noted down before its body came? */
  isNoted(id: string): boolean {
    return this.#store.isNoted(id);
  }

  /** These cells became mail, or never will; call inside the transaction. */
  forget(ids: readonly string[]): void {
    this.#store.forget(ids);
  }

  readings(): { readonly relays: RelayReading[]; readonly fits: boolean } {
    const nowMs = this.#o.clock.nowMs();
    const relays = [...this.#followed.values()].map(({ url, way, cells, bytes, hasHeaders }) => ({
      url,
      way,
      bytesPerHour: bytes.perHour(nowMs),
      cellsPerHour: cells.perHour(nowMs),
      isWholeOnly: !hasHeaders,
    }));
    return { relays, fits: this.#fits };
  }

  /** Chooses the ways anew: crowds or budget are not what they were. */
  decide(): void {
    const { reading } = this.#o;
    if (!reading) return;
    const relays = [...this.#followed.values()];
    const { ways, fits } = chooseWays(
      relays.map((one) => this.#facts(one)),
      reading.budgetBytesPerHour(),
      this.#limits,
    );
    this.#fits = fits;
    for (const followed of relays) {
      const way = ways.get(followed.url) ?? "crowd";
      // A crowd may not reach back to what is still to be fetched. But where headers are not told, nothing is fetched.
      const mayLeave = !followed.following.isBusy || !followed.hasHeaders;
      if (way !== followed.way && mayLeave) this.#change(followed, way);
    }
  }

  close(): void {
    this.#cancelTimer();
    for (const { following } of this.#followed.values()) following.close();
    this.#followed.clear();
  }

  #watch(): void {
    this.#cancelTimer = this.#o.timers.schedule(() => {
      this.#watch();
      this.decide();
    }, this.#limits.decideMs);
  }

  #facts({ url, way, cells, backlog, isStored, hasHeaders }: Followed): RelayFacts {
    const nowMs = this.#o.clock.nowMs();
    return {
      url,
      way,
      cellsPerHour: Math.max(cells.perHour(nowMs), isStored ? 0 : backlog),
      isSettled: isStored && cells.isSettled(nowMs),
      knows: hasHeaders ? ["headers"] : [],
      isFree: this.#o.reading?.isFree(url) ?? true,
    };
  }

  #begin(followed: Followed): void {
    const { url, sinceMs } = followed;
    followed.backlog = 0;
    followed.isStored = false;
    const handlers = this.#handlers(followed);
    if (followed.way === "headers") followed.following = this.#headerFirst.follow(url, sinceMs(), handlers);
    else followed.following = { ...NOTHING, ...this.#crowd.follow(url, sinceMs, handlers) };
  }

  #change(followed: Followed, way: Way): void {
    this.#o.log.info({ from: followed.way, to: way }, "a relay is read another way");
    followed.following.close();
    followed.handlers.onLost();
    followed.way = way;
    this.#store.savePlace({ ...this.#store.place(followed.url), way });
    this.#begin(followed);
  }

  #handlers(followed: Followed): WayHandlers {
    const { handlers } = followed;
    const { clock } = this.#o;
    const onTold = (cells: number, bytes: number) => {
      followed.bytes.note(bytes, clock.nowMs());
      if (followed.isStored) followed.cells.note(cells, clock.nowMs());
      else this.#noteBacklog(followed, cells);
    };
    return {
      ...handlers,
      onStored: (startedAtMs) => {
        followed.isStored = true;
        handlers.onStored(startedAtMs);
      },
      onTold,
      onBytes: (bytes) => followed.bytes.note(bytes, clock.nowMs()),
      onUnable: () => {
        followed.hasHeaders = false;
        handlers.onLost();
        this.decide();
      },
    };
  }

  /** A long absence: who went on reading all of it would find the budget spent. */
  #noteBacklog(followed: Followed, cells: number): void {
    const { reading } = this.#o;
    const before = followed.backlog;
    followed.backlog += cells;
    if (!reading || followed.way !== "crowd") return;
    const most = reading.budgetBytesPerHour() / CELL_WIRE_BYTES;
    if (before <= most && followed.backlog > most) this.decide();
  }
}
