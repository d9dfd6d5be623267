/**
 * Private retrieval: headers from one of two relays, bodies from both, so that neither learns which (NEP-14).
 *
 *   every privateMs:  epochs that are new -> headers of each -> ours: noted down, wait
 *                     of each new epoch   -> epochQueries queries: ours, or dummies
 *                     of earlier ones     -> olderQueries queries: ours that waited, or dummies
 *
 * So how often, when and of which epochs something is asked depends on the crowd alone. A body that did not come is asked
 * for at a later turn that is taken anyway: a relay that answers wrongly learns nothing by it.
 */

import type { Clock, Timers } from "../../core/clock.ts";
import { PIR_LIMITS } from "../../core/cell-limits.ts";
import { randomUnit } from "../../core/random.ts";
import type { PirEpoch, PrivateRetrieval, RelayPair } from "../../route/private-retrieval.ts";
import { type CellHeader, readHeaders } from "../cell/cell-header.ts";
import { drawPeriodMs } from "../cover/cover-law.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import type { FetchStore } from "./fetch-store.ts";
import { evenMagnitude } from "./header-pool.ts";
import { queryBytes } from "./policy.ts";
import type { Following, WayHandlers } from "./way.ts";

export type EpochSource = Pick<PrivateRetrieval, "epochs" | "headersOf" | "read">;

export interface PrivateReaderOptions {
  readonly source: EpochSource;
  readonly store: FetchStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: FetchLimits;
}

interface Found {
  readonly header: CellHeader;
  /** Where it lies; late cells move it. */
  epoch: PirEpoch;
  index: number;
  tries: number;
}

export class PrivateReader {
  readonly #o: PrivateReaderOptions;

  constructor(options: PrivateReaderOptions) {
    this.#o = options;
  }

  /** Follows both relays of a pair, which hold the same; their cells are told as the first one's. */
  follow(pair: RelayPair, sinceMs: number, handlers: readonly [WayHandlers, WayHandlers]): Following {
    const reading = new PairReading(this.#o, pair, Math.floor(sinceMs / EPOCH_MS), handlers);
    reading.start();
    return reading;
  }
}

const EPOCH_MS = PIR_LIMITS.epochS * 1_000;

class PairReading implements Following {
  readonly #o: PrivateReaderOptions;
  readonly #pair: RelayPair;
  readonly #handlers: readonly [WayHandlers, WayHandlers];
  /** Epochs below were read, but for late cells. */
  #next: number;
  /** Epochs below are the same at both, and were read. */
  #agreed: number;
  /** What was read of the last epochs, by epoch and part. */
  readonly #read = new Map<string, PirEpoch>();
  /** Ours that wait, first come, first served. */
  #ours: Found[] = [];
  /** Other people's of the last epochs, the oldest first. */
  #others: Found[] = [];
  readonly #told = new Set<string>();
  #failures = 0;
  #isClosed = false;
  #cancelTimer: () => void = () => {};

  constructor(
    options: PrivateReaderOptions,
    pair: RelayPair,
    next: number,
    handlers: readonly [WayHandlers, WayHandlers],
  ) {
    this.#o = options;
    this.#pair = pair;
    this.#next = next;
    this.#agreed = next;
    this.#handlers = handlers;
  }

  get isBusy(): boolean {
    return this.#ours.length > 0;
  }

  start(): void {
    for (const { cell } of this.#o.store.noted(this.#pair[0])) {
      if (!cell) continue;
      this.#remember(cell.id);
      this.#handlers[0].onCell(cell);
    }
    this.#schedule(this.#o.limits.privateMs * randomUnit());
  }

  retry(): void {
    const { isExpected } = this.#handlers[0];
    const ours = this.#others.filter(({ header }) => isExpected(header));
    if (ours.length === 0) return;
    this.#note(ours.map(({ header }) => header));
    this.#others = this.#others.filter((one) => !ours.includes(one));
    this.#ours.push(...ours);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer = this.#o.timers.schedule(() => void this.#turn(), delayMs);
  }

