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
import { FETCH_LIMITS, PIR_LIMITS } from "../../core/cell-limits.ts";
import type { Logger } from "../../core/log.ts";
import { PrivateRetrieval } from "../../route/private-retrieval.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { Account } from "../../vault/account.ts";
import type { Cell } from "../cell/cell.ts";
import { Crowd } from "./crowd.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import { FetchStore } from "./fetch-store.ts";
import { HeaderFirst } from "./header-first.ts";
import { Pairs } from "./pairs.ts";
import { CELL_WIRE_BYTES, chooseWays, leastPrivate, type RelayFacts } from "./policy.ts";
import { PrivateReader } from "./private-reader.ts";
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

/** A relay, or two that hold the same cells. */
interface Unit {
  readonly members: readonly [Followed] | readonly [Followed, Followed];
  readonly facts: RelayFacts;
}

const NOTHING: Following = { isBusy: false, retry: () => {}, close: () => {} };

export class Fetching {
  readonly #o: FetchingOptions;
  readonly #limits: FetchLimits;
  readonly #store: FetchStore;
  readonly #crowd: Crowd;
  readonly #headerFirst: HeaderFirst;
  readonly #private: PrivateReader;
  readonly #pairs: Pairs;
  readonly #followed = new Map<string, Followed>();
  #fits = true;
  #isClosed = false;
  #cancelTimer: () => void = () => {};

