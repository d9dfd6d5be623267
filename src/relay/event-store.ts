/**
 * The events on disk: one SQLite file in WAL mode, written with synchronous=FULL, so that what was
 * acknowledged survives a power cut.
 *
 *   ev (lid, id, pk, kind, ts, exp, slot, json)   lid grows with every event and is never reused;
 *                                                 slot names the one place of a replaceable event
 *   tag (name, val, ts, kind, lid)                one-letter tags, the newest found first
 *   cell, header_store                            headers of cells: see cell-headers.ts
 *
 * Keeps the rules of NIP-01 (replaceable, addressable), NIP-09 (deletion; a wrap also by its
 * recipient, a cell by nobody) and NIP-40 (expiry). Signatures are the caller's business.
 */

import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { fromHex } from "../core/bytes.ts";
import { InternalError } from "../core/errors.ts";
import { isAddressable, isHex, isReplaceable, type NostrEvent, tagValue, tagValues } from "../nostr/event.ts";
import { KIND } from "../nostr/kinds.ts";
import { expiryOf } from "./admission.ts";
import { CellEpochs } from "./cell-epochs.ts";
import { CellHeaders, createHeaderTables } from "./cell-headers.ts";

/** What became of an event. */
export interface Outcome {
  readonly accepted: boolean;
  /** The reason of the OK message, empty when there is nothing to say. */
  readonly reason: string;
  /** Its place when it is new, so that subscribers hear of it; else null. */
  readonly lid: number | null;
}

const SCHEMA_VERSION = 2;
const SCHEMA = `
  CREATE TABLE ev (
    lid INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, pk BLOB NOT NULL, kind INTEGER NOT NULL,
    ts INTEGER NOT NULL, exp INTEGER, slot TEXT UNIQUE, json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX ev_exp ON ev (exp) WHERE exp IS NOT NULL;
  CREATE TABLE tag (
    name TEXT NOT NULL, val TEXT NOT NULL, ts INTEGER NOT NULL, kind INTEGER NOT NULL, lid INTEGER NOT NULL,
    PRIMARY KEY (name, val, ts, kind, lid)
  ) STRICT, WITHOUT ROWID;
`;
// They end in the order of answers: else all events of one second, and cells share a second by the minute, would be
// sorted again for each chunk that is read.
const INDEXES = `
  CREATE INDEX ev_pk ON ev (pk, ts DESC, id);
  CREATE INDEX ev_pk_kind ON ev (pk, kind, ts DESC, id);
  CREATE INDEX ev_kind ON ev (kind, ts DESC, id);
  CREATE INDEX ev_ts ON ev (ts DESC, id);
`;
const DROP_INDEXES = "DROP INDEX ev_pk; DROP INDEX ev_pk_kind; DROP INDEX ev_kind; DROP INDEX ev_ts;";
const SWEPT_AT_ONCE = 1_000; // so that other work gets its turn

const STATEMENTS = {
  insertEvent: "INSERT INTO ev (id, pk, kind, ts, exp, slot, json) VALUES (?, ?, ?, ?, ?, ?, ?)",
  insertTag: "INSERT OR IGNORE INTO tag (name, val, ts, kind, lid) VALUES (?, ?, ?, ?, ?)",
  deleteEvent: "DELETE FROM ev WHERE lid = ?",
  deleteTag: "DELETE FROM tag WHERE name = ? AND val = ? AND ts = ? AND kind = ? AND lid = ?",
  byId: "SELECT lid, json FROM ev WHERE id = ?",
  bySlot: "SELECT lid, json FROM ev WHERE slot = ?",
  expired: `SELECT lid, json FROM ev WHERE exp <= ? LIMIT ${SWEPT_AT_ONCE}`,
  deletion: `SELECT 1 FROM tag JOIN ev USING (lid)
    WHERE name = ? AND val = ? AND tag.ts >= ? AND tag.kind = ${KIND.deletion} AND pk = ? LIMIT 1`,
} as const;

interface Row {
  readonly lid: number;
  readonly json: string;
}

export class EventStore {
  readonly database: DatabaseSync;
  readonly headers: CellHeaders;
  readonly epochs: CellEpochs;
  readonly #statements: Record<keyof typeof STATEMENTS, StatementSync>;

  /** Opens or makes `<folder>/events.db` (folder 0700, file 0600). Throws InternalError `relay_store_unusable`. */
  constructor(folder: string, maxBytes: number) {
    this.database = openDatabase(folder, maxBytes);
    this.headers = new CellHeaders(this.database);
    this.epochs = new CellEpochs(this.database);
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, this.database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, StatementSync>;
  }

  /** Stores verified events in one transaction; all are on disk when it returns. Throws, with nothing stored, when the disk fails. */
  putAll(events: readonly NostrEvent[]): Outcome[] {
    return this.#transaction(() => events.map((event) => this.#put(event)));
  }

