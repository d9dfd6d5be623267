/** Messages and quotes as the faces see them: names instead of keys, words instead of what was done. */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import { encodeNpub } from "../nostr/keys.ts";
import type { Rooms } from "./composer.ts";
import type { Sending } from "./courier/sending.ts";
import type { Notice, StoredMessage } from "./message-store.ts";
import type { Message, Quote, Reaction } from "./views.ts";

interface Person {
  readonly npub: string;
  readonly name: string;
}

const UNNAMED_CHARACTERS = 12;
const NO_RELAY = "No relay of this contact can be reached; it is tried again by itself.";
const NO_CARD =
  "This person's card was not found yet, and without it nothing can be sealed for him. It is looked for again by itself; an invite link brings it along.";

export class MessageView {
  readonly #rooms: Rooms;
  readonly #own: string;
  readonly #ownName: () => string;
  readonly #courier: Pick<Sending, "why">;

  constructor(rooms: Rooms, own: string, ownName: () => string, courier: Pick<Sending, "why">) {
    this.#rooms = rooms;
    this.#own = own;
    this.#ownName = ownName;
    this.#courier = courier;
  }

  view(row: StoredMessage): Message {
    const { conversations } = this.#rooms;
    const from = this.#person(row.author);
    const waiting = row.mine && row.state === "queued" ? this.#waiting(row) : null;
    return {
      id: row.id,
      conversation: conversations.publicIdOf(row.conversation),
      kind: row.notice ? "notice" : "text",
      from,
      mine: row.mine,
      at: isoTime(row.atMs),
      text: row.notice ? this.#noticeText(row.notice, row.mine ? "You" : from.name) : row.text,
      files: row.files,
      state: row.state,
      profile: row.profile,
      editedAt: row.edited && isoTime(row.edited.atMs),
      deleted: row.deleted,
      replyTo: row.replyTo === null ? null : this.#quote(row.replyTo, row.conversation),
      reactions: this.#reactions(row),
      expiresAt: row.expiresAtMs === null ? null : isoTime(row.expiresAtMs),
      ...(waiting === null ? {} : { waiting }),
      position: row.seq,
    };
  }

  /** What a contact is called, or the beginning of the key of somebody who is none. */
  nameOf(author: string): string {
    return this.#person(author).name;
  }

  /** Why a message of ours has not left; null if nothing is wrong. */
  #waiting({ id, conversation, profile }: StoredMessage): string | null {
    const { contacts, devices, outbox } = this.#rooms;
    const contact = contacts.get(conversation);
    if (contact?.state === "pending" && contact.card === null && profile === "hidden") return NO_CARD;
    const rows = outbox.rowsOf(id);
    const byCourier = rows.map((one) => this.#courier.why(one, devices.accountOf(one.to)));
    const why = byCourier.find((words) => words !== null) ?? null;
    return why ?? (rows.some(({ attempts, refusals = 0 }) => attempts + refusals > 0) ? NO_RELAY : null);
  }

  #person(author: string): Person {
    const npub = encodeNpub(author);
    if (author === this.#own) return { npub, name: this.#ownName() };
    const contact = this.#rooms.contacts.get(author);
    if (contact) return { npub, name: contact.name };
    // Chosen by himself: without the mark he could call himself as one of your contacts.
    const own = this.#rooms.groups.placeOf(author)?.name.replace(/^[~\s]+/, "") ?? "";
    return { npub, name: own === "" ? npub.slice(0, UNNAMED_CHARACTERS) : `~${own}` };
  }

  /** Nothing of a message of another conversation: an id is no permission to read it. */
  #quote(id: string, conversation: string): Quote {
    const row = this.#rooms.messages.get(id);
    if (row?.conversation !== conversation || row.notice) return { id, from: null, excerpt: null, position: null };
    const text = row.text === "" ? (row.files[0]?.name ?? "") : row.text;
    return { id, from: this.#person(row.author), excerpt: row.deleted ? null : shorten(text), position: row.seq };
  }

  #noticeText(notice: Notice, who: string): string {
    if (notice.what === "timer") return timerText(notice.seconds, who);
    if (notice.what === "named") return `${who} named the group “${notice.name}”`;
    const whom = this.#called(notice.account);
    if (notice.what === "joined") return `${who} added ${whom}`;
    if (notice.what === "left") return notice.self ? `${who} left` : `${who} removed ${whom}`;
    return `${who} made ${whom} ${notice.on ? "an admin" : "an ordinary member"}`;
  }

  #called(account: string): string {
    return account === this.#own ? "you" : this.nameOf(account);
  }

  #reactions(row: StoredMessage): Reaction[] {
    const authors = new Map<string, string[]>();
    for (const { emoji, author } of row.reactions) {
      if (emoji !== null) authors.set(emoji, [...(authors.get(emoji) ?? []), author]);
    }
    return [...authors].map(([emoji, by]) => ({
      emoji,
      by: by.map((author) => this.#person(author)),
      mine: by.includes(this.#own),
    }));
  }
}

/** The beginning of a text, cut between characters. */
function shorten(text: string): string {
  const characters = [...text];
  const most = MESSAGE_LIMITS.excerptCharacters;
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** The last time that text can tell: a writer may date an edit beyond it. */
const LAST_TIME_MS = 253_402_300_799_999;

export function isoTime(timeMs: number): string {
  return new Date(Math.min(timeMs, LAST_TIME_MS)).toISOString();
}

function timerText(seconds: number | null, who: string): string {
  if (seconds === null) return `${who} turned off disappearing messages`;
  return `${who} set messages to disappear after ${durationText(seconds)}`;
}

const UNITS = [
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** In the largest unit that says it exactly. */
function durationText(seconds: number): string {
  const [unit, length] = UNITS.find(([, unitSeconds]) => seconds % unitSeconds === 0) ?? ["second", 1];
  const count = seconds / length;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
