/**
 * Finds the cards of people of whom only the key is known: of contacts by npub, and of admins whose group's link we hold.
 * Nothing can be sent to them before.
 *
 *   key -> our relays, and those that came with the key: kind 14519 by this author -> card -> outbox
 *       -> none: again and again, at growing intervals
 *
 * The relays learn that somebody at this address looks for this key. Nobody else is ever looked for: members of groups come
 * with a roster, everybody else with his card.
 */

import type { Clock } from "../core/clock.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { KIND } from "../nostr/kinds.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Account } from "../vault/account.ts";
import type { Addresses } from "./addresses.ts";
import { type Card, parseCard } from "./card.ts";
import type { Rooms } from "./composer.ts";
import { type Effects, noEffects } from "./effects.ts";

export interface CardFinderOptions extends Rooms {
  readonly vault: Account;
  /** Connections on which nobody is known. */
  readonly pool: RelayPool;
  readonly addresses: Addresses;
  readonly ownRelays: () => readonly string[];
  readonly announce: (effects: Effects) => void;
  readonly wake: (device: string) => void;
  readonly clock: Clock;
}

export class CardFinder {
  readonly #o: CardFinderOptions;
  /** By account: how often it was looked for in vain, and when it is the next time. */
  readonly #tries = new Map<string, { readonly count: number; readonly nextAtMs: number }>();

  constructor(options: CardFinderOptions) {
    this.#o = options;
  }

  /** Looks for everybody whose turn it is; resolves when all were found or not. */
  async look(): Promise<void> {
    const missing = this.#missing();
    for (const account of this.#tries.keys()) if (!missing.includes(account)) this.#tries.delete(account);
    const nowMs = this.#o.clock.nowMs();
    const due = missing.filter((account) => (this.#tries.get(account)?.nextAtMs ?? 0) <= nowMs);
    await Promise.all(due.map((account) => this.#lookFor(account, nowMs)));
  }

  /** Accounts that cannot be written to. People are met by the main device. */
  #missing(): string[] {
    const { contacts, groups, devices, addresses } = this.#o;
    if (!devices.isMain) return [];
    const admins = groups.openApplications().map(({ to }) => to);
    const named = [...contacts.withoutCard().map(({ publicKey }) => publicKey), ...admins];
    return [...new Set(named)].filter((account) => {
      const address = addresses.of(account);
      return address?.account === account && address.hybridPublicKey === null;
    });
  }

  async #lookFor(account: string, nowMs: number): Promise<void> {
    const count = this.#tries.get(account)?.count ?? 0;
    const waitMs = Math.min(MESSAGE_LIMITS.cardRetryMs * 2 ** count, MESSAGE_LIMITS.cardRetryMaxMs);
    this.#tries.set(account, { count: count + 1, nextAtMs: nowMs + waitMs });
    const card = await this.#fetch(account);
    if (card && this.#missing().includes(account)) this.#found(card);
  }

  /** The newest that a relay has; null if none has one. */
  async #fetch(account: string): Promise<Card | null> {
    const { pool, addresses, ownRelays } = this.#o;
    const relays = new Set([...(addresses.of(account)?.relays ?? []), ...ownRelays()]);
    const filters = [{ kinds: [KIND.card], authors: [account], limit: 1 }];
    const answers = await Promise.allSettled(
      [...relays].map((url) => pool.fetch(url, filters, MESSAGE_LIMITS.cardLookupMs)),
    );
    const events = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    const cards = events.flatMap((event) => cardOf(account, event) ?? []);
    return cards.sort((a, b) => b.createdAt - a.createdAt)[0] ?? null;
  }

  #found(card: Card): void {
    const { vault, contacts, groups, announce, wake } = this.#o;
    const { publicKey, relays, hybridPublicKey } = card;
    vault.transaction(() => {
      const contact = contacts.get(publicKey);
      if (contact) contacts.update(contact, { card, relays });
      for (const { group, to } of groups.openApplications()) {
        if (to === publicKey) groups.updatePerson(group, to, { hybridPublicKey });
      }
    });
    announce({ ...noEffects(), contactsChanged: true });
    wake(publicKey);
  }
}

/** Whatever a relay tells: only a card that this account signed is one. */
function cardOf(account: string, event: unknown): Card | null {
  try {
    const card = parseCard(event);
    return card.publicKey === account ? card : null;
  } catch {
    return null;
  }
}
