/**
 * What the agents of a network found, to be asked: by domain, by words, or just the best of all.
 *
 *   put, setLevel, withdraw, sweep      entry-table.ts: what comes in, moves and goes
 *   query                               entry-search.ts, rank.ts
 *
 * Whose word a statement is, and that the entry in it names that operator, was checked before it comes here. All entries are of one
 * network. What the index says is text of strangers: whoever shows it marks it as such.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { fromHex, toHex } from "../../core/bytes.ts";
import { inTransaction } from "../../core/transaction.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import { type KnowledgeEntry, readKnowledgeEntry } from "./entry.ts";
import { LINKS, openEntryDatabase } from "./entry-database.ts";
import { type EntryQuery, EntrySearch } from "./entry-search.ts";
import { ENTRY_LEVELS, type EntryLevel } from "./entry-level.ts";
import { type EntryBounds, type EntryNews, EntryTable } from "./entry-table.ts";

export interface IndexedEntry {
  readonly id: EntryId;
  readonly entry: KnowledgeEntry;
  readonly level: EntryLevel;
  /** As its log says. */
  readonly madeAtMs: number;
  /** The one that takes its place, by the rules of `EntryTable`. */
  readonly supersededBy: EntryId | null;
  /** Entries that say they supersede it, whether that counts or not. */
  readonly claims: number;
}

export interface QueryAnswer extends IndexedEntry {
  /** 0 to 36, see `scoreOf`; of one query only. */
  readonly score: number;
}

type Row = Record<string, SQLOutputValue>;

const WHOLE = `
  SELECT id, body, level, made_at, superseded_by,
    (SELECT count(*) FROM links WHERE target = e.id AND kind = ${LINKS.supersedes}) AS claims
  FROM entries e JOIN bodies ON at = body_at`;

export class EntryIndex {
  readonly #db: DatabaseSync;
  readonly #atPlace: StatementSync;
  readonly #withId: StatementSync;
  readonly #table: EntryTable;
  readonly #search: EntrySearch;

  /** Makes the file where there is none, 0600. Throws CodecError `knowledge_corrupt`. */
  constructor(path: string, bounds?: EntryBounds) {
    this.#db = openEntryDatabase(path);
    this.#atPlace = this.#db.prepare(`${WHOLE} WHERE place = ?`);
    this.#withId = this.#db.prepare(`${WHOLE} WHERE id = ?`);
    this.#table = new EntryTable(this.#db, bounds);
    this.#search = new EntrySearch(this.#db);
  }

  /** Whether it came in: not if it was there, or was withdrawn, or there is no room for it. Throws UsageError for what is no entry. */
  put(entry: KnowledgeEntry, about: EntryNews): boolean {
    return this.batch(() => this.#table.put(entry, about));
  }

  /** What its votes made of it; false if it is not here. */
  setLevel(id: EntryId, level: EntryLevel): boolean {
    return this.batch(() => this.#table.setLevel(id, level));
  }

  /** By the statement of this operator; nothing happens to anybody else's entry. One that comes later stays out. Whether one went. */
  withdraw(id: EntryId, operator: OperatorId): boolean {
    return this.batch(() => this.#table.withdraw(id, operator));
  }

  /** Takes out what has ended, which no query shows any more; returns how many. */
  sweep(nowMs: number): number {
    return this.batch(() => this.#table.sweep(nowMs));
  }

  /**
   * How far the caller had got with its logs, 0 at first: to be set in the batch with what was put in. A power cut, or somebody who takes
   * the file away, takes both, so nothing is missed.
   */
  get position(): number {
    return (this.#db.prepare("SELECT value FROM position").get()?.["value"] as number | undefined) ?? 0;
  }

  set position(value: number) {
    this.#db.prepare("INSERT OR REPLACE INTO position (one, value) VALUES (1, ?)").run(value);
  }

  /** Many changes at once: all or none, and much faster. */
  batch<T>(work: () => T): T {
    return inTransaction(this.#db, work);
  }

  /** The best first. Throws UsageError `query_too_long`. */
  query(query: EntryQuery): QueryAnswer[] {
    return this.#search.run(query).map(({ place, score }) => ({ ...indexed(this.#atPlace.get(place) as Row), score }));
  }

  /** Null if it is not here. */
  get(id: EntryId): IndexedEntry | null {
    const row = this.#withId.get(fromHex(id));
    return row ? indexed(row) : null;
  }

  close(): void {
    this.#db.close();
  }
}

function indexed(row: Row): IndexedEntry {
  const by = row["superseded_by"] as Uint8Array | null;
  return {
    id: toHex(row["id"] as Uint8Array) as EntryId,
    entry: readKnowledgeEntry(row["body"] as Uint8Array) as KnowledgeEntry,
    level: ENTRY_LEVELS[row["level"] as number] as EntryLevel,
    madeAtMs: row["made_at"] as number,
    supersededBy: by && (toHex(by) as EntryId),
    claims: row["claims"] as number,
  };
}
