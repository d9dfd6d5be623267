/**
 * Uploads what a courier carries, each cell in its turn in the stream to its relay, where it takes the place of a dummy.
 *
 *   queue -> reachable? -> stream ... its turn: stored as leaving, made into an event of now -> relay -> taken | lost
 *
 * A cell leaves once. Were it sent again after an answer that did not come, the relay would see its address twice and
 * know it for no dummy; its sender makes another one instead. While the relay cannot be reached, nothing leaves.
 */

import { fromBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { NetworkError } from "../../core/errors.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import type { Account } from "../../vault/account.ts";
import type { Streams } from "../cover/streams.ts";
import { type CarriedBook, type CarriedCell, cellKey } from "./carried-book.ts";
import { handedEvent } from "./handed-cell.ts";

export interface UploaderOptions {
  readonly vault: Account;
  readonly book: CarriedBook;
  readonly streams: Streams;
  readonly pool: RelayPool;
  readonly clock: Clock;
  /** What became of a cell is stored. */
  readonly settled: () => void;
  /** Does work of which nobody waits for the end. */
  readonly attempt: (work: () => void) => void;
}

export class Uploader {
  readonly #o: UploaderOptions;
  /** In the stream of a relay, by capability and number. */
  readonly #underWay = new Map<string, Set<string>>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: UploaderOptions) {
    this.#o = options;
  }

  /** What had left when the last process ended is lost, for all that we know. */
  recover(): void {
    const { book, settled } = this.#o;
    const left = book.inState("leaving");
    for (const cell of left) book.put({ ...cell, state: "lost" });
    if (left.length > 0) settled();
  }

  /** Puts into the streams what there is room for; looks again later if something has to wait. */
  pump(): void {
    if (this.#closed) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.pump(), COURIER_LIMITS.retryMs).unref();
    this.#o.attempt(() => {
      const isIdle = this.#o.book.countQueued() === 0;
      for (const relay of isIdle ? [] : this.#o.book.relays()) this.fill(relay);
    });
  }

  /** The same for one relay, once. */
  fill(relay: string): void {
    if (this.#closed) return;
    const { book } = this.#o;
    const underWay = this.#underWay.get(relay) ?? new Set<string>();
    this.#underWay.set(relay, underWay);
    const waiting = book.queuedFor(relay, 2 * COURIER_LIMITS.underWayPerRelay);
    const next = waiting.filter((cell) => !underWay.has(cellKey(cell)));
    if (next.length === 0 || !this.#isReachable(relay)) return;
    for (const cell of next.slice(0, COURIER_LIMITS.underWayPerRelay - underWay.size)) void this.#send(cell, underWay);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #send(cell: CarriedCell, underWay: Set<string>): Promise<void> {
    const { streams } = this.#o;
    underWay.add(cellKey(cell));
    const taken = await streams.send(cell.relay, () => this.#leave(cell));
    underWay.delete(cellKey(cell));
    // What had left when everything ends here is found as leaving at the next start.
    if (this.#closed) return;
    this.#o.attempt(() => {
      // What did not leave waits for the next look, or a stream that is full would be asked without end.
      if (this.#settle(cell, taken)) this.fill(cell.relay);
    });
  }

  /** Throws if it is not to leave now; a dummy leaves in its place. */
  #leave(cell: CarriedCell): VerifiedEvent {
    const { vault, book, clock } = this.#o;
    const current = this.#closed ? null : book.get(cell);
    if (current?.state !== "queued" || !this.#isReachable(cell.relay)) throw notNow();
    vault.transaction(() => book.put({ ...current, state: "leaving" }));
    return handedEvent(fromBase64Url(cell.cell), clock.nowMs());
  }

  /** False if it has not left. */
  #settle(cell: CarriedCell, taken: boolean): boolean {
    const { vault, book, settled } = this.#o;
    const current = book.get(cell);
    if (current?.state !== "leaving") return false;
    vault.transaction(() => book.put({ ...current, cell: "", state: taken ? "taken" : "lost" }));
    settled();
    return true;
  }

  /** A pool that is full or closing reaches nobody. */
  #isReachable(relay: string): boolean {
    try {
      return this.#o.pool.reach(relay);
    } catch {
      return false;
    }
  }
}

function notNow(): NetworkError {
  return new NetworkError("relay_unreachable", "This cell does not leave now.");
}
