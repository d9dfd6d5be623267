/**
 * The streams of cells to all relays, one for each, under one law.
 *
 *   cell -> chosen relays -> the emitter of each -> in its turn -> relay
 *           dummies in between, addressed to nobody     -> relay -> all back with the crowd: loss and delay of this way
 *
 * Where the crowd is not read, the relay's word that it took a cell has to do; where it is, that word counts for nothing.
 *
 * A relay's stream begins when it is first followed or written to. No event goes to two relays: a copy for another relay
 * is another cell (NEP-15).
 */

import type { Clock, Timers } from "../../core/clock.ts";
import { COVER_LIMITS } from "../../core/cell-limits.ts";
import { randomUnit } from "../../core/random.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { sealForNobody } from "./cell-for-nobody.ts";
import type { CoverLaw } from "./cover-law.ts";
import { type Departure, Emitter } from "./emitter.ts";
import { LoopWatch } from "./loop-watch.ts";
import { choosePaths, type PathScore, scoreLoss, scoreReturn, UNTRIED_PATH } from "./path-score.ts";

/** What streams ask of the cover law. */
export type StreamLaw = Pick<CoverLaw, "meanPeriodMs" | "onChange">;

export interface StreamsOptions {
  /** Connections on which nobody is known. */
  readonly pool: RelayPool;
  readonly law: StreamLaw;
  readonly clock: Clock;
  readonly timers: Timers;
}

const NOTHING = new Uint8Array(0);

export class Streams {
  readonly #o: StreamsOptions;
  readonly #emitters = new Map<string, Emitter>();
  readonly #loops = new Map<string, LoopWatch>();
  readonly #scores = new Map<string, PathScore>();
  /** Ends what is still on its way: a relay that does not answer must not hold up a lock. */
  readonly #stop = new AbortController();
  /** Relays whose crowd we read, so that loops come back from there. */
  #read: readonly string[] = [];

  readonly #unfollowLaw: () => void;

  constructor(options: StreamsOptions) {
    this.#o = options;
    this.#unfollowLaw = options.law.onChange(() => {
      for (const emitter of this.#emitters.values()) emitter.renew();
    });
  }

  /** Streams to these relays and to no others, from now on; from those of `read` loops come back. */
  follow(read: readonly string[], written: readonly string[]): void {
    if (this.#stop.signal.aborted) return;
    this.#read = read;
    for (const url of this.#loops.keys()) if (!read.includes(url)) this.#loops.delete(url);
    const wanted = new Set([...read, ...written]);
    for (const [url, emitter] of this.#emitters) {
      if (wanted.has(url)) continue;
      emitter.close();
      this.#emitters.delete(url);
    }
    for (const url of wanted) this.#emitter(url);
  }

  /** Relays to which there is one. */
  get count(): number {
    return this.#emitters.size;
  }

  /** The relays for the copies of a cell: COVER_LIMITS.copies of them, bad ones rarely. */
  choose(relays: readonly string[]): string[] {
    return choosePaths(relays, this.#scores, COVER_LIMITS.copies, randomUnit);
  }

  /** True if so many more cells may wait for their turn there. */
  hasRoom(url: string, cells: number): boolean {
    return cells <= (this.#emitters.get(url)?.room ?? COVER_LIMITS.queuedCells);
  }

  /** Lets a cell leave to a relay in its turn. Resolves to true once the relay took it, to false if it did not, the queue is full, or all has ended. */
  send(url: string, make: () => VerifiedEvent): Promise<boolean> {
    if (this.#stop.signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      if (!this.#emitter(url).post({ make, settled: resolve })) resolve(false);
    });
  }

  /** A cell of the crowd; true if we sent it. */
  takeReturn(url: string, id: string): boolean {
    const delayMs = this.#loops.get(url)?.takeReturn(id, this.#o.clock.nowMs()) ?? null;
    this.#blameLost(url);
    if (delayMs !== null) this.#score(url, (score) => scoreReturn(score, delayMs));
    return delayMs !== null;
  }

  /** What went these ways was not acknowledged in time. */
  blame(urls: readonly string[]): void {
    for (const url of urls) this.#score(url, scoreLoss);
  }

  /** Loss (0 to 1) and delay of the way through a relay. */
  scoreOf(url: string): PathScore {
    return this.#scores.get(url) ?? UNTRIED_PATH;
  }

  close(): void {
    this.#unfollowLaw();
    this.#stop.abort();
    for (const emitter of this.#emitters.values()) emitter.close();
    this.#emitters.clear();
  }

  #emitter(url: string): Emitter {
    const known = this.#emitters.get(url);
    if (known) return known;
    const { law, clock, timers } = this.#o;
    const publish = (event: VerifiedEvent) => this.#publish(url, event);
    const emitter = new Emitter({ law, clock, timers, random: randomUnit, dummy: () => this.#dummy(), publish });
    this.#emitters.set(url, emitter);
    return emitter;
  }

  async #publish(url: string, event: VerifiedEvent): Promise<void> {
    const startedMs = this.#o.clock.nowMs();
    const isRead = this.#read.includes(url);
    // Also here: of a relay that tells nothing at all nobody would ask.
    this.#blameLost(url);
    // Real cells come back with the crowd, too: what we sent need not be tried as somebody's mail to us.
    if (isRead) this.#watch(url).left(event.id, startedMs);
    try {
      await this.#o.pool.publish(url, event, this.#stop.signal);
      if (!isRead) this.#score(url, (score) => scoreReturn(score, this.#o.clock.nowMs() - startedMs));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.blame([url]);
      throw error;
    }
  }

  /** A cell that nobody can open, also we cannot: it is known by its id when it comes back. */
  #dummy(): Departure {
    return { make: () => sealForNobody(NOTHING, this.#o.clock.nowMs()), settled: () => {} };
  }

  #watch(url: string): LoopWatch {
    const watch = this.#loops.get(url) ?? new LoopWatch();
    this.#loops.set(url, watch);
    return watch;
  }

  #blameLost(url: string): void {
    for (let lost = this.#loops.get(url)?.takeLost(this.#o.clock.nowMs()) ?? 0; lost > 0; lost--) this.blame([url]);
  }

  #score(url: string, change: (score: PathScore) => PathScore): void {
    this.#scores.set(url, change(this.scoreOf(url)));
  }
}
