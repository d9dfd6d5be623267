/**
 * What one chose for each conversation: whether it is muted, pinned or archived, what is half written there, when its
 * messages disappear, and by which route its relays are reached. A direct conversation gets its row once there is something to say.
 *
 *   id in the vault   hex key of the contact (64 characters), or 32 hex characters of a group or channel
 *   id outside        npub                                  , or `g` or `c` and the 32 characters
 */

import { encodeNpub } from "../nostr/keys.ts";
import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { ContactBook } from "./contact-book.ts";
import type { MarkOrigin } from "./marks.ts";

export interface ConversationRow {
  readonly id: string;
  readonly kind: "direct" | "group" | "channel";
  /** Of a group or channel; a direct conversation is called as the contact. */
  readonly name: string;
  /** null: not muted. */
  readonly mutedUntilMs: number | null;
  readonly pinned: boolean;
  readonly archived: boolean;
  readonly draft: string;
  /** null: messages do not disappear. */
  readonly timerSeconds: number | null;
  /** The letter that set the timer; the newest one counts. */
  readonly timerSetBy: MarkOrigin | null;
  /** Its relays are reached in no other way; of this device alone. Absent or null: as is usual. */
  readonly route?: "tor" | null;
}

/** Hears of each change; `after` is null when the conversation is forgotten. */
export type ConversationWatcher = (before: ConversationRow, after: ConversationRow | null) => void;

const PREFIX = { group: "g", channel: "c" } as const;
const SHARED_ID = /^[gc]([0-9a-f]{32})$/;
const DIRECT_ID_CHARACTERS = 64;

export class ConversationBook {
  readonly #table: SealedTable<ConversationRow>;
  readonly #contacts: ContactBook;
  readonly #watchers: ConversationWatcher[] = [];
  /** Ids of those that may demand a route: asked at every connection, when there is no time to open all rows. */
  readonly #mayDemand: Set<string>;

  constructor(vault: Account, contacts: ContactBook) {
    this.#table = vault.table<ConversationRow>({ name: "conversations", key: (row) => row.id });
    this.#contacts = contacts;
    this.#mayDemand = new Set(this.#table.list().flatMap(({ id, route }) => (route ? [id] : [])));
  }

  watch(watcher: ConversationWatcher): void {
    this.#watchers.push(watcher);
  }

  get(id: string): ConversationRow {
    return this.#table.get(id) ?? untouched(id);
  }

  /** Those whose relays are to be reached by Tor. */
  hidden(): ConversationRow[] {
    // What the rows say counts: a change may not have been committed.
    return [...this.#mayDemand].map((id) => this.get(id)).filter(({ route }) => route === "tor");
  }

  update(id: string, change: Partial<Omit<ConversationRow, "id">>): ConversationRow {
    const before = this.get(id);
    const next = { ...before, ...change };
    if (next.route) this.#mayDemand.add(id);
    this.#table.put(next);
    for (const watcher of this.#watchers) watcher(before, next);
    return next;
  }

  /** A conversation by its id, or by name, npub or hex key of its contact. Throws ValidationError `unknown_contact`. */
  find(who: string): ConversationRow {
    const shared = this.#table.get(SHARED_ID.exec(who)?.[1] ?? "");
    if (shared && this.publicId(shared) === who) return shared;
    const named = this.#table
      .list()
      .filter(({ kind, name }) => kind !== "direct" && name.toLowerCase() === who.toLowerCase());
    if (named[0] && !this.#contacts.has(who)) return named[0];
    return this.get(this.#contacts.find(who).publicKey);
  }

  /** What the conversation is called outside the vault. */
  publicId({ id, kind }: Pick<ConversationRow, "id" | "kind">): string {
    return kind === "direct" ? encodeNpub(id) : PREFIX[kind] + id;
  }

  publicIdOf(id: string): string {
    return id.length === DIRECT_ID_CHARACTERS ? encodeNpub(id) : this.publicId(this.get(id));
  }

  /** A new message came: an archived conversation returns, unless it was muted. True if it did. */
  reopen(id: string, nowMs: number): boolean {
    const row = this.get(id);
    if (!row.archived || isMuted(row, nowMs)) return false;
    this.update(id, { archived: false });
    return true;
  }

  remove(id: string): void {
    const before = this.get(id);
    this.#table.delete(id);
    for (const watcher of this.#watchers) watcher(before, null);
  }
}

export function isMuted({ mutedUntilMs }: Pick<ConversationRow, "mutedUntilMs">, nowMs: number): boolean {
  return mutedUntilMs !== null && mutedUntilMs > nowMs;
}

function untouched(id: string): ConversationRow {
  return {
    id,
    kind: "direct",
    name: "",
    mutedUntilMs: null,
    pinned: false,
    archived: false,
    draft: "",
    timerSeconds: null,
    timerSetBy: null,
  };
}
