/**
 * Follows another relay's cells and stores those that are not here, so that two relays which mirror each other hold the
 * same, and answer private retrieval about the same epochs (NEP-14).
 *
 *   headers of the other relay -> queue of ids -> not stored here? -> fetched -> Intake, like any stranger's event
 *
 * Both may mirror each other: what came from there is stored here, so it is not fetched again. The other relay is no more
 * trusted than a client: it can leave cells out, and name ids that do not exist.
 */

import { toHex } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import type { Logger } from "../core/log.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { HEADER_BYTES, type HeaderRequest } from "../nostr/header-stream.ts";
import { KIND } from "../nostr/kinds.ts";
import type { Intake } from "./intake.ts";
import type { RelayLimits } from "./relay-info.ts";
import type { StoreClient } from "./store-client.ts";

/** Another relay, as far as a mirror needs it. Who starts the relay hands it in: the relay itself dials nobody. */
export interface CellSource {
  /** The headers behind `start`, then new ones, over all losses; n * 96 bytes with the cursor behind them. */
  headers(
    start: HeaderRequest,
    handlers: {
      readonly onHeaders: (headers: Uint8Array, cursor: string) => void;
      /** It was lost, refused, or does not tell headers; it is asked again by itself. */
      readonly onFailure: (error: { readonly code: string }) => void;
    },
  ): { close(): void };
  /** The events with these ids, as far as it has them. Rejects when it cannot be asked. */
  cells(ids: readonly string[]): Promise<readonly NostrEvent[]>;
}

export interface MirrorOptions {
  readonly source: CellSource;
  readonly store: Pick<StoreClient, "missing">;
  readonly intake: Intake;
  readonly limits: RelayLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

const ID_AT = 64;

export class Mirror {
  readonly #options: MirrorOptions;
  /** Ids (hex) of cells that the other relay has. */
  #queue: string[] = [];
  /** Asked for once already, and did not come. */
  readonly #absent: Set<string> = new Set();
  #stream: { close(): void } | null = null;
  #cursor: string | null = null;
  #working = false;
  #wait: { readonly timer: NodeJS.Timeout; readonly end: () => void } | null = null;
  #closed = false;

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  /** Begins with the oldest cell of the oldest epoch that is served; nothing is remembered from an earlier run. */
  start(): void {
    const { clock, log, source } = this.#options;
    const since = Math.max(0, Math.floor(clock.nowMs() / 1000) - (PIR_LIMITS.epochs + 1) * PIR_LIMITS.epochS);
    const onHeaders = (headers: Uint8Array, cursor: string): void => this.#take(headers, cursor);
    const onFailure = ({ code }: { readonly code: string }): void => log.warn({ code }, "the mirrored relay failed");
    this.#stream = source.headers({ after: this.#cursor, since }, { onHeaders, onFailure });
  }

  close(): void {
    this.#closed = true;
    this.#pause();
    if (!this.#wait) return;
    clearTimeout(this.#wait.timer);
    this.#wait.end();
  }

  #take(headers: Uint8Array, cursor: string): void {
    // A frame that was on its way when the stream was closed: its cells come again, behind the cursor.
    if (!this.#stream) return;
    this.#cursor = cursor;
    for (let at = 0; at < headers.length; at += HEADER_BYTES) {
      this.#queue.push(toHex(headers.subarray(at + ID_AT, at + HEADER_BYTES)));
    }
    if (this.#queue.length >= this.#options.limits.mirrorQueue) this.#pause();
    void this.#work();
  }

  #pause(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    let failures = 0;
    while (this.#queue.length > 0 && !this.#closed) {
      const ids = this.#queue.slice(0, this.#options.limits.mirrorFetch);
      if (await this.#fetch(ids)) {
        this.#queue.splice(0, ids.length);
        failures = 0;
      } else {
        await this.#sleep(failures++);
      }
    }
    this.#working = false;
    if (!this.#stream && !this.#closed) this.start();
  }

  /** False when it has to be tried again. */
  async #fetch(ids: readonly string[]): Promise<boolean> {
    const { log, source, store } = this.#options;
    const missing = await store.missing(ids);
    if (!missing) return false;
    if (missing.length === 0) return true;
    try {
      const cells = (await source.cells(missing)).filter(({ id, kind }) => kind === KIND.cell && missing.includes(id));
      const settled = await Promise.all(cells.map((cell) => this.#store(cell)));
      if (settled.includes(false)) return false;
      this.#noteAbsent(missing, new Set(cells.map(({ id }) => id)));
      return true;
    } catch {
      log.warn({ cells: missing.length }, "cells of the mirrored relay could not be fetched");
      return false;
    }
  }

  /** False when our own store failed. What is refused otherwise stays out for good. */
  async #store(cell: NostrEvent): Promise<boolean> {
    let failed = false;
    await this.#options.intake.take(cell, JSON.stringify(cell), (_, reason) => (failed = reason.startsWith("error:")));
    return !failed;
  }

  /** What did not come is asked for once more, behind the others: the answer may have been cut off. */
  #noteAbsent(asked: readonly string[], came: ReadonlySet<string>): void {
    for (const id of asked) {
      if (this.#absent.delete(id) || came.has(id)) continue;
      this.#absent.add(id);
      this.#queue.push(id);
    }
  }

  #sleep(failures: number): Promise<void> {
    const { mirrorRetryMs, mirrorRetryMaxMs } = this.#options.limits;
    const { promise, resolve } = Promise.withResolvers<void>();
    const delayMs = Math.min(mirrorRetryMs * 2 ** failures, mirrorRetryMaxMs);
    this.#wait = { timer: setTimeout(resolve, delayMs).unref(), end: resolve };
    return promise;
  }
}
