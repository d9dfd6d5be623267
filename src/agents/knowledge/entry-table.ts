/**
 * How entries get into the index, move in it and go.
 *
 *   a claim "y supersedes x" counts while both are here, if y was not rejected and stands no lower than x, and
 *     their operator is the same, or y is a correction or a synthesis that others voted for (medium or high)
 *
 * Anybody may claim it, and nobody may hide by that what somebody else said. Claims that do not count are kept: they may come to. The
 * same entries, levels and withdrawals give the same index, whatever the order in which they come.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { fromHex, toHex } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import { encodeKnowledgeEntry, endOf, ENTRY_TYPES, type KnowledgeEntry, readKnowledgeEntry } from "./entry.ts";
import { LINKS, placeOf } from "./entry-database.ts";
import { ENTRY_LEVELS, type EntryLevel, levelNumber } from "./entry-level.ts";
import { domainMark } from "./search-words.ts";

export interface EntryNews {
  /** `entryIdOf` its statement. */
  readonly id: EntryId;
  /** As its log says. */
  readonly madeAtMs: number;
  readonly level: EntryLevel;
}

/** How many there may be. */
export interface EntryBounds {
  readonly entries: number;
  readonly withdrawals: number;
}

interface StoredRow {
  readonly place: number;
  readonly id: Uint8Array;
  readonly body_at: number;
  readonly operator: number;
  readonly domain: number;
  readonly level: number;
  readonly superseded_by: Uint8Array | null;
  readonly made_at: number;
}

const SUPERSEDER = `
  SELECT y.id FROM links l CROSS JOIN entries x ON x.id = l.target JOIN entries y ON y.id = l.by
  WHERE l.target = ? AND l.kind = ${LINKS.supersedes} AND y.level >= max(x.level, ${levelNumber("low")})
    AND (y.operator = x.operator OR
      (y.level >= ${levelNumber("medium")} AND y.type IN (${ENTRY_TYPES.correction}, ${ENTRY_TYPES.synthesis})))
  ORDER BY y.level DESC, y.made_at DESC, y.id LIMIT 1`;

