/**
 * Collects mail from our relays, one parcel after the other.
 *
 *   cells of a relay (`fetch/`) -> Mailbox: ours? whole? -> queue -> handle(mail) -> next
 *   gift wraps of NIP-17 clients, on connections of their own -> queue
 *
 * A relay is asked for what is new since the last complete look, less CELL_LIMITS.lookBackMs for clocks that are wrong; for
 * wraps less MESSAGE_LIMITS.lookBackMs, because they are dated up to two days into the past. What comes twice is known by its id.
 */

import type { Clock } from "../core/clock.ts";
import { CELL_LIMITS } from "../core/cell-limits.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import { KIND } from "../nostr/kinds.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Arrival, Mailbox } from "./cell/mailbox.ts";
import type { Streams } from "./cover/streams.ts";
import type { Cell } from "./cell/cell.ts";
import type { CellHeader } from "./cell/cell-header.ts";
import type { Fetching } from "./fetch/fetching.ts";

/** What came: a parcel in cells, or the wrap of a NIP-17 client with its author's signature. */
export type Mail = Arrival | { readonly wrap: VerifiedEvent };

const CURSORS = "relay-cursors";
/** What is fetched again later than this is opened again; its letter is still known by its own id. */
const SEEN_DAYS = 14;
const DAY_MS = 86_400_000;

interface SeenRow {
  readonly id: string;
  readonly day: string;
}

