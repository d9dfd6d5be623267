/**
 * Header first: all headers of a relay's cells, and few bodies.
 *
 *   header -> told before? dropped
 *          -> ours?        noted down -> waits for its batch -> body -> out
 *          -> another's?   kept: a decoy, or ours once its epoch has come
 *
 * The relay learns of each body that it may be ours or a decoy, and nothing from how many are asked for, or when.
 */

import type { Clock, Timers } from "../../core/clock.ts";
import { CELL_LIMITS } from "../../core/cell-limits.ts";
import type { HashedEvent } from "../../nostr/event.ts";
import { HEADER_BYTES } from "../../nostr/header-stream.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { Batches } from "./batches.ts";
import { readCell } from "../cell/cell.ts";
import { type CellHeader, readHeaders } from "../cell/cell-header.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import type { FetchStore } from "./fetch-store.ts";
import { HeaderPool } from "./header-pool.ts";
import { BODY_WIRE_BYTES } from "./policy.ts";
import type { Following, WayHandlers } from "./way.ts";

export interface HeaderFirstOptions {
  readonly pool: RelayPool;
  readonly store: FetchStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: FetchLimits;
}

export class HeaderFirst {
  readonly #o: HeaderFirstOptions;

  constructor(options: HeaderFirstOptions) {
    this.#o = options;
  }

  /** Follows a relay over all losses; `sinceMs` null for everything. */
  follow(url: string, sinceMs: number | null, handlers: WayHandlers): Following {
    const { pool, store, clock, timers, limits } = this.#o;
    const headers = new HeaderPool(limits);
    const { after, asked } = store.place(url);
    const marks = new CursorMarks(after, limits.retoldMs);
    this.#restore(url, headers, asked, handlers);
    const batches = new Batches({
      url,
      pool,
      headers,
      unfinished: asked,
      save: (next) => {
        store.savePlace({ url, way: "headers", partner: null, after: marks.settled, asked: next });
        if (isFull && headers.waiting <= limits.noted / 2) begin();
      },
      onBody: (event) => this.#body(url, event, handlers),
      onGivenUp: (id) => store.forget([id]),
      clock,
      timers,
      limits,
    });
    const since = sinceMs === null ? 0 : Math.max(0, Math.floor(sinceMs / 1000));
    let stream: { close(): void } = { close: () => {} };
    let cursor = after;
    let isFull = false;
    const onHeaders = (bytes: Uint8Array, next: string): void => {
      if (isFull) return;
      this.#take(url, headers, readHeaders(bytes), handlers);
      handlers.onTold(bytes.length / HEADER_BYTES, bytes.length);
      cursor = next;
      marks.note(next, clock.nowMs());
      isFull = headers.waiting >= limits.noted;
      if (!isFull) return;
      // What follows is told from here on once there is room; until then it is not read.
      stream.close();
      handlers.onLost();
    };
    const begin = (): void => {
      isFull = false;
      const startedAtMs = clock.nowMs();
      stream = pool.headers(
        url,
        { after: cursor, since },
        {
          onHeaders,
          onStored: () => handlers.onStored(startedAtMs, true),
          onFailure: ({ code }) => (code === "no_headers" ? handlers.onUnable() : handlers.onLost()),
        },
      );
    };
    begin();
    return {
      get isBusy() {
        return headers.waiting > 0;
      },
      retry: () => this.#note(url, headers.claim(handlers.isExpected)),
      close: () => {
        stream.close();
        batches.close();
      },
    };
  }

  /** What was ours before a restart: bodies that never became mail, and headers that wait for theirs. */
  #restore(url: string, headers: HeaderPool, asked: readonly CellHeader[], handlers: WayHandlers): void {
    for (const { id } of asked) headers.remember(id);
    for (const { header, cell } of this.#o.store.noted(url)) {
      if (cell) {
        headers.remember(cell.id);
        handlers.onCell(cell);
      } else if (!headers.isTold(header.id)) headers.restore(header);
    }
  }

  /** Headers that a relay tells; all are taken, or it throws and none is. */
  #take(url: string, pool: HeaderPool, headers: readonly CellHeader[], handlers: WayHandlers): void {
    const fresh = headers.filter(({ id }) => !pool.isTold(id) && !this.#o.store.isNoted(id));
    const sorted = fresh.map((header) => ({ header, whose: handlers.sort(header) }));
    const ours = sorted.flatMap(({ header, whose }) => (whose === "ours" ? [header] : []));
    this.#note(url, ours);
    for (const { header, whose } of sorted) {
      // The relay knows our own connection's dummies: as decoys they would hide nothing.
      if (whose === "loop") pool.remember(header.id);
      else pool.add(header, whose === "ours");
    }
  }

  #note(url: string, ours: readonly CellHeader[]): void {
    if (ours.length > 0) this.#o.store.note([url], ours, this.#o.clock.nowMs());
  }

  #body(url: string, event: HashedEvent, handlers: WayHandlers): void {
    const { store, clock } = this.#o;
    handlers.onBytes(BODY_WIRE_BYTES);
    const cell = readCell(event);
    if (!cell) return store.forget([event.id]);
    if (store.isNoted(cell.id)) store.fetched(url, cell, clock.nowMs());
    handlers.onCell(cell);
  }
}

/** Cursors of the last minutes: a restart goes on at one that is old enough for epochs that came late. */
class CursorMarks {
  readonly #ageMs: number;
  readonly #marks: { readonly cursor: string; readonly atMs: number }[] = [];
  settled: string | null;

  constructor(settled: string | null, ageMs: number) {
    this.settled = settled;
    this.#ageMs = ageMs;
  }

  note(cursor: string, nowMs: number): void {
    if (nowMs - (this.#marks.at(-1)?.atMs ?? 0) >= CELL_LIMITS.cursorMs) this.#marks.push({ cursor, atMs: nowMs });
    for (let [oldest] = this.#marks; oldest && nowMs - oldest.atMs >= this.#ageMs; [oldest] = this.#marks) {
      this.settled = oldest.cursor;
      this.#marks.shift();
    }
  }
}
