/**
 * The messages of all conversations, the letters that wait for an earlier one, and the ids of what is gone.
 *
 *   messages  shown, in display order: the row's `seq` is its position
 *   held      arrived ahead of a missing number; acknowledged, but not yet shown
 *   gone      ids only: disappeared, removed, or taken back before it arrived
 *
 * An id is stored once in one of the tables, which is what makes a repeated letter harmless.
 * Messages that disappear, shown or held, stay out of backups.
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { TextLetter } from "./letter.ts";
import type { MarkOrigin, ReactionMark } from "./marks.ts";
import type { DeliveryState, MessageFile, Profile } from "./views.ts";

/** What a line in the middle of a conversation says; its author did it. */
export type Notice =
  | { readonly what: "timer"; readonly seconds: number | null }
  /** Accounts are hex keys. */
  | { readonly what: "joined"; readonly account: string }
  /** `self`: by himself; else the author removed him. */
  | { readonly what: "left"; readonly account: string; readonly self: boolean }
  | { readonly what: "named"; readonly name: string }
  | { readonly what: "admin"; readonly account: string; readonly on: boolean };

export interface MessageRow {
  readonly id: string;
  /** Hex key of the contact (64 characters), or id of the group or channel (32). */
  readonly conversation: string;
  /** Hex key of who wrote it. */
  readonly author: string;
  readonly mine: boolean;
  readonly atMs: number;
  readonly text: string;
  readonly files: readonly MessageFile[];
  readonly state: DeliveryState;
  readonly profile: Profile;
  readonly notice: Notice | null;
  readonly replyTo: string | null;
  readonly edited: MarkOrigin | null;
  readonly deleted: boolean;
  readonly reactions: readonly ReactionMark[];
  /** It disappears so long after its clock started. */
  readonly timerSeconds: number | null;
  /** null: it does not disappear, or its clock has not started. */
  readonly expiresAtMs: number | null;
}

export type StoredMessage = MessageRow & { readonly seq: number };
/** What needs to be said of a plain message only. */
export type NewMessage = Omit<MessageRow, keyof typeof PLAIN> & Partial<MessageRow>;

export interface HeldRow {
  readonly id: string;
  /** Hex key of who wrote it. */
  readonly contact: string;
  readonly arrivedAtMs: number;
  readonly letter: TextLetter;
}

interface GoneRow {
  readonly id: string;
}

/** Hears of each change of a message: it came (`before` is null), changed, or went (`after` is null). */
export type MessageWatcher = (before: StoredMessage | null, after: StoredMessage | null) => void;

const YES = "yes";
/** What a row of a message without anything special says. */
const PLAIN = {
  notice: null,
  replyTo: null,
  edited: null,
  deleted: false,
  reactions: [],
  timerSeconds: null,
  expiresAtMs: null,
} as const;

export class MessageStore {
  readonly #messages: SealedTable<MessageRow>;
  readonly #held: SealedTable<HeldRow>;
  readonly #gone: SealedTable<GoneRow>;
  readonly #watchers: MessageWatcher[] = [];

