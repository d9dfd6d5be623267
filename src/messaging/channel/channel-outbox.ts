/**
 * What still has to reach relays, kept in the vault so that it survives any end of the process.
 *
 *   one row for each sealed card or post and each relay -> published until that relay took it
 *
 * One worker a relay, so that a dead one does not hold up the others. The event around the sealed content is
 * made anew for each try: its date then is the time of the try, by which readers ask.
 */

import type { Clock } from "../../core/clock.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import { retryDelayMs } from "../../route/backoff.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { Vault } from "../../vault/vault.ts";
import { type SealedContent, wrapContent } from "./sealed-event.ts";

interface OutboxRow extends SealedContent {
  /** 32 hex characters or more; the same for all relays. */
  readonly id: string;
  readonly channel: string;
  readonly relay: string;
  /** The post inside; null for a card. */
  readonly n: number | null;
  readonly createdAtMs: number;
  /** To how many relays it goes; fewer rows than that, and one has taken it. */
  readonly relays: number;
}

export interface ChannelOutboxOptions {
  readonly vault: Vault;
  readonly pool: RelayPool;
  /** A relay took this post; called inside the transaction that notes it. Returns what to do once it is committed. */
  readonly onTaken: (channel: string, n: number) => () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ChannelOutbox {
  readonly #o: ChannelOutboxOptions;
  readonly #rows: SealedTable<OutboxRow>;
  readonly #running = new Map<string, Promise<void>>();
  /** Relays for which something may have come after their worker last looked. */
  readonly #again = new Set<string>();
  readonly #stop = new AbortController();

  constructor(options: ChannelOutboxOptions) {
    this.#o = options;
    this.#rows = options.vault.table<OutboxRow>({
      name: "channel_outbox",
      key: (row) => `${row.id}/${row.relay}`,
      indexes: { relay: (row) => row.relay, channel: (row) => row.channel, id: (row) => row.id },
    });
  }

  add(row: Omit<OutboxRow, "relay" | "relays">, relays: readonly string[]): void {
    for (const relay of relays) this.#rows.put({ ...row, relay, relays: relays.length });
  }

  removeAll(channel: string): void {
    for (const row of this.#rows.find("channel", channel)) this.#remove(row);
  }

  /** Works off what waits for these relays, or for all. Returns at once. */
  wake(relays: Iterable<string> = new Set(this.#rows.list().map((row) => row.relay))): void {
    if (this.#stop.signal.aborted) return;
    for (const relay of relays) {
      if (this.#running.has(relay)) this.#again.add(relay);
      else this.#running.set(relay, this.#run(relay));
    }
  }

  /** Ends all tries; resolves when none runs any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running.values());
  }

  async #run(relay: string): Promise<void> {
    try {
      await this.#drain(relay);
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        this.#o.log.error({ error: error instanceof Error ? error.name : "unknown" }, "a channel's posts got stuck");
      }
    }
    this.#running.delete(relay);
    if (this.#again.delete(relay)) this.wake([relay]);
  }

  async #drain(relay: string): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      const rows = this.#rows.find("relay", relay, { limit: CHANNEL_LIMITS.burst });
      if (rows.length === 0) return;
      const taken = await Promise.all(rows.map((row) => this.#publish(row)));
      failures = taken.includes(true) ? 0 : failures + 1;
      if (failures > 0) await this.#wait(retryDelayMs(failures, CHANNEL_LIMITS.retryMs, CHANNEL_LIMITS.retryMaxMs));
    }
  }

  async #publish(row: OutboxRow): Promise<boolean> {
    const { pool, vault, clock, onTaken } = this.#o;
    try {
      await pool.publish(row.relay, wrapContent(row, clock.nowMs()), this.#stop.signal);
    } catch {
      if (!this.#stop.signal.aborted) this.#postpone(row);
      return false;
    }
    if (this.#stop.signal.aborted) return false;
    const announce = vault.transaction(() => {
      this.#remove(row);
      return row.n === null ? () => {} : onTaken(row.channel, row.n);
    });
    announce();
    return true;
  }

  /** Behind the others, so that one that a relay refuses does not hold them up; or given up, if another relay has it. */
  #postpone(row: OutboxRow): void {
    this.#o.vault.transaction(() => {
      if (!this.#rows.has(`${row.id}/${row.relay}`)) return;
      this.#remove(row);
      const isOld = row.createdAtMs + CHANNEL_LIMITS.publishMs <= this.#o.clock.nowMs();
      const isTaken = this.#rows.count("id", row.id) < row.relays - 1;
      if (!(isOld && isTaken)) this.#rows.put(row);
    });
  }

  #remove(row: OutboxRow): void {
    this.#rows.delete(`${row.id}/${row.relay}`);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stop;
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      timer.unref();
      signal.addEventListener("abort", end, { once: true });
      if (signal.aborted) end();
    });
  }
}
