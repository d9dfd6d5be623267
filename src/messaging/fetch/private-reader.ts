/**
 * Private retrieval: headers from one of two relays, bodies from both, so that neither learns which (NEP-14).
 *
 *   every privateMs:  epochs that are new -> headers of each -> ours: noted down, wait
 *                     of each new epoch   -> epochQueries queries: ours, or dummies
 *                     of earlier ones     -> olderQueries queries: ours that waited, or dummies
 *
 * So how often, when and of which epochs something is asked depends on the crowd alone. A body that did not come is asked
 * for at a later turn that is taken anyway: a relay that answers wrongly learns nothing by it. Whether the two answer at all
 * is judged by dummies as well, so that leaving them does not depend on mail, either.
 */

import type { Clock, Timers } from "../../core/clock.ts";
import { PIR_LIMITS } from "../../core/cell-limits.ts";
import { randomBelow, randomUnit } from "../../core/random.ts";
import { HEADER_BYTES } from "../../nostr/header-stream.ts";
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

/** An epoch whose headers were read. */
interface Read {
  readonly epoch: PirEpoch;
  /** Of each cell the first bytes of its ephemeral: with these its record begins, behind the version. */
  readonly beginnings: Uint8Array;
  /** The turn in which they were, and how many later they are read again if there are late cells. */
  readonly turn: number;
  readonly wait: number;
}

/** What one turn asked for. */
interface Turn {
  asked: number;
  answered: number;
  /** Ours that did not come. */
  readonly failed: Found[];
}