  /** Removes events that expired by `nowS`, at most a thousand. Returns how many. (NIP-40) */
  sweep(nowS: number): number {
    return this.#transaction(() => {
      const rows = this.#statements.expired.all(nowS) as unknown as Row[];
      for (const row of rows) this.#remove(row);
      return rows.length;
    });
  }

  close(): void {
    this.database.close();
  }

  #put(event: NostrEvent): Outcome {
    if (this.#statements.byId.get(fromHex(event.id))) return known("duplicate: this event is already stored");
    if (this.#isDeleted(event)) return { accepted: false, reason: "blocked: this event was deleted", lid: null };
    const slot = slotOf(event);
    const rival = slot === null ? undefined : (this.#statements.bySlot.get(slot) as Row | undefined);
    if (rival && isNewer(JSON.parse(rival.json) as NostrEvent, event)) return known("duplicate: a newer one is stored");
    if (rival) this.#remove(rival);
    if (event.kind === KIND.deletion) this.#applyDeletion(event);
    return { accepted: true, reason: "", lid: this.#insert(event, slot) };
  }

  #insert(event: NostrEvent, slot: string | null): number {
    const { id, pubkey, kind, created_at } = event;
    const json = JSON.stringify(event);
    const { insertEvent, insertTag } = this.#statements;
    const row = insertEvent.run(fromHex(id), fromHex(pubkey), kind, created_at, expiryOf(event), slot, json);
    const lid = Number(row.lastInsertRowid);
    for (const [name, value] of indexedTags(event)) insertTag.run(name, value, created_at, kind, lid);
    this.headers.add(event, lid);
    return lid;
  }

  #remove({ lid, json }: Row): void {
    const event = JSON.parse(json) as NostrEvent;
    const { deleteEvent, deleteTag } = this.#statements;
    for (const [name, value] of indexedTags(event)) deleteTag.run(name, value, event.created_at, event.kind, lid);
    deleteEvent.run(lid);
    this.headers.remove(event, lid);
  }

  #applyDeletion(deletion: NostrEvent): void {
    for (const id of tagValues(deletion, "e")) {
      const row = isHex(id, 32) && (this.#statements.byId.get(fromHex(id)) as Row | undefined);
      if (row && ownersOf(JSON.parse(row.json) as NostrEvent).includes(deletion.pubkey)) this.#remove(row);
    }
    for (const address of tagValues(deletion, "a")) {
      const row = this.#statements.bySlot.get(address) as Row | undefined;
      const target = row && (JSON.parse(row.json) as NostrEvent);
      if (target?.pubkey === deletion.pubkey && target.created_at <= deletion.created_at) this.#remove(row as Row);
    }
  }

  // A deleted event stays deleted: else anybody who kept a copy could bring it back.
  #isDeleted(event: NostrEvent): boolean {
    const owners = ownersOf(event);
    const slot = slotOf(event);
    return (
      this.#hasDeletion("e", event.id, 0, owners) ||
      (slot !== null && this.#hasDeletion("a", slot, event.created_at, owners))
    );
  }

  #hasDeletion(name: "e" | "a", value: string, sinceS: number, owners: readonly string[]): boolean {
    const { deletion } = this.#statements;
    return owners.some((owner) => deletion.get(name, value, sinceS, fromHex(owner)) !== undefined);
  }

  #transaction<T>(work: () => T): T {
    this.database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.database.exec("COMMIT");
      return result;
    } catch (error) {
      // A full disk may have rolled back already.
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw error;
    }
  }
}

/** The one-letter tags of an event, which filters can name: pairs of name and value. */
function indexedTags(event: NostrEvent): [name: string, value: string][] {
  return event.tags.flatMap(([name, value]): [string, string][] =>
    name !== undefined && /^[a-zA-Z]$/.test(name) && value !== undefined ? [[name, value]] : [],
  );
}

/** `kind:pubkey:d` for an event of which only the newest is kept, else null. (NIP-01) */
function slotOf(event: NostrEvent): string | null {
  if (isReplaceable(event.kind)) return `${event.kind}:${event.pubkey}:`;
  if (isAddressable(event.kind)) return `${event.kind}:${event.pubkey}:${tagValue(event, "d") ?? ""}`;
  return null;
}

// Of two events of the same second the one with the lower id stays, so that all relays agree. (NIP-01)
function isNewer(stored: NostrEvent, event: NostrEvent): boolean {
  if (stored.created_at !== event.created_at) return stored.created_at > event.created_at;
  return stored.id < event.id;
}

/**
 * Who may delete an event: its author, or for a wrap its recipients, as its author's key is forgotten. Nobody deletes a deletion, nor a cell: what
 * one relay drops and another keeps would part their epochs (NEP-14), and cells are signed by keys used once.
 */
function ownersOf(event: NostrEvent): string[] {
  if (event.kind === KIND.deletion || event.kind === KIND.cell) return [];
  if (event.kind !== KIND.wrap) return [event.pubkey];
  return [event.pubkey, ...tagValues(event, "p").filter((value) => isHex(value, 32))];
}

function known(reason: string): Outcome {
  return { accepted: true, reason, lid: null };
}

function openDatabase(folder: string, maxBytes: number): DatabaseSync {
  const path = join(folder, "events.db");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  // SQLite gives the mode of this file to the ones that it keeps beside it.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  try {
    const database = new DatabaseSync(path);
    // Exclusive: a second relay on the same file would not hear of this one's events.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864"); // 64 MiB
    migrate(database);
    const { page_size } = database.prepare("PRAGMA page_size").get() as { page_size: number };
    database.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / page_size)}`);
    return database;
  } catch (cause) {
    throw new InternalError("relay_store_unusable", "The relay's store cannot be opened: it is in use or damaged.", {
      hint: "Stop the other node that uses this data directory, or move the folder relay/ out of it.",
      cause,
    });
  }
}

function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
  if (version > SCHEMA_VERSION) throw new Error("The store was written by a newer version.");
  if (version === SCHEMA_VERSION) return;
  database.exec("BEGIN EXCLUSIVE");
  // Version 1 had other indexes, and no headers of cells.
  database.exec(version === 0 ? SCHEMA : DROP_INDEXES);
  database.exec(INDEXES);
  createHeaderTables(database);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}
