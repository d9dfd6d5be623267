/**
 * The messages of all conversations, and the letters that wait for an earlier one.
 *
 *   messages  shown, in display order: the row's `seq` is its position
 *   held      arrived ahead of a missing number; acknowledged, but not yet shown
 *
 * An id is stored once in either table, which is what makes a repeated letter harmless.
 */

import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import type { TextLetter } from "./letter.ts";
import type { DeliveryState, MessageFile, Profile } from "./views.ts";

export interface MessageRow {
  readonly id: string;
  /** Hex key of the contact. */
  readonly contact: string;
  readonly mine: boolean;
  readonly atMs: number;
  readonly text: string;
  readonly files: readonly MessageFile[];
  readonly state: DeliveryState;
  readonly profile: Profile;
}

export type StoredMessage = MessageRow & { readonly seq: number };

interface HeldRow {
  readonly id: string;
  readonly contact: string;
  readonly arrivedAtMs: number;
  readonly letter: TextLetter;
}

const RECEIVED = "yes";

export class MessageStore {
  readonly #messages: SealedTable<MessageRow>;
  readonly #held: SealedTable<HeldRow>;

  constructor(vault: Vault) {
    this.#messages = vault.table<MessageRow>({
      name: "messages",
      key: (row) => row.id,
      indexes: {
        contact: (row) => row.contact,
        received: (row) => (row.mine ? null : RECEIVED),
        unread: (row) => (row.mine || row.state === "read" ? null : row.contact),
      },
    });
    this.#held = vault.table<HeldRow>({
      name: "held_letters",
      key: (row) => row.id,
      indexes: { contact: (row) => row.contact },
    });
  }

  get(id: string): StoredMessage | null {
    return this.#messages.get(id);
  }

  has(id: string): boolean {
    return this.#messages.has(id) || this.#held.has(id);
  }

  add(row: MessageRow): StoredMessage {
    return { ...row, seq: this.#messages.put(row) };
  }

  setState(message: MessageRow, state: DeliveryState): void {
    this.#messages.put({ ...message, state });
  }

  /** At most `limit` messages with one contact before a position, oldest first. */
  page(contact: string, limit: number, before?: number): StoredMessage[] {
    const newest = this.#messages.find("contact", contact, {
      limit,
      newestFirst: true,
      ...(before === undefined ? {} : { before }),
    });
    return newest.reverse();
  }

  last(contact: string): StoredMessage | null {
    return this.page(contact, 1)[0] ?? null;
  }

  /** The last `limit` messages of other people, oldest first. */
  received(limit: number, before?: number): StoredMessage[] {
    const newest = this.#messages.find("received", RECEIVED, {
      limit,
      newestFirst: true,
      ...(before === undefined ? {} : { before }),
    });
    return newest.reverse();
  }

  countWith(contact: string): number {
    return this.#messages.count("contact", contact);
  }

  countUnread(contact: string): number {
    return this.#messages.count("unread", contact);
  }

  unread(contact: string, upTo: number): StoredMessage[] {
    return this.#messages.find("unread", contact, { before: upTo + 1 });
  }

  hold(contact: string, letter: TextLetter, nowMs: number): void {
    this.#held.put({ id: letter.id, contact, arrivedAtMs: nowMs, letter });
  }

  countHeld(contact: string): number {
    return this.#held.count("contact", contact);
  }

  /** Letters held for a contact, by their number. */
  held(contact: string): HeldRow[] {
    return this.#held.find("contact", contact, {}).sort((a, b) => a.letter.n - b.letter.n);
  }

  /** Contacts for whom a letter has waited since before `sinceMs`. */
  contactsHeldSince(sinceMs: number): string[] {
    const rows = this.#held.list({}).filter((row) => row.arrivedAtMs <= sinceMs);
    return [...new Set(rows.map((row) => row.contact))];
  }

  release(id: string): void {
    this.#held.delete(id);
  }

  removeAll(contact: string): void {
    for (const row of this.#messages.find("contact", contact, {})) this.#messages.delete(row.id);
    for (const row of this.#held.find("contact", contact, {})) this.#held.delete(row.id);
  }
}