export interface CollectorOptions {
  readonly vault: Account;
  readonly fetching: Fetching;
  /** Connections on which relays know who we are. */
  readonly interopPool: RelayPool;
  /** Whose wraps are collected, hex; null on a device that NIP-17 clients do not write to. */
  readonly wrapsFor: string | null;
  readonly mailbox: Mailbox;
  readonly streams: Streams;
  /**
   * Takes one piece of mail in, with `markSeen` inside the same transaction. False: not readable now, perhaps once something
   * that is still on its way has come. Throws for what never will be.
   */
  readonly handle: (mail: Mail, markSeen: () => void) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Collector {
  readonly #o: CollectorOptions;
  readonly #seen: SealedTable<SeenRow>;
  readonly #subscriptions = new Map<string, { close(): void }>();
  readonly #queue: Mail[] = [];
  /** Relays whose stored cells we have read, and that tell new ones as they come. */
  readonly #live = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  /** Not readable yet; tried again after whatever may have brought the keys. */
  #early: Mail[] = [];
  /** Being taken in now. */
  #taken: Mail | null = null;
  /** Counts the times when they were: what came while something was being looked at must not be missed by it. */
  #retries = 0;
  #working = false;
  #closed = false;
  /** Something was not taken in, though a later try might: the cursors stay, so that a restart asks for it again. */
  #missed = false;

  constructor(options: CollectorOptions) {
    this.#o = options;
    this.#seen = options.vault.table<SeenRow>({
      name: "seen_wraps",
      key: (row) => row.id,
      indexes: { day: (row) => row.day },
    });
    this.#forgetOld();
    this.#timer = setInterval(() => this.#saveLive(), CELL_LIMITS.cursorMs);
    this.#timer.unref();
  }

  /** Subscribes at exactly these relays. */
  follow(urls: readonly string[]): void {
    for (const [url, subscription] of this.#subscriptions) {
      if (urls.includes(url)) continue;
      subscription.close();
      this.#live.delete(url);
      this.#subscriptions.delete(url);
    }
    for (const url of urls) if (!this.#subscriptions.has(url)) this.#subscriptions.set(url, this.#subscribe(url));
    this.#o.fetching.decide();
  }

  /** Something came that may make readable what was not. */
  retryEarly(): void {
    const early = this.#early;
    this.#retries++;
    this.#early = [];
    this.#o.fetching.retry();
    for (const mail of [...this.#o.mailbox.retry(), ...early]) this.#enqueue(mail);
  }

  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    clearInterval(this.#timer);
    this.#o.fetching.close();
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }

  #subscribe(url: string): { close(): void } {
    const cells = this.#o.fetching.follow(url, () => this.#since(url, CELL_LIMITS.lookBackMs), {
      onCell: (cell) => this.#cell(url, cell),
      sort: (header) => this.#sort(url, header),
      isExpected: (header) => this.#o.mailbox.isExpected(header),
      onStored: (beforeMs, isLive) => {
        if (isLive) this.#live.add(url);
        this.#whenIdle(() => this.#saveCursor(url, beforeMs));
      },
      onLost: () => this.#live.delete(url),
    });
    const { wrapsFor } = this.#o;
    const wraps = wrapsFor === null ? null : this.#subscribeWraps(url, wrapsFor);
    return {
      close: () => {
        cells.close();
        wraps?.close();
      },
    };
  }

  #subscribeWraps(url: string, publicKey: string): { close(): void } {
    const name = wrapsOf(url);
    let startedAtMs = 0;
    const filters = () => {
      startedAtMs = this.#o.clock.nowMs();
      const sinceMs = this.#since(name, MESSAGE_LIMITS.lookBackMs);
      const since = sinceMs === null ? {} : { since: Math.floor(sinceMs / 1000) };
      return [{ kinds: [KIND.wrap], "#p": [publicKey], ...since }];
    };
    return this.#o.interopPool.subscribe(url, filters, {
      onEvent: (wrap) => this.#enqueue({ wrap }),
      onStored: () => this.#whenIdle(() => this.#saveCursor(name, startedAtMs)),
    });
  }

  /** False if nothing will become of it. */
  #cell(url: string, cell: Cell): boolean {
    const { streams, mailbox, fetching } = this.#o;
    if (this.#closed || streams.takeReturn(url, cell.id)) return true;
    const arrival = mailbox.takeCell(cell);
    if (arrival) this.#enqueue(arrival);
    return arrival !== null || (fetching.isNoted(cell.id) && this.#isPending(cell.id));
  }

  /** It came before, and what it belongs to is not taken in yet. */
  #isPending(id: string): boolean {
    const held = [...this.#queue, ...this.#early, ...(this.#taken ? [this.#taken] : [])];
    return this.#o.mailbox.isUnfinished(id) || held.some((mail) => idsOf(mail).includes(id));
  }

  #sort(url: string, header: CellHeader): "ours" | "loop" | "other" {
    if (this.#o.streams.takeReturn(url, header.id)) return "loop";
    return this.#o.mailbox.isOurs(header) && !this.#seen.has(header.id) ? "ours" : "other";
  }

  #enqueue(mail: Mail): void {
    if (this.#closed) return;
    if (this.#queue.length >= MESSAGE_LIMITS.receiveQueue) {
      this.#missed = true;
      this.#o.log.warn({ limit: MESSAGE_LIMITS.receiveQueue }, "receive queue full, mail was dropped");
      return;
    }
    this.#queue.push(mail);
    if (!this.#working) void this.#work();
  }

  /** One a turn of the event loop, so that a long absence does not freeze the app. */
  async #work(): Promise<void> {
    this.#working = true;
    while (!this.#closed) {
      const mail = this.#queue.shift();
      if (!mail) break;
      this.#taken = mail;
      await this.#take(mail);
      this.#taken = null;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#working = false;
  }

  async #take(mail: Mail): Promise<void> {
    const ids = idsOf(mail);
    if (ids.every((id) => this.#seen.has(id))) return;
    const retries = this.#retries;
    try {
      if (await this.#o.handle(mail, () => this.#markSeen(mail))) return;
      if (this.#retries === retries) this.#keepEarly(mail);
      else this.#enqueue(mail);
    } catch (error) {
      if (this.#closed) return;
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      this.#o.log.debug({ code }, "mail could not be taken in");
      if (isHopeless(code)) this.#o.vault.transaction(() => this.#markSeen(mail));
      else this.#missed = true;
    }
  }

  /** Its sender repeats it, too, as long as we do not acknowledge it; so the oldest may go. */
  #keepEarly(mail: Mail): void {
    this.#early.push(mail);
    if (this.#early.length > MESSAGE_LIMITS.earlyMail) this.#early.shift();
  }

  #markSeen(mail: Mail): void {
    const day = String(Math.floor(this.#o.clock.nowMs() / DAY_MS));
    const ids = idsOf(mail);
    for (const id of ids) this.#seen.put({ id, day });
    this.#o.fetching.forget(ids);
    if ("note" in mail) mail.note();
  }

  #forgetOld(): void {
    const today = Math.floor(this.#o.clock.nowMs() / DAY_MS);
    for (let day = today - 2 * SEEN_DAYS; day < today - SEEN_DAYS; day++) {
      for (const row of this.#seen.find("day", String(day), {})) this.#seen.delete(row.id);
    }
  }

  #since(name: string, lookBackMs: number): number | null {
    const cursor = this.#cursors()[name];
    return cursor === undefined ? null : cursor - lookBackMs;
  }

  #cursors(): Record<string, number> {
    return this.#o.vault.readMeta<Record<string, number>>(CURSORS) ?? {};
  }

  #saveCursor(name: string, atMs: number): void {
    if (this.#missed) return;
    this.#o.vault.writeMeta(CURSORS, { ...this.#cursors(), [name]: atMs });
  }

  /** While a relay tells everything as it comes, there is nothing older to ask it for. */
  #saveLive(): void {
    const atMs = this.#o.clock.nowMs();
    for (const url of this.#live) this.#whenIdle(() => this.#live.has(url) && this.#saveCursor(url, atMs));
  }

  /** Runs once all that is queued now was taken in: a cursor must never pass unread mail. */
  #whenIdle(work: () => void): void {
    if (this.#closed) return;
    if (this.#working) setTimeout(() => this.#whenIdle(work), IDLE_POLL_MS).unref();
    else work();
  }
}

const IDLE_POLL_MS = 50;

/** The cursor of wraps is not that of the crowd. */
function wrapsOf(url: string): string {
  return `wraps ${url}`;
}

function idsOf(mail: Mail): readonly string[] {
  return "wrap" in mail ? [mail.wrap.id] : mail.events;
}

/** Errors that no second try can mend: not for us, forged, or of an unknown format. */
function isHopeless(code: string): boolean {
  return code === "cannot_open" || code.startsWith("bad_") || code === "unsupported_message";
}
