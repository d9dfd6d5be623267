/**
 * The SQLite file of the entries of one network (0600). It is made of what stands in the logs, so it may be lost.
 *
 *   entries      place | id | body | operator, domain | type, confidence | level | superseded by | made at, ends at
 *   bodies       at | body, as in the statement
 *   words        full text of content, tags and domain, by place; marks: see `domainMark`
 *   terms        the words of that, in order
 *   links        entry, source or superseded | by which entry it is named so
 *   withdrawals  entry | by whom
 *   operators, domains      number | name | how many entries
 *   position     how far the caller had got with what it put in here
 *
 *   place        band | made at, in 1,024 ms | some bits of the id
 *
 * The place is what an entry is worth before anybody asks: those that stand highest come last, and of these the newest. So the best of
 * whatever matches is read from the end, without reading the rest. Bands: 0 rejected, 1 superseded, 2 low, 3 medium, 4 high.
 */
import type { DatabaseSync } from "node:sqlite";
import { CodecError } from "../../core/errors.ts";
import { openPrivateDatabase } from "../../mesh/private-database.ts";
import type { EntryId } from "../agent-ids.ts";
import type { EntryLevel } from "./entry-level.ts";

export const LINKS = { source: 1, supersedes: 2 } as const;

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS operators (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, entries INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS domains (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, entries INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS operators_entries ON operators (entries);
  CREATE INDEX IF NOT EXISTS domains_entries ON domains (entries);
  CREATE TABLE IF NOT EXISTS entries (
    place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, body_at INTEGER NOT NULL, operator INTEGER NOT NULL, domain INTEGER NOT NULL,
    type INTEGER NOT NULL, confidence INTEGER NOT NULL, level INTEGER NOT NULL, superseded_by BLOB,
    made_at INTEGER NOT NULL, ends_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entries_domain ON entries (domain, place);
  CREATE INDEX IF NOT EXISTS entries_operator ON entries (operator, place);
  CREATE INDEX IF NOT EXISTS entries_ends_at ON entries (ends_at) WHERE ends_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS bodies (at INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS links (
    target BLOB NOT NULL, kind INTEGER NOT NULL, by BLOB NOT NULL, PRIMARY KEY (target, kind, by)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS withdrawals (number INTEGER PRIMARY KEY, id BLOB NOT NULL, operator TEXT NOT NULL, UNIQUE (id, operator)) STRICT;
  CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    content, tags, domain, marks, content='', tokenize='unicode61 remove_diacritics 2'
  );
  CREATE VIRTUAL TABLE IF NOT EXISTS terms USING fts5vocab (words, instance);
`;
const CACHE_KIB = 16_384;

/**
 * Opens or makes it. A power cut may take the last moments, never the rest. Throws CodecError `knowledge_corrupt` when the file is
 * something else, or of another version; InternalError.
 */
export function openEntryDatabase(path: string): DatabaseSync {
  const db = openPrivateDatabase(path);
  try {
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB}`);
    const version = db.prepare("PRAGMA user_version").get()?.["user_version"];
    if (version !== 0 && version !== SCHEMA_VERSION) throw corrupt();
    db.exec(`${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}`);
    return db;
  } catch (cause) {
    db.close();
    throw cause instanceof CodecError ? cause : corrupt(cause);
  }
}

function corrupt(cause?: unknown): CodecError {
  return new CodecError("knowledge_corrupt", "The index of what agents found cannot be read.", {
    hint: "Move it away: it is made anew from the logs.",
    cause,
  });
}

const BANDS = { rejected: 0, superseded: 1, low: 2, medium: 3, high: 4 } as const;
const TICK_MS = 1_024;
const TICKS = 2 ** 34;
const SPREAD = 2 ** 16;
const BAND = TICKS * SPREAD;

/** Above all places. */
export const PLACES_END: number = 5 * BAND;

/** Where it stands; the next one above it that is free is its place. */
export function placeOf(level: EntryLevel, isSuperseded: boolean, madeAtMs: number, id: EntryId): number {
  const band = isSuperseded && level !== "rejected" ? BANDS.superseded : BANDS[level];
  const spread = Number.parseInt(id.slice(0, 4), 16);
  return band * BAND + Math.min(Math.floor(madeAtMs / TICK_MS), TICKS - 1) * SPREAD + spread;
}

/** The lowest place of what stands at this level or above. What was superseded stands at none but low. */
export function lowestPlace(level: EntryLevel): number {
  return (level === "low" ? BANDS.superseded : BANDS[level]) * BAND;
}
