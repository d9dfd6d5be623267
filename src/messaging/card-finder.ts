/**
 * Finds the cards of people of whom only the key is known: of contacts by npub, and of admins whose group's link we hold.
 * Nothing can be sent to them before. Also looks again for those of people who have not answered: who demands more work of
 * strangers by now drops our hello and tells nobody (NEP-17).
 *
 *   key -> our relays, and those that came with the key: kind 14519 by this author -> card -> outbox
 *       -> none, or none that is newer: again and again, at growing intervals
 *
 * The relays learn that somebody at this address looks for this key. Nobody else is ever looked for: members of groups come
 * with a roster, everybody else with his card. Who holds an invite is let in by its proof, and looks once that may be over.
 */

import type { Clock } from "../core/clock.ts";
import { WORK_LIMITS } from "../core/cell-limits.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { KIND } from "../nostr/kinds.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Account } from "../vault/account.ts";
import type { Addresses } from "./addresses.ts";
import { type Card, isOtherCard, parseCard } from "./card.ts";
import type { Rooms } from "./composer.ts";
import type { ContactRow } from "./contact-book.ts";
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

interface Try {
  readonly count: number;
  readonly nextAtMs: number;
}

export class CardFinder {
  readonly #o: CardFinderOptions;
  /** By account: how often it was looked for in vain, and when it is the next time. */
  readonly #tries = new Map<string, Try>();

  constructor(options: CardFinderOptions) {
    this.#o = options;
  }

  /** Looks for everybody whose turn it is; resolves when all were found or not. */
  async look(): Promise<void> {
    const nowMs = this.#o.clock.nowMs();
    const [missing, silent] = [this.#missing(), this.#silent(nowMs)];
    const wanted = new Set([...missing, ...silent]);
    for (const account of this.#tries.keys()) if (!wanted.has(account)) this.#tries.delete(account);
    const isDue = (account: string) => (this.#tries.get(account)?.nextAtMs ?? 0) <= nowMs;
    const { cardRetryMs, cardRetryMaxMs, cardAgainMs, cardAgainMaxMs, cardsAgain } = MESSAGE_LIMITS;
    await Promise.all([
      ...missing.filter(isDue).map((account) => this.#lookFor(account, nowMs, cardRetryMs, cardRetryMaxMs)),
      ...silent
        .filter(isDue)
        .slice(0, cardsAgain)
        .map((account) => this.#lookFor(account, nowMs, cardAgainMs, cardAgainMaxMs)),
    ]);
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

  /** Accounts that were written to, and have not answered for so long that they may not have taken it in. */
  #silent(nowMs: number): string[] {
    const { contacts, devices } = this.#o;
    if (!devices.isMain) return [];
    const rows = contacts.unanswered().filter(({ card }) => card !== null);
    const patienceMs = ({ proof }: ContactRow) => (proof === null ? MESSAGE_LIMITS.cardAgainMs : WORK_LIMITS.freshMs);
    return rows.filter((row) => nowMs >= row.addedAtMs + patienceMs(row)).map(({ publicKey }) => publicKey);
  }

  async #lookFor(account: string, nowMs: number, firstMs: number, longestMs: number): Promise<void> {
    const count = this.#tries.get(account)?.count ?? 0;
    this.#tries.set(account, { count: count + 1, nextAtMs: nowMs + Math.min(firstMs * 2 ** count, longestMs) });
    const card = await this.#fetch(account);
    if (!card) return;
    const contact = this.#o.contacts.get(account);
    if (this.#missing().includes(account)) this.#found(card);
    else if (contact?.state === "pending" && contact.card && isNewer(contact.card, card)) this.#renewed(contact, card);
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

  /** What was sent by the older card may have been dropped unread: all of it goes again, by this one. */
  #renewed(contact: ContactRow, card: Card): void {
    const { vault, contacts, outbox, clock, announce, wake } = this.#o;
    vault.transaction(() => {
      contacts.update(contact, { card, relays: card.relays });
      outbox.hasten(contact.publicKey, true, clock.nowMs());
    });
    announce({ ...noEffects(), contactsChanged: true });
    wake(contact.publicKey);
  }
}

/** The same keys, and said later. Other keys are for the person to decide on, once they come with an answer. */
function isNewer(known: Card, card: Card): boolean {
  return card.createdAt > known.createdAt && !isOtherCard(known, card);
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
