/**
 * Our card where people look for it who know our key alone: at each of our own relays, always the same event until our
 * relays change, or what we demand of strangers. It goes over the connections on which these relays know who we are anyway, never over those of cells.
 */

import type { Clock } from "../core/clock.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Account } from "../vault/account.ts";
import { CARD_VERSION, makeCard } from "./card.ts";
import type { DeviceBook } from "./device/device-book.ts";
import type { MessengerSettings } from "./messenger-options.ts";

export interface PublicCardOptions {
  readonly vault: Account;
  readonly devices: DeviceBook;
  readonly interopPool: RelayPool;
  readonly ownRelays: () => readonly string[];
  readonly settings: () => Pick<MessengerSettings, "strangerWork">;
  readonly clock: Clock;
}

interface Row {
  /** What it says, but for its date. */
  readonly about: string;
  readonly card: VerifiedEvent;
}

const PUBLIC_CARD = "public-card";

export class PublicCard {
  readonly #o: PublicCardOptions;
  /** Ids and relays that have it, or are being told. */
  readonly #told = new Set<string>();
  #row: Row | null = null;

  constructor(options: PublicCardOptions) {
    this.#o = options;
  }

  /** Tells it to our relays that have not taken it since the start. A linked device cannot sign it, and tells nothing. */
  publish(): void {
    const { devices, interopPool, ownRelays } = this.#o;
    if (!devices.isMain) return;
    const card = this.#current();
    for (const url of ownRelays()) {
      const place = `${card.id} ${url}`;
      if (this.#told.has(place)) continue;
      this.#told.add(place);
      interopPool.publish(url, card).catch(() => this.#told.delete(place));
    }
  }

  /** Signed once: a new date at each start would tell when we start. */
  #current(): VerifiedEvent {
    const { vault, ownRelays, settings, clock } = this.#o;
    const identity = vault.identity();
    const { strangerWork } = settings();
    const about = [CARD_VERSION, identity.publicKey, strangerWork, ...ownRelays()].join(" ");
    this.#row ??= vault.readMeta<Row>(PUBLIC_CARD);
    if (this.#row?.about !== about) {
      // Of two cards the later one counts, whatever the clock says.
      const afterMs = this.#row ? (this.#row.card.created_at + 1) * 1_000 : 0;
      const nowMs = Math.max(clock.nowMs(), afterMs);
      this.#row = { about, card: makeCard(identity, ownRelays(), nowMs, strangerWork) };
      vault.writeMeta(PUBLIC_CARD, this.#row);
    }
    return this.#row.card;
  }
}
