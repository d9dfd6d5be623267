/** Reading: contacts and messages as the faces see them. Nothing here changes anything. */

import { UsageError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { encodeNpub } from "../nostr/keys.ts";
import type { Identity } from "../vault/identity.ts";
import type { Rooms } from "./composer.ts";
import type { StoredMessage } from "./message-store.ts";
import type { Contact, Conversation, Message, MessagePage } from "./views.ts";

const DEFAULT_PAGE = 50;
const INBOX_STEP = 500;

export interface InboxQuery {
  readonly with?: string;
  /** ISO 8601. */
  readonly since?: string;
  /** Only what was shown after this position. */
  readonly after?: number;
  readonly limit?: number;
}

export class Reader {
  readonly #rooms: Rooms;
  readonly #identity: Identity;
  readonly #ownName: () => string;

  constructor(rooms: Rooms, identity: Identity, ownName: () => string) {
    this.#rooms = rooms;
    this.#identity = identity;
    this.#ownName = ownName;
  }

  contacts(): Contact[] {
    const { contacts } = this.#rooms;
    return contacts.list().map((row) => contacts.view(row));
  }

  /** Throws ValidationError `unknown_contact`. */
  contact(who: string): Contact {
    const { contacts } = this.#rooms;
    return contacts.view(contacts.find(who));
  }

  /** Newest first; people without a message by the time they were added. */
  conversations(): Conversation[] {
    const { contacts, messages } = this.#rooms;
    const all = contacts.list().map((row) => ({ row, last: messages.last(row.publicKey) }));
    const time = (item: (typeof all)[number]) => item.last?.atMs ?? item.row.addedAtMs;
    return all
      .sort((a, b) => time(b) - time(a))
      .map(({ row, last }) => ({
        id: encodeNpub(row.publicKey),
        contact: contacts.view(row),
        last: last && this.view(last),
        unread: row.state === "accepted" ? messages.countUnread(row.publicKey) : 0,
      }));
  }

  messages(who: string, page: { before?: number; limit?: number } = {}): MessagePage {
    const { contacts, messages } = this.#rooms;
    const limit = Math.min(page.limit ?? DEFAULT_PAGE, MESSAGE_LIMITS.messagesPerPage);
    const rows = messages.page(contacts.find(who).publicKey, limit + 1, page.before);
    const more = rows.length > limit;
    return { messages: (more ? rows.slice(1) : rows).map((row) => this.view(row)), more };
  }

  /** What accepted people wrote, oldest first; with `limit` the newest so many. */
  inbox(query: InboxQuery = {}): Message[] {
    const { contacts, messages } = this.#rooms;
    const sinceMs = query.since === undefined ? 0 : parseTime(query.since);
    const only = query.with === undefined ? null : contacts.find(query.with).publicKey;
    const accepted = new Set(contacts.list().flatMap((row) => (row.state === "accepted" ? [row.publicKey] : [])));
    const limit = query.limit ?? Number.MAX_SAFE_INTEGER;
    const after = query.after ?? 0;
    const found: StoredMessage[] = [];
    for (let before: number | undefined; found.length < limit; ) {
      const page = messages.received(INBOX_STEP, before).reverse();
      const isWanted = ({ contact, seq }: StoredMessage) =>
        seq > after && accepted.has(contact) && (only ?? contact) === contact;
      found.push(...page.filter(isWanted));
      before = page.at(-1)?.seq ?? 0;
      if (page.length < INBOX_STEP || before <= after) break;
    }
    const wanted = found.slice(0, limit).filter((row) => row.atMs >= sinceMs);
    return wanted.reverse().map((row) => this.view(row));
  }

  counts(): { outbox: number; requests: number; unread: number } {
    const { contacts, messages, outbox } = this.#rooms;
    const accepted = contacts.list().filter((row) => row.state === "accepted");
    return {
      outbox: outbox.countQueued(),
      requests: contacts.count("request"),
      unread: accepted.reduce((sum, row) => sum + messages.countUnread(row.publicKey), 0),
    };
  }

  /** A message as faces see it. */
  view(row: StoredMessage): Message {
    const { contacts, outbox } = this.#rooms;
    const author = row.mine ? this.#identity.publicKey : row.contact;
    const name = row.mine ? this.#ownName() : (contacts.get(row.contact)?.name ?? "");
    const waits = row.mine && row.state === "queued" && (outbox.get(row.id)?.attempts ?? 0) > 0;
    return {
      id: row.id,
      conversation: encodeNpub(row.contact),
      from: { npub: encodeNpub(author), name },
      mine: row.mine,
      at: new Date(row.atMs).toISOString(),
      text: row.text,
      files: row.files,
      state: row.state,
      profile: row.profile,
      ...(waits ? { waiting: "No relay of this contact can be reached; it is tried again by itself." } : {}),
      position: row.seq,
    };
  }
}

function parseTime(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new UsageError("bad_time", "This is not a time.", { hint: "Write it like 2026-01-31T18:00:00Z." });
  }
  return ms;
}
