/** Reading: contacts, conversations and messages as the faces see them. Nothing here changes anything. */

import { UsageError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { encodeNpub } from "../nostr/keys.ts";
import type { Rooms } from "./composer.ts";
import type { ContactRow } from "./contact-book.ts";
import { type ConversationRow, isMuted } from "./conversation-book.ts";
import type { Sending } from "./courier/sending.ts";
import type { GroupRow } from "./group-book.ts";
import { ambiguousGroup, ambiguousMember, notMember, unknownGroup } from "./group-errors.ts";
import { accountsOf } from "./groups.ts";
import { isoTime, MessageView } from "./message-view.ts";
import type { StoredMessage } from "./message-store.ts";
import { excerptAround, type SearchIndex } from "./search-index.ts";
import type { TypingBoard } from "./typing.ts";
import type { Contact, Conversation, Group, GroupMember, Message, MessagePage, SearchHit } from "./views.ts";

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

/** Which part of a conversation: one position at most; without one the newest messages. */
export interface PageQuery {
  readonly before?: number;
  readonly after?: number;
  readonly around?: number;
  readonly limit?: number;
}

export interface SearchQuery {
  readonly q: string;
  readonly in?: string;
  readonly limit?: number;
}

export interface ReaderOptions extends Rooms {
  readonly search: SearchIndex;
  readonly courier: Pick<Sending, "why">;
  readonly typing: TypingBoard;
  readonly publicKey: string;
  readonly linkOf: (group: GroupRow) => string | null;
  readonly ownName: () => string;
  readonly nowMs: () => number;
}

export class Reader {
  readonly #o: ReaderOptions;
  readonly #messages: MessageView;

  constructor(options: ReaderOptions) {
    this.#o = options;
    this.#messages = new MessageView(options, options.publicKey, options.ownName, options.courier);
  }

  contacts(): Contact[] {
    const { contacts } = this.#o;
    return contacts.list().map((row) => contacts.view(row));
  }

  /** Throws ValidationError `unknown_contact`. */
  contact(who: string): Contact {
    const { contacts } = this.#o;
    return contacts.view(contacts.find(who));
  }

  /** Pinned ones first, then newest first; people without a message by the time they were added. */
  conversations(): Conversation[] {
    const direct = this.#o.contacts
      .list()
      .map((row) => ({ view: this.#conversationWith(row), sinceMs: row.addedAtMs }));
    const groups = this.#o.groups.list().map((row) => ({ view: this.#conversationOf(row), sinceMs: row.sinceMs }));
    const timeMs = ({ view, sinceMs }: (typeof direct)[number]) => (view.last ? Date.parse(view.last.at) : sinceMs);
    return [...direct, ...groups]
      .sort((a, b) => Number(b.view.pinned) - Number(a.view.pinned) || timeMs(b) - timeMs(a))
      .map(({ view }) => view);
  }

  /** One conversation by its id in the vault. Throws ValidationError `unknown_contact`. */
  conversation(id: string): Conversation {
    const group = this.#o.groups.get(id);
    return group ? this.#conversationOf(group) : this.#conversationWith(this.#o.contacts.find(id));
  }

  /** A group by id or name, unless a contact has that name; null if there is none. Throws ValidationError `ambiguous_group`. */
  findGroup(who: string): GroupRow | null {
    const { groups, conversations } = this.#o;
    const byId = groups.list().find((row) => conversations.publicIdOf(row.id) === who);
    if (byId) return byId;
    const name = who.trim().toLowerCase();
    const isContact = this.#o.contacts.list().some((row) => row.name.toLowerCase() === name);
    const [found, ...others] = isContact ? [] : groups.list().filter((row) => row.name.toLowerCase() === name);
    if (others.length > 0) throw ambiguousGroup();
    return found ?? null;
  }

  /** Throws ValidationError `unknown_group`. */
  groupRow(who: string): GroupRow {
    const row = this.findGroup(who);
    if (!row) throw unknownGroup();
    return row;
  }

  /** Throws ValidationError `unknown_group`. */
  group(who: string): Group {
    const { groups, conversations, publicKey, linkOf } = this.#o;
    const row = this.groupRow(who);
    const isAdmin = groups.isAdmin(row);
    const accounts = accountsOf(row);
    const view = (account: string, state: GroupMember["state"]): GroupMember => ({
      npub: encodeNpub(account),
      name: this.nameOf(account),
      admin: row.admins.includes(account),
      me: account === publicKey,
      state,
    });
    const others = groups.people(row.id).filter(({ account }) => !accounts.includes(account));
    return {
      id: conversations.publicIdOf(row.id),
      name: row.name,
      members: [
        ...accounts.map((account) => view(account, "member")),
        ...others.flatMap(({ account, invited }) => (isAdmin && invited ? [view(account, "invited")] : [])),
        ...others.flatMap(({ account, invited, application }) =>
          isAdmin && application && !invited ? [view(account, "applied")] : [],
        ),
      ],
      admin: isAdmin,
      joined: row.joined,
      link: isAdmin ? linkOf(row) : null,
    };
  }

  /** Hex key of somebody in a group, by name, npub or key. Throws ValidationError `not_a_member`, `ambiguous_member`. */
  personIn(group: string, who: string): string {
    const { groups, publicKey } = this.#o;
    const row = groups.get(group);
    const accounts = [
      ...(row ? accountsOf(row) : []),
      ...groups.people(group).map(({ account }) => account),
      publicKey,
    ];
    const name = who.trim().toLowerCase();
    const isCalled = (account: string) => {
      const own = this.nameOf(account).toLowerCase();
      return account === name || encodeNpub(account) === name || own === name || own === `~${name}`;
    };
    const [found, ...others] = [...new Set(accounts.filter(isCalled))];
    if (found === undefined) throw notMember();
    if (others.length > 0) throw ambiguousMember();
    return found;
  }

  messages(who: string, query: PageQuery = {}): MessagePage {
    const limit = Math.max(1, Math.min(query.limit ?? DEFAULT_PAGE, MESSAGE_LIMITS.messagesPerPage));
    const { id } = this.#o.conversations.find(who);
    const rows = this.#pageOf(id, limit, query);
    // Of an empty page the asked position tells on which side there is something.
    const first = rows[0]?.seq ?? (query.after ?? 0) + 1;
    const last = rows.at(-1)?.seq ?? (query.before ?? Number.MAX_SAFE_INTEGER) - 1;
    return {
      messages: rows.map((row) => this.view(row)),
      more: this.#o.messages.page(id, 1, first).length > 0,
      newer: this.#o.messages.pageAfter(id, 1, last).length > 0,
    };
  }

  /** What accepted people wrote, oldest first; with `limit` the newest so many. */
  inbox(query: InboxQuery = {}): Message[] {
    const { contacts, conversations, messages } = this.#o;
    const sinceMs = query.since === undefined ? 0 : parseTime(query.since);
    const only = query.with === undefined ? null : conversations.find(query.with).id;
    const accepted = new Set([
      ...contacts.list().flatMap((row) => (row.state === "accepted" ? [row.publicKey] : [])),
      ...this.#o.groups.list().map(({ id }) => id),
    ]);
    const limit = query.limit ?? Number.MAX_SAFE_INTEGER;
    const after = query.after ?? 0;
    const found: StoredMessage[] = [];
    for (let before: number | undefined; found.length < limit; ) {
      const page = messages.received(INBOX_STEP, before).reverse();
      const isWanted = ({ conversation, seq }: StoredMessage) =>
        seq > after && accepted.has(conversation) && (only ?? conversation) === conversation;
      found.push(...page.filter(isWanted));
      before = page.at(-1)?.seq ?? 0;
      if (page.length < INBOX_STEP || before <= after) break;
    }
    const wanted = found.slice(0, limit).filter((row) => row.atMs >= sinceMs);
    return wanted.reverse().map((row) => this.view(row));
  }

  /** Messages in which each word of the query begins a word, newest first. */
  async search(query: SearchQuery): Promise<SearchHit[]> {
    const conversation = query.in === undefined ? null : this.#o.conversations.find(query.in).id;
    const limit = Math.min(query.limit ?? DEFAULT_PAGE, MESSAGE_LIMITS.searchHits);
    const ids = await this.#o.search.find(query.q, conversation, limit);
    return ids.flatMap((id) => {
      const row = this.#o.messages.get(id);
      return row ? [{ message: this.view(row), excerpt: excerptOf(row, query.q) }] : [];
    });
  }

  counts(): { outbox: number; requests: number; unread: number } {
    const { contacts, messages, outbox } = this.#o;
    const accepted = contacts.list().filter((row) => row.state === "accepted");
    return {
      outbox: outbox.countQueued(),
      requests: contacts.count("request"),
      unread: [...accepted.map((row) => row.publicKey), ...this.#o.groups.list().map(({ id }) => id)].reduce(
        (sum, id) => sum + messages.countUnread(id),
        0,
      ),
    };
  }

  view(row: StoredMessage): Message {
    return this.#messages.view(row);
  }

  nameOf(author: string): string {
    return this.#messages.nameOf(author);
  }

  #conversationWith(contact: ContactRow): Conversation {
    const { contacts, conversations, messages } = this.#o;
    const row = conversations.get(contact.publicKey);
    const unread = contact.state === "accepted" ? messages.countUnread(row.id) : 0;
    return { ...this.#conversationRow(row), name: contact.name, contact: contacts.view(contact), unread };
  }

  #conversationOf({ id, name }: GroupRow): Conversation {
    const { conversations, messages } = this.#o;
    return { ...this.#conversationRow(conversations.get(id)), name, contact: null, unread: messages.countUnread(id) };
  }

  #conversationRow(row: ConversationRow): Omit<Conversation, "name" | "contact" | "unread"> {
    const { conversations, messages, typing, nowMs } = this.#o;
    const last = messages.last(row.id);
    return {
      id: conversations.publicId(row),
      kind: row.kind,
      last: last && this.view(last),
      mutedUntil: isMuted(row, nowMs()) && row.mutedUntilMs !== null ? isoTime(row.mutedUntilMs) : null,
      route: row.route ?? null,
      pinned: row.pinned,
      archived: row.archived,
      draft: row.draft,
      timerSeconds: row.timerSeconds,
      typing: typing.authors(row.id).map((author) => this.nameOf(author)),
    };
  }

  #pageOf(id: string, limit: number, { before, after, around }: PageQuery): StoredMessage[] {
    const { messages } = this.#o;
    if ([before, after, around].filter((position) => position !== undefined).length > 1) {
      throw new UsageError("bad_page", "Ask for messages before, after or around a position, not for two of these.");
    }
    if (after !== undefined) return messages.pageAfter(id, limit, after);
    if (around === undefined) return messages.page(id, limit, before);
    const half = Math.floor(limit / 2);
    return [...messages.page(id, half, around), ...messages.pageAfter(id, limit - half, around - 1)];
  }
}

function excerptOf(row: StoredMessage, query: string): string {
  const names = row.files.map((file) => file.name);
  return excerptAround([...(row.text === "" ? [] : [row.text]), ...names].join("\n"), query);
}

/** Throws UsageError `bad_time`. */
export function parseTime(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new UsageError("bad_time", "This is not a time.", { hint: "Write it like 2026-01-31T18:00:00Z." });
  }
  return ms;
}