const INSERT = `
  INSERT INTO entries (place, id, body_at, operator, domain, type, confidence, level, made_at, ends_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export class EntryTable {
  readonly #db: DatabaseSync;
  readonly #bounds: EntryBounds;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, bounds: EntryBounds = AGENT_LIMITS) {
    [this.#db, this.#bounds] = [db, bounds];
  }

  /** Whether it came in: not if it was there, or was withdrawn, or there is no room for it. */
  put(entry: KnowledgeEntry, { id, madeAtMs, level }: EntryNews): boolean {
    const key = fromHex(id);
    if (this.find(id) || this.#get("SELECT 1 FROM withdrawals WHERE id = ? AND operator = ?", key, entry.operator)) {
      return false;
    }
    const [operator, domain] = [this.#count("operators", entry.operator), this.#count("domains", entry.domain)];
    const body = this.#run("INSERT INTO bodies (body) VALUES (?)", encodeKnowledgeEntry(entry));
    const place = this.#freePlace(level, false, madeAtMs, id);
    const about = [ENTRY_TYPES[entry.type], entry.confidence, levelNumber(level), madeAtMs, endOf(entry, madeAtMs)];
    this.#run(INSERT, place, key, body.lastInsertRowid, operator, domain, ...about);
    this.#index(place, domain, entry);
    this.#link(key, entry);
    this.#restate([id, ...entry.supersedes]);
    this.#makeRoom();
    return this.find(id) !== undefined;
  }

  /** False if it is not here. */
  setLevel(id: EntryId, level: EntryLevel): boolean {
    const row = this.find(id);
    if (!row) return false;
    if (row.level !== levelNumber(level)) {
      this.#move(row, level, row.superseded_by);
      this.#restate([id, ...this.#entryOf(row).supersedes]);
    }
    return true;
  }

  /** Takes it out if it is of this operator, and keeps it from coming in later. Whether it was here. */
  withdraw(id: EntryId, operator: OperatorId): boolean {
    this.#run("INSERT OR IGNORE INTO withdrawals (id, operator) VALUES (?, ?)", fromHex(id), operator);
    this.#run(
      "DELETE FROM withdrawals WHERE number <= (SELECT max(number) FROM withdrawals) - ?",
      this.#bounds.withdrawals,
    );
    const row = this.find(id);
    if (!row || this.#nameOf(row.operator) !== operator) return false;
    this.#remove(row);
    return true;
  }

  /** Takes out what has ended; returns how many. */
  sweep(nowMs: number): number {
    const ended = this.#statement("SELECT * FROM entries WHERE ends_at <= ?").all(nowMs) as unknown as StoredRow[];
    for (const row of ended) this.#remove(row);
    return ended.length;
  }

  find(id: EntryId): StoredRow | undefined {
    return this.#get("SELECT * FROM entries WHERE id = ?", fromHex(id)) as StoredRow | undefined;
  }

  /** Of each that is here: which one supersedes it now? */
  #restate(ids: readonly EntryId[]): void {
    for (const id of ids) {
      const row = this.find(id);
      if (!row) continue;
      const by = (this.#get(SUPERSEDER, row.id)?.["id"] as Uint8Array | undefined) ?? null;
      if (hexOf(by) !== hexOf(row.superseded_by)) this.#move(row, ENTRY_LEVELS[row.level] as EntryLevel, by);
    }
  }

  #move(row: StoredRow, level: EntryLevel, by: Uint8Array | null): void {
    const id = toHex(row.id) as EntryId;
    const before = ENTRY_LEVELS[row.level] as EntryLevel;
    const bandStays = standing(level, by) === standing(before, row.superseded_by);
    const place = bandStays ? row.place : this.#freePlace(level, by !== null, row.made_at, id);
    this.#run(
      "UPDATE entries SET place = ?, level = ?, superseded_by = ? WHERE place = ?",
      place,
      levelNumber(level),
      by,
      row.place,
    );
    if (bandStays) return;
    const entry = this.#entryOf(row);
    this.#unindex(row.place, row.domain, entry);
    this.#index(place, row.domain, entry);
  }

  #remove(row: StoredRow): void {
    const entry = this.#entryOf(row);
    this.#run("DELETE FROM entries WHERE place = ?", row.place);
    this.#run("DELETE FROM bodies WHERE at = ?", row.body_at);
    this.#unindex(row.place, row.domain, entry);
    const unlink = "DELETE FROM links WHERE target = ? AND kind = ? AND by = ?";
    for (const [target, kind] of linksOf(entry)) this.#run(unlink, target, kind, row.id);
    for (const [table, number] of [
      ["operators", row.operator],
      ["domains", row.domain],
    ] as const) {
      this.#run(`UPDATE ${table} SET entries = entries - 1 WHERE number = ?`, number);
      this.#run(`DELETE FROM ${table} WHERE number = ? AND entries = 0`, number);
    }
    this.#restate(entry.supersedes);
  }

  /** Who has most loses what stands lowest: a flood pushes out itself. */
  #makeRoom(): void {
    const { entries } = this.#get("SELECT sum(entries) AS entries FROM operators") as { entries: number };
    if (entries <= this.#bounds.entries) return;
    const lowest = this.#get(`
      SELECT * FROM entries WHERE operator = (SELECT number FROM operators ORDER BY entries DESC, number LIMIT 1)
      ORDER BY place LIMIT 1`);
    this.#remove(lowest as unknown as StoredRow);
  }

  #index(place: number, domain: number, entry: KnowledgeEntry): void {
    const sql = "INSERT INTO words (rowid, content, tags, domain, marks) VALUES (?, ?, ?, ?, ?)";
    this.#run(sql, place, ...wordsOf(domain, entry));
  }

  /** FTS5 keeps no text and is told what it was: so its averages, by which it ranks, stay those of what is there. */
  #unindex(place: number, domain: number, entry: KnowledgeEntry): void {
    const sql = "INSERT INTO words (words, rowid, content, tags, domain, marks) VALUES ('delete', ?, ?, ?, ?, ?)";
    this.#run(sql, place, ...wordsOf(domain, entry));
  }

  #link(by: Uint8Array, entry: KnowledgeEntry): void {
    const sql = "INSERT INTO links (target, kind, by) VALUES (?, ?, ?)";
    for (const [target, kind] of linksOf(entry)) this.#run(sql, target, kind, by);
  }

  /** Its number, with one more. */
  #count(table: "operators" | "domains", name: string): number {
    const sql = `INSERT INTO ${table} (name, entries) VALUES (?, 1)
      ON CONFLICT (name) DO UPDATE SET entries = entries + 1 RETURNING number`;
    return this.#get(sql, name)?.["number"] as number;
  }

  #freePlace(level: EntryLevel, isSuperseded: boolean, madeAtMs: number, id: EntryId): number {
    let place = placeOf(level, isSuperseded, madeAtMs, id);
    while (this.#get("SELECT 1 FROM entries WHERE place = ?", place)) place++;
    return place;
  }

  #entryOf(row: StoredRow): KnowledgeEntry {
    const { body } = this.#get("SELECT body FROM bodies WHERE at = ?", row.body_at) as { body: Uint8Array };
    return readKnowledgeEntry(body) as KnowledgeEntry;
  }

  #nameOf(operator: number): string {
    return this.#get("SELECT name FROM operators WHERE number = ?", operator)?.["name"] as string;
  }

  #get(sql: string, ...values: Value[]) {
    return this.#statement(sql).get(...values);
  }

  #run(sql: string, ...values: Value[]) {
    return this.#statement(sql).run(...values);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
}

type Value = string | number | bigint | Uint8Array | null;

function wordsOf(domain: number, { content, tags, domain: name }: KnowledgeEntry): readonly string[] {
  return [content, tags.join(" "), name, domainMark(domain)];
}

function linksOf({ sources, supersedes }: KnowledgeEntry): (readonly [Uint8Array, number])[] {
  const cited = sources.flatMap((source) => ("entry" in source ? [source.entry] : []));
  return [
    ...cited.map((id) => [fromHex(id), LINKS.source] as const),
    ...supersedes.map((id) => [fromHex(id), LINKS.supersedes] as const),
  ];
}

function standing(level: EntryLevel, by: Uint8Array | null): string {
  return by && level !== "rejected" ? "superseded" : level;
}

function hexOf(id: Uint8Array | null): string {
  return id ? toHex(id) : "";
}
