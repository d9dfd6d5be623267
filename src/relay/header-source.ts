/**
 * Headers for all connections: pages from the store, and the beat at which new ones are told.
 *
 *   cell stored -> next whole multiple of headerBatchMs -> everybody who follows asks for what is behind his cursor
 *
 * New headers are read from the store like old ones, so that nothing is told twice or left out, and a slow reader
 * costs no memory. Those who stand at the same place share one answer.
 */

import type { Clock } from "../core/clock.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { KIND } from "../nostr/kinds.ts";
import type { HeaderRequest } from "../nostr/header-stream.ts";
import type { HeaderPage } from "./cell-headers.ts";
import type { RelayLimits } from "./relay-info.ts";
import type { StoreClient } from "./store-client.ts";

export interface HeaderSourceOptions {
  readonly store: StoreClient;
  readonly limits: RelayLimits;
  readonly clock: Clock;
}

export class HeaderSource {
  readonly #options: HeaderSourceOptions;
  readonly #followers: Set<() => void> = new Set();
  readonly #asked: Map<string, Promise<HeaderPage | null>> = new Map();
  #beat: NodeJS.Timeout | null = null;

  constructor(options: HeaderSourceOptions) {
    this.#options = options;
  }

  /** Calls back some time after cells were stored. Returns how to stop it. */
  follow(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** An event is on disk. */
  stored({ kind }: NostrEvent): void {
    if (kind !== KIND.cell || this.#followers.size === 0) return;
    const { clock, limits } = this.#options;
    // On a grid of time: counted from the first cell, the wait would tell when exactly that one came.
    this.#beat ??= setTimeout(() => this.#tell(), limits.headerBatchMs - (clock.nowMs() % limits.headerBatchMs));
    this.#beat.unref();
  }

  /** The next page, or null when the store failed. */
  page({ after, since }: HeaderRequest): Promise<HeaderPage | null> {
    const { store, limits } = this.#options;
    const name = `${after} ${since}`;
    const asked = this.#asked.get(name);
    // Still waiting, it will see all that was stored by now: the thread has settled every batch that stored it.
    if (asked) return asked;
    const page = store.headers({ after, since, count: limits.headersPerFrame });
    this.#asked.set(name, page);
    return page.finally(() => this.#asked.delete(name));
  }

  #tell(): void {
    this.#beat = null;
    for (const follower of this.#followers) follower();
  }
}