  /** The next turn begins a period after this one did, or when it has ended. */
  async #turn(): Promise<void> {
    const startedMs = this.#o.clock.nowMs();
    const periodMs = drawPeriodMs(this.#o.limits.privateMs, randomUnit());
    const isDone = await this.#round().catch(() => false);
    if (this.#isClosed) return;
    this.#failures = isDone ? 0 : this.#failures + 1;
    for (const { onStored, onLost } of this.#handlers) {
      if (isDone) onStored(this.#agreed * EPOCH_MS);
      else onLost();
    }
    if (this.#failures >= this.#o.limits.tries) return this.#handlers[0].onUnable();
    this.#schedule(Math.max(0, startedMs + periodMs - this.#o.clock.nowMs()));
  }

  /** True if all that is served was read, but for what one of the two has not got yet. */
  async #round(): Promise<boolean> {
    const { limits, source } = this.#o;
    const epochs = await source.epochs(this.#pair, this.#next - limits.lateEpochs);
    if (epochs.length === 0 || this.#isClosed) return false;
    const waiting = this.#ours.slice(0, limits.olderQueries);
    for (const epoch of epochs) {
      const known = this.#read.get(nameOf(epoch));
      if (known?.digest === epoch.digest) continue;
      if (!(await this.#readHeaders(epoch))) return false;
      if (!known) await this.#ask(epoch, limits.epochQueries);
      if (this.#isClosed) return false;
    }
    await this.#askOlder(epochs, waiting);
    // What only one of the two holds shows once they agree. Mirrors that do not are no pair: some mail would never show.
    this.#agreed = epochs.find(({ differing }) => differing)?.epoch ?? this.#next;
    return !this.#isClosed && this.#next - this.#agreed <= limits.differingEpochs;
  }

  async #readHeaders(epoch: PirEpoch): Promise<boolean> {
    const bytes = await this.#o.source.headersOf(this.#pair, epoch);
    if (!bytes || this.#isClosed) return false;
    const [{ sort }] = this.#handlers;
    const found = readHeaders(bytes).map((header, index) => ({ header, epoch, index, tries: 0 }));
    if (this.#read.has(nameOf(epoch))) this.#move(found);
    const fresh = found.filter(({ header }) => !this.#told.has(header.id));
    // Noted down already: it was ours before a restart, or by another way.
    const isNoted = ({ id }: CellHeader) => this.#o.store.isNoted(id);
    const sorted = fresh.map((one) => ({ one, whose: isNoted(one.header) ? "ours" : sort(one.header) }));
    const ours = sorted.flatMap(({ one, whose }) => (whose === "ours" ? [one] : []));
    this.#note(ours.map(({ header }) => header));
    this.#ours.push(...ours);
    this.#others.push(...sorted.flatMap(({ one, whose }) => (whose === "other" ? [one] : [])));
    this.#others = this.#others.slice(-this.#o.limits.headers);
    for (const { header } of fresh) this.#remember(header.id);
    for (const { onTold } of this.#handlers) onTold(fresh.length, bytes.length / 2);
    this.#read.set(nameOf(epoch), epoch);
    if (this.#read.size > PIR_LIMITS.epochs) this.#read.delete(this.#read.keys().next().value ?? "");
    this.#next = Math.max(this.#next, epoch.epoch + 1);
    return true;
  }

  /** A new version of an epoch has its cells at other places. */
  #move(found: readonly Found[]): void {
    const places = new Map(found.map((one) => [one.header.id, one]));
    for (const one of [...this.#ours, ...this.#others]) {
      const { epoch, index } = places.get(one.header.id) ?? one;
      Object.assign(one, { epoch, index });
    }
  }

  #remember(id: string): void {
    this.#told.add(id);
    const [oldest] = this.#told;
    if (this.#told.size > 2 * this.#o.limits.headers && oldest !== undefined) this.#told.delete(oldest);
  }

  #note(ours: readonly CellHeader[]): void {
    if (ours.length > 0) this.#o.store.note(this.#pair[0], ours, this.#o.clock.nowMs());
  }

  /** So many queries of one epoch: ours that wait there, then dummies. */
  async #ask(epoch: PirEpoch, queries: number): Promise<void> {
    const ours = this.#ours.filter((one) => nameOf(one.epoch) === nameOf(epoch));
    for (let i = 0; i < queries && !this.#isClosed; i++) await this.#query(epoch, ours[i] ?? null);
  }

  /** Of earlier epochs: what waited longest, or a dummy. Ours wait for many reasons, so a dummy may be of any age. */
  async #askOlder(epochs: readonly PirEpoch[], waiting: readonly Found[]): Promise<void> {
    const { limits } = this.#o;
    for (let i = 0; i < limits.olderQueries && !this.#isClosed; i++) {
      const ours = waiting[i];
      await this.#query(ours?.epoch ?? (epochs[evenMagnitude(epochs.length)] as PirEpoch), ours ?? null);
    }
  }

  async #query(epoch: PirEpoch, ours: Found | null): Promise<void> {
    const { source, store, clock, limits } = this.#o;
    const record = await source.read(this.#pair, epoch, ours?.index ?? null);
    for (const { onBytes } of this.#handlers) onBytes(queryBytes(epoch.count) / 2);
    if (!ours || this.#isClosed) return;
    const { header } = ours;
    if (record) {
      const cell = { id: header.id, address: header.address, sealed: record };
      store.fetched(this.#pair[0], cell, clock.nowMs());
      this.#handlers[0].onCell(cell);
    } else if (++ours.tries < limits.tries) return;
    else store.forget([header.id]);
    this.#ours = this.#ours.filter((one) => one !== ours);
  }
}

function nameOf({ epoch, part }: Pick<PirEpoch, "epoch" | "part">): string {
  return `${epoch}/${part}`;
}