const BEGINNING_BYTES = 4;

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
  /** Epochs below were read another way. */
  readonly #first: number;
  /** Epochs below were read, but for late cells. */
  #next: number;
  /** Epochs below are the same at both, and were read. */
  #agreed: number;
  /** What was read of the last epochs, by epoch and part. */
  readonly #read = new Map<string, Read>();
  /** Ours that wait, first come, first served. */
  #ours: Found[] = [];
  /** Other people's of the last epochs, the oldest first. */
  #others: Found[] = [];
  readonly #told = new Set<string>();
  #failures = 0;
  #turns = 0;
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
    this.#first = next;
    this.#next = next;
    this.#agreed = next;
    this.#handlers = handlers;
  }

  get isBusy(): boolean {
    return this.#ours.length > 0;
  }

  start(): void {
    // Of either relay: what was fetched from it alone, and waits for more of its parcel.
    for (const { cell } of this.#pair.flatMap((url) => this.#o.store.noted(url))) {
      if (!cell) continue;
      this.#remember(cell.id);
      if (!this.#handlers[0].onCell(cell)) this.#o.store.forget([cell.id]);
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
      if (isDone) onStored(this.#readToMs(), false);
      else onLost();
    }
    if (this.#failures >= this.#o.limits.tries) return this.#handlers[0].onUnable();
    this.#schedule(Math.max(0, startedMs + periodMs - this.#o.clock.nowMs()));
  }

  /** Not beyond what waits: after a restart its epoch is read again. */
  #readToMs(): number {
    return this.#ours.reduce((oldest, { epoch }) => Math.min(oldest, epoch.epoch), this.#agreed) * EPOCH_MS;
  }

  /** True if all that is served was read, but for what one of the two has not got yet. */
  async #round(): Promise<boolean> {
    const { clock, limits, source } = this.#o;
    const epochs = await source.epochs(this.#pair, this.#next - limits.lateEpochs);
    const last = epochs.at(-1);
    if (!last || this.#isClosed) return false;
    const oldest = Math.floor(clock.nowMs() / EPOCH_MS) - PIR_LIMITS.epochs;
    for (const [name, { epoch }] of this.#read) if (epoch.epoch <= oldest) this.#read.delete(name);
    this.#turns++;
    const digests = new Map(epochs.map((epoch) => [nameOf(epoch), epoch.digest]));
    const waiting = this.#ours.filter(({ epoch }) => this.#isServed(this.#read.get(nameOf(epoch)), digests));
    const turn: Turn = { asked: 0, answered: 0, failed: [] };
    for (const epoch of epochs.filter(({ count }) => count > 0)) {
      const known = this.#read.get(nameOf(epoch));
      if (known && !this.#isDue(known, epoch, last)) continue;
      if (!(await this.#readHeaders(epoch))) return false;
      if (!known) await this.#ask(epoch, turn);
      if (this.#isClosed) return false;
    }
    await this.#askOlder(digests, waiting, turn);
    // What only one of the two holds shows once they agree. Mirrors that do not are no pair: some mail would never show.
    this.#agreed = epochs.find((epoch) => this.#isUnsettled(epoch))?.epoch ?? this.#next;
    const isSame = Math.max(this.#next, last.epoch + 1) - this.#agreed <= limits.differingEpochs;
    return !this.#isClosed && isSame && this.#judge(turn);
  }

  /**
   * Who trickles late cells into all epochs would have all headers read again each turn: so an epoch is read again later each
   * time, and a last time before it is not looked at any more.
   */
  #isDue({ epoch, turn, wait }: Read, { digest }: PirEpoch, last: PirEpoch): boolean {
    if (epoch.digest === digest) return false;
    return this.#turns - turn >= wait || epoch.epoch <= last.epoch - this.#o.limits.lateEpochs;
  }

  /** As far as one can know: what was replaced is served a while longer. */
  #isServed(read: Read | undefined, digests: ReadonlyMap<string, string>): boolean {
    if (!read) return false;
    const digest = digests.get(nameOf(read.epoch));
    return digest === undefined || digest === read.epoch.digest || this.#turns - read.turn <= 1;
  }

  /** One of the two has cells in it that the other has not. */
  #isUnsettled({ epoch, count, differing }: PirEpoch): boolean {
    return differing !== undefined || (count === 0 && epoch >= this.#first);
  }

  /** False if most of what was asked did not come: that tells nothing of ours. Else what did not come may never do so. */
  #judge({ asked, answered, failed }: Turn): boolean {
    if (2 * answered < asked) return false;
    for (const one of failed) this.#missed(one);
    return true;
  }

  /** It is no longer asked for here after some tries. It stays noted down: another way, or a restart, may bring it. */
  #missed(ours: Found): void {
    if (++ours.tries >= this.#o.limits.tries) this.#ours = this.#ours.filter((one) => one !== ours);
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
    const ours = sorted.flatMap(({ one, whose }) => (whose === "ours" && this.#hasRoom(one) ? [one] : []));
    this.#note(ours.map(({ header }) => header));
    this.#ours.push(...ours);
    this.#others.push(...sorted.flatMap(({ one, whose }) => (whose === "other" ? [one] : [])));
    this.#others = this.#others.slice(-this.#o.limits.headers);
    for (const { header } of fresh) this.#remember(header.id);
    for (const { onTold } of this.#handlers) onTold(fresh.length, bytes.length / 2);
    const before = this.#read.get(nameOf(epoch));
    const wait = before ? before.wait * this.#o.limits.lateFactor : 1;
    this.#read.set(nameOf(epoch), { epoch, beginnings: beginningsOf(bytes), turn: this.#turns, wait });
    this.#next = Math.max(this.#next, epoch.epoch + 1);
    return true;
  }

  /** Anybody can send intros without end. Lanes bound themselves. */
  #hasRoom({ header }: Found): boolean {
    return this.#ours.length < this.#o.limits.noted || this.#handlers[0].isExpected(header);
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
    if (ours.length > 0) this.#o.store.note(this.#pair, ours, this.#o.clock.nowMs());
  }

  /** Queries of a new epoch: ours that wait there, then dummies. */
  async #ask(epoch: PirEpoch, turn: Turn): Promise<void> {
    const read = this.#read.get(nameOf(epoch)) as Read;
    const ours = this.#ours.filter((one) => one.epoch === epoch);
    for (let i = 0; i < this.#o.limits.epochQueries && !this.#isClosed; i++) {
      const isAnswered = await this.#query(read, ours[i] ?? null, turn);
      turn.asked++;
      if (isAnswered) turn.answered++;
    }
  }

  /**
   * Of earlier epochs: what waited longest, or a dummy. Ours wait for many reasons, so a dummy may be of any age, in the
   * version that was read: where that is not served any more it fails for both, and says nothing about the pair.
   */
  async #askOlder(digests: ReadonlyMap<string, string>, waiting: readonly Found[], turn: Turn): Promise<void> {
    const reads = [...this.#read.values()].filter((read) => this.#isServed(read, digests));
    reads.sort((a, b) => a.epoch.epoch - b.epoch.epoch);
    for (let i = 0; i < this.#o.limits.olderQueries && !this.#isClosed; i++) {
      const ours = waiting[i] ?? null;
      const read = ours ? this.#read.get(nameOf(ours.epoch)) : reads[evenMagnitude(reads.length)];
      if (!read) return;
      const isAnswered = await this.#query(read, ours, turn);
      if (digests.get(nameOf(read.epoch)) !== read.epoch.digest) continue;
      turn.asked++;
      if (isAnswered) turn.answered++;
    }
  }

  /** True if a record came that begins as its header says. */
  async #query({ epoch, beginnings }: Read, ours: Found | null, turn: Turn): Promise<boolean> {
    const index = ours?.index ?? randomBelow(beginnings.length / BEGINNING_BYTES);
    const record = await this.#o.source.read(this.#pair, epoch, index);
    for (const { onBytes } of this.#handlers) onBytes(queryBytes(epoch.count) / 2);
    const isAnswered = record !== null && isBeginning(record, beginnings.subarray(index * BEGINNING_BYTES));
    if (!ours || this.#isClosed) return isAnswered;
    if (isAnswered && this.#takeIn(ours, record)) this.#ours = this.#ours.filter((one) => one !== ours);
    else turn.failed.push(ours);
    return isAnswered;
  }

  /** False for what does not open: a relay may have altered it. */
  #takeIn({ header }: Found, record: Uint8Array): boolean {
    const { store, clock } = this.#o;
    const { id, address } = header;
    // It became mail another way.
    if (!store.isNoted(id)) return true;
    const cell = { id, address, sealed: record };
    store.fetched(this.#pair[0], cell, clock.nowMs());
    if (this.#handlers[0].onCell(cell)) return true;
    this.#note([header]);
    return false;
  }
}

function nameOf({ epoch, part }: Pick<PirEpoch, "epoch" | "part">): string {
  return `${epoch}/${part}`;
}

function beginningsOf(headers: Uint8Array): Uint8Array {
  const beginnings = new Uint8Array((headers.length / HEADER_BYTES) * BEGINNING_BYTES);
  for (let i = 0; i < headers.length / HEADER_BYTES; i++) {
    beginnings.set(headers.subarray(i * HEADER_BYTES, i * HEADER_BYTES + BEGINNING_BYTES), i * BEGINNING_BYTES);
  }
  return beginnings;
}

function isBeginning(record: Uint8Array, beginning: Uint8Array): boolean {
  return record.subarray(1, 1 + BEGINNING_BYTES).every((byte, i) => byte === beginning[i]);
}
