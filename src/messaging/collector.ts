/**
 * Collects gift wraps from our relays: one subscription a relay, one wrap after the other.
 *
 *   relay -> is it a frame of ours? else: is its signature right? -> queue -> handle(wrap) -> next
 *
 * A frame proves itself, and its wrap's signature is by a key that anybody may have made for it: that is not checked.
 * A relay is asked for what is new since the last complete look, less MESSAGE_LIMITS.lookBackMs,
 * because gift wraps are dated up to two days into the past. What comes twice is known by its id.
 */

import type { Clock } from "../core/clock.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { HashedEvent, VerifiedEvent } from "../nostr/event.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Located } from "./session/sessions.ts";

/** A wrap to take in, by the id that is its hash: a frame of a session of ours, or an event with its author's signature. */
export type Wrap = { readonly id: string } & ({ readonly frame: Located } | { readonly event: VerifiedEvent });

const GIFT_WRAP_KIND = 1059;
const CURSORS = "relay-cursors";
/** A wrap that is fetched again later than this is opened again; its letter is still known by its own id. */
const SEEN_DAYS = 14;
const DAY_MS = 86_400_000;

interface SeenRow {
  readonly id: string;
  readonly day: string;
}

export interface CollectorOptions {
  readonly vault: Account;
  readonly pool: RelayPool;
  readonly publicKey: string;
  /** The frame of a session of ours that an event holds; null if there is none, or it does not open. */
  readonly frameOf: (event: HashedEvent) => Located | null;
  /**
   * Takes one wrap in, with `markSeen` inside the same transaction. False: not readable now, perhaps once something
   * that is still on its way has come. Throws for what never will be.
   */
  readonly handle: (wrap: Wrap, markSeen: () => void) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Collector {
  readonly #o: CollectorOptions;
  readonly #seen: SealedTable<SeenRow>;
  readonly #subscriptions = new Map<string, { close(): void }>();
  readonly #queue: Wrap[] = [];
  /** Not readable yet; tried again after whatever may have brought the keys. */
  #early: Wrap[] = [];
  /** Counts the times when they were: what came while a wrap was being looked at must not be missed by it. */
  #retries = 0;
  #working = false;
  #closed = false;
  /** A wrap was not taken in, though a later try might: the cursors stay, so that a restart asks for it again. */
  #missed = false;

  constructor(options: CollectorOptions) {
    this.#o = options;
    this.#seen = options.vault.table<SeenRow>({
      name: "seen_wraps",
      key: (row) => row.id,
      indexes: { day: (row) => row.day },
    });
    this.#forgetOld();
  }

  /** Subscribes at exactly these relays. */
  follow(urls: readonly string[]): void {
    for (const [url, subscription] of this.#subscriptions) {
      if (urls.includes(url)) continue;
      subscription.close();
      this.#subscriptions.delete(url);
    }
    for (const url of urls) if (!this.#subscriptions.has(url)) this.#subscriptions.set(url, this.#subscribe(url));
  }

  /** Something came that may make readable what was not. */
  retryEarly(): void {
    const early = this.#early;
    this.#retries++;
    this.#early = [];
    for (const wrap of early) this.#enqueue(wrap);
  }

  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }

  #subscribe(url: string): { close(): void } {
    let startedAtMs = 0;
    const filters = () => {
      startedAtMs = this.#o.clock.nowMs();
      const cursor = this.#cursors()[url];
      const since = cursor === undefined ? {} : { since: Math.floor((cursor - MESSAGE_LIMITS.lookBackMs) / 1000) };
      return [{ kinds: [GIFT_WRAP_KIND], "#p": [this.#o.publicKey], ...since }];
    };
    return this.#o.pool.subscribe(url, filters, {
      claim: (event) => this.#claim(event),
      onEvent: (event) => this.#enqueue({ id: event.id, event }),
      onStored: () => this.#whenIdle(() => this.#saveCursor(url, startedAtMs)),
    });
  }

  /** What was taken in before, and frames: for neither it matters whether the signature is right. */
  #claim(event: HashedEvent): boolean {
    if (this.#seen.has(event.id)) return true;
    const frame = this.#o.frameOf(event);
    if (frame) this.#enqueue({ id: event.id, frame });
    return frame !== null;
  }

  #enqueue(wrap: Wrap): void {
    if (this.#queue.length >= MESSAGE_LIMITS.receiveQueue) {
      this.#missed = true;
      this.#o.log.warn({ limit: MESSAGE_LIMITS.receiveQueue }, "receive queue full, a wrap was dropped");
      return;
    }
    this.#queue.push(wrap);
    if (!this.#working) void this.#work();
  }

  /** One wrap a turn of the event loop, so that a long absence does not freeze the app. */
  async #work(): Promise<void> {
    this.#working = true;
    while (!this.#closed) {
      const wrap = this.#queue.shift();
      if (!wrap) break;
      await this.#take(wrap);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#working = false;
  }

  async #take(wrap: Wrap): Promise<void> {
    if (this.#seen.has(wrap.id)) return;
    const retries = this.#retries;
    try {
      if (await this.#o.handle(wrap, () => this.#markSeen(wrap.id))) return;
      if (this.#retries === retries) this.#keepEarly(wrap);
      else this.#enqueue(wrap);
    } catch (error) {
      if (this.#closed) return;
      const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
      this.#o.log.debug({ code }, "a wrap could not be taken in");
      if (isHopeless(code)) this.#markSeen(wrap.id);
      else this.#missed = true;
    }
  }

  /** Its sender repeats it, too, as long as we do not acknowledge it; so the oldest may go. */
  #keepEarly(wrap: Wrap): void {
    this.#early.push(wrap);
    if (this.#early.length > MESSAGE_LIMITS.earlyWraps) this.#early.shift();
  }

  #markSeen(id: string): void {
    this.#seen.put({ id, day: String(Math.floor(this.#o.clock.nowMs() / DAY_MS)) });
  }

  #forgetOld(): void {
    const today = Math.floor(this.#o.clock.nowMs() / DAY_MS);
    for (let day = today - 2 * SEEN_DAYS; day < today - SEEN_DAYS; day++) {
      for (const row of this.#seen.find("day", String(day), {})) this.#seen.delete(row.id);
    }
  }

  #cursors(): Record<string, number> {
    return this.#o.vault.readMeta<Record<string, number>>(CURSORS) ?? {};
  }

  #saveCursor(url: string, atMs: number): void {
    if (this.#missed) return;
    this.#o.vault.writeMeta(CURSORS, { ...this.#cursors(), [url]: atMs });
  }

  /** Runs once all that is queued now was taken in: a cursor must never pass an unread wrap. */
  #whenIdle(work: () => void): void {
    if (this.#closed) return;
    if (this.#working) setTimeout(() => this.#whenIdle(work), IDLE_POLL_MS).unref();
    else work();
  }
}

const IDLE_POLL_MS = 50;

/** Errors that no second try can mend: the wrap is not for us, forged, or of an unknown format. */
function isHopeless(code: string): boolean {
  return code === "cannot_open" || code.startsWith("bad_") || code === "unsupported_message";
}