  constructor(options: FetchingOptions) {
    const { vault, pool, clock, timers, reading } = options;
    this.#o = options;
    this.#limits = { ...FETCH_LIMITS, ...reading?.limits };
    this.#store = new FetchStore(vault, clock.nowMs());
    this.#crowd = new Crowd(pool, clock);
    const parts = { store: this.#store, clock, timers, limits: this.#limits };
    const source = new PrivateRetrieval({ pool });
    this.#headerFirst = new HeaderFirst({ pool, ...parts });
    this.#private = new PrivateReader({ source, ...parts });
    this.#pairs = new Pairs(source, clock, this.#limits);
    if (reading) this.#watch();
  }

  /** Follows a relay over all losses; `sinceMs` is asked anew whenever reading begins, null for everything. Then call `decide`. */
  follow(url: string, sinceMs: () => number | null, handlers: FetchHandlers): { close(): void } {
    const nowMs = this.#o.clock.nowMs();
    const { windowMs } = this.#limits;
    const { way, partner } = this.#store.place(url);
    const followed: Followed = {
      url,
      sinceMs,
      handlers,
      way: this.#o.reading ? way : "crowd",
      following: NOTHING,
      cells: new Volume(windowMs, nowMs),
      bytes: new Volume(windowMs, nowMs),
      backlog: 0,
      isStored: false,
      hasHeaders: true,
    };
    this.#followed.set(url, followed);
    if (followed.way !== "private") this.#begin(followed);
    else if (partner !== null) this.#pairs.add([url, partner]);
    return { close: () => this.#forget(followed) };
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

  /** Chooses the ways anew: relays, crowds or budget are not what they were. */
  decide(): void {
    const { reading } = this.#o;
    if (!reading) return;
    const units = this.#units();
    const plan = chooseWays(
      units.map(({ facts }) => facts),
      reading.budgetBytesPerHour(),
      this.#limits,
    );
    this.#fits = plan.fits;
    for (const { members, facts } of units) {
      const way = plan.ways.get(facts.urls[0] as string) ?? "crowd";
      const isLost = members.some((one) => one.following === NOTHING);
      // A crowd may not reach back to what is still to be fetched, unless that cannot be fetched any more.
      const isBusy = facts.knows.includes(facts.way) && members.some((one) => one.following.isBusy);
      if (isLost || (members.some((one) => one.way !== way) && !isBusy)) this.#change(members, way);
    }
    const dear = units.filter(({ members, facts }) => !facts.isFree && (!plan.fits || members[0].way === "headers"));
    void this.#probe(dear.flatMap(({ facts }) => facts.urls));
  }

  close(): void {
    this.#isClosed = true;
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

  async #probe(urls: readonly string[]): Promise<void> {
    if (urls.length < 2) return;
    const found = await this.#pairs.probe(urls);
    if (found && !this.#isClosed) this.decide();
  }

  /** Our relays, those together that hold the same. */
  #units(): Unit[] {
    const units: Unit[] = [];
    for (const one of this.#followed.values()) {
      const partner = this.#followed.get(this.#pairs.partnerOf(one.url) ?? "");
      if (!partner) units.push(this.#unit([one]));
      else if (one.url < partner.url) units.push(this.#unit([one, partner]));
    }
    return units;
  }

  #unit(members: Unit["members"]): Unit {
    const nowMs = this.#o.clock.nowMs();
    const isPair = members.length === 2;
    const knows: Way[] = [];
    if (members.every(({ hasHeaders }) => hasHeaders)) knows.push("headers");
    if (isPair && members.every((one) => this.#isFresh(one))) knows.push("private");
    const facts = {
      urls: members.map(({ url }) => url),
      way: leastPrivate(members.map(({ way }) => way)),
      cellsPerHour: Math.max(
        ...members.map(({ cells, backlog, isStored }) => Math.max(cells.perHour(nowMs), isStored ? 0 : backlog)),
      ),
      isSettled: members.every(({ isStored, cells }) => isStored && cells.isSettled(nowMs)),
      knows,
      isFree: members.every(({ url }) => this.#o.reading?.isFree(url) ?? true),
    };
    return { members, facts };
  }

  /** Pairs serve the last hours; what is older must have been read another way. */
  #isFresh({ way, isStored, sinceMs }: Followed): boolean {
    const oldestMs = this.#o.clock.nowMs() - (PIR_LIMITS.epochs - this.#limits.lateEpochs) * PIR_LIMITS.epochS * 1_000;
    return (way === "private" || isStored) && (sinceMs() ?? 0) > oldestMs;
  }

  #begin(followed: Followed): void {
    const { url, sinceMs } = followed;
    followed.backlog = 0;
    followed.isStored = false;
    const handlers = this.#forgetting(this.#handlers(followed));
    if (followed.way === "headers") followed.following = this.#headerFirst.follow(url, sinceMs(), handlers);
    else this.#beginCrowd(followed, handlers);
  }

  #beginCrowd(followed: Followed, handlers: WayHandlers): void {
    const { url, sinceMs } = followed;
    // Fetched by another way, and waiting for more of its parcel.
    for (const { cell } of this.#store.noted(url)) if (cell) handlers.onCell(cell);
    followed.following = { ...NOTHING, ...this.#crowd.follow(url, sinceMs, handlers) };
  }

  #change(members: Unit["members"], way: Way): void {
    const [one, partner = null] = members;
    this.#o.log.info({ from: one.way, to: way, relays: members.length }, "relays are read another way");
    for (const followed of members) {
      followed.following.close();
      followed.handlers.onLost();
      followed.way = way;
      const place = this.#store.place(followed.url);
      const other = way === "private" && partner ? (followed === one ? partner : one).url : null;
      this.#store.savePlace({ ...place, way, partner: other });
      if (other === null) this.#begin(followed);
    }
    if (way === "private" && partner) this.#beginPair(one, partner);
  }

  #beginPair(one: Followed, partner: Followed): void {
    const sinceMs = Math.min(one.sinceMs() ?? 0, partner.sinceMs() ?? 0);
    const handlers = [this.#handlers(one), this.#handlers(partner)] as const;
    const following = this.#private.follow([one.url, partner.url], sinceMs, handlers);
    for (const followed of [one, partner]) {
      followed.backlog = 0;
      followed.isStored = false;
      followed.following = following;
    }
  }

  /** The other of a pair cannot be read privately alone. */
  #forget(followed: Followed): void {
    this.#followed.delete(followed.url);
    followed.following.close();
    const partner = this.#followed.get(this.#pairs.partnerOf(followed.url) ?? "");
    this.#pairs.remove(followed.url);
    if (partner?.way === "private") this.#change([partner], partner.hasHeaders ? "headers" : "crowd");
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
      onStored: (...stored) => {
        followed.isStored = true;
        handlers.onStored(...stored);
      },
      onTold,
      onBytes: (bytes) => followed.bytes.note(bytes, clock.nowMs()),
      onUnable: () => {
        if (followed.way === "private") this.#pairs.remove(followed.url);
        else followed.hasHeaders = false;
        handlers.onLost();
        this.decide();
      },
    };
  }

  /** A body that the relay vouches for by its id, and of which nothing becomes, need not be noted down any longer. */
  #forgetting(handlers: WayHandlers): WayHandlers {
    const onCell = (cell: Cell): boolean => {
      const isTaken = handlers.onCell(cell);
      if (!isTaken) this.#store.forget([cell.id]);
      return isTaken;
    };
    return { ...handlers, onCell };
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