  /** The vault must be open. */
  constructor(vault: Account) {
    const own = vault.identity().publicKey;
    [this.#messages, this.#held] = vault.transaction(() => [openMessages(vault, own), openHeld(vault)]);
    this.#gone = vault.table<GoneRow>({ name: "gone_messages", key: (row) => row.id });
  }

  watch(watcher: MessageWatcher): void {
    this.#watchers.push(watcher);
  }

  get(id: string): StoredMessage | null {
    return this.#messages.get(id);
  }

  /** It is or was here, so that a letter with this id is a repeated one. */
  has(id: string): boolean {
    return this.#messages.has(id) || this.#held.has(id) || this.#gone.has(id);
  }

  isGone(id: string): boolean {
    return this.#gone.has(id);
  }

  add(row: NewMessage): StoredMessage {
    const whole: MessageRow = { ...PLAIN, ...row };
    const stored = { ...whole, seq: this.#messages.put(whole) };
    this.#tell(null, stored);
    return stored;
  }

  update(message: StoredMessage, change: Partial<MessageRow>): StoredMessage {
    const changed = { ...message, ...change };
    this.#messages.put(changed);
    this.#tell(message, changed);
    return changed;
  }

  setState(message: StoredMessage, state: DeliveryState): StoredMessage {
    return this.update(message, { state });
  }

  /** Removes the message for good: a repeated letter does not bring it back. */
  bury(message: StoredMessage): void {
    this.#messages.delete(message.id);
    this.noteGone(message.id);
    this.#tell(message, null);
  }

  /** There was, or would have been, a message with this id, and nothing of it is to be shown. */
  noteGone(id: string): void {
    this.#gone.put({ id });
    const excess = this.#gone.count() - MESSAGE_LIMITS.goneIds;
    if (excess > 0) for (const row of this.#gone.list({ limit: excess })) this.#gone.delete(row.id);
  }

  /** Gives all messages of a conversation new positions, in the same order: for who reads by position they come now. */
  renew(conversation: string): StoredMessage[] {
    return this.#messages.find("conversation", conversation).map((old) => this.moveToEnd(old));
  }

  /** Gives a message a new position, after all others. */
  moveToEnd(old: StoredMessage): StoredMessage {
    this.#messages.delete(old.id);
    this.#tell(old, null);
    const { seq: _, ...row } = old;
    return this.add(row);
  }

  /** At most `limit` messages of one conversation before a position, oldest first. */
  page(conversation: string, limit: number, before?: number): StoredMessage[] {
    const newest = this.#messages.find("conversation", conversation, {
      limit,
      newestFirst: true,
      ...(before === undefined ? {} : { before }),
    });
    return newest.reverse();
  }

  /** At most `limit` messages of one conversation after a position, oldest first. */
  pageAfter(conversation: string, limit: number, after: number): StoredMessage[] {
    return this.#messages.find("conversation", conversation, { limit, after });
  }

  last(conversation: string): StoredMessage | null {
    return this.page(conversation, 1)[0] ?? null;
  }

  /** The last `limit` messages of all conversations, newest first. */
  newest(limit: number, before?: number): StoredMessage[] {
    return this.#messages.list({ limit, newestFirst: true, ...(before === undefined ? {} : { before }) });
  }

  /** The last `limit` messages of other people, oldest first. */
  received(limit: number, before?: number): StoredMessage[] {
    const newest = this.#messages.find("received", YES, {
      limit,
      newestFirst: true,
      ...(before === undefined ? {} : { before }),
    });
    return newest.reverse();
  }

  /** All that will disappear. */
  disappearing(): StoredMessage[] {
    return this.#messages.find("unsaved", YES);
  }

  countIn(conversation: string): number {
    return this.#messages.count("conversation", conversation);
  }

  countUnread(conversation: string): number {
    return this.#messages.count("unread", conversation);
  }

  unread(conversation: string, upTo: number): StoredMessage[] {
    return this.#messages.find("unread", conversation, { before: upTo + 1 });
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

  /** Forgets a direct conversation as a whole. */
  removeAll(contact: string): void {
    for (const row of this.#messages.find("conversation", contact, {})) {
      this.#messages.delete(row.id);
      this.#tell(row, null);
    }
    for (const row of this.#held.find("contact", contact, {})) this.#held.delete(row.id);
  }

  #tell(before: StoredMessage | null, after: StoredMessage | null): void {
    for (const watcher of this.#watchers) watcher(before, after);
  }
}

function openMessages(vault: Account, own: string): SealedTable<MessageRow> {
  const isReceived = (row: MessageRow) => !row.mine && !row.notice && !row.deleted;
  const table = vault.table<MessageRow>({
    name: "messages",
    key: (row) => row.id,
    indexes: {
      conversation: (row) => row.conversation,
      received: (row) => (isReceived(row) ? YES : null),
      unread: (row) => (isReceived(row) && row.state !== "read" ? row.conversation : null),
      unsaved: (row) => (row.timerSeconds === null ? null : YES),
    },
  });
  if (table.outdated) for (const row of table.list()) table.put(modernize(row, own));
  return table;
}

/** A row of the version before there were groups named its contact only. */
function modernize(row: MessageRow & { contact?: string }, own: string): MessageRow {
  const { contact, ...rest } = row;
  if (contact === undefined) return row;
  return { ...PLAIN, ...rest, conversation: contact, author: row.mine ? own : contact };
}

function openHeld(vault: Account): SealedTable<HeldRow> {
  const table = vault.table<HeldRow>({
    name: "held_letters",
    key: (row) => row.id,
    indexes: {
      contact: (row) => row.contact,
      unsaved: (row) => (row.letter.expires === undefined ? null : YES),
    },
  });
  if (table.outdated) for (const row of table.list()) table.put(row);
  return table;
}
