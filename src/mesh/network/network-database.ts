/**
 * What a node keeps of the network, in `<folder>/network.db` (SQLite, 0600):
 *
 *   records   records of others that it keeps for all, as libp2p stores them
 *   seen      the newest record of each place that was seen here: nothing older is believed again
 *   own       records that this machine puts anew, and when it did so last
 *   nodes     who is there, what they said, and how they were found to be
 *   kept      single numbers
 *
 * All of it is public or signed; it tells whoever steals the disk which nodes this machine knew.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { CodecError } from "../../core/errors.ts";
import { openPrivateDatabase } from "../private-database.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (
    name TEXT PRIMARY KEY, stored BLOB NOT NULL, made_at INTEGER NOT NULL, distance BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_distance ON records (distance);
  CREATE TABLE IF NOT EXISTS seen (place BLOB PRIMARY KEY, record BLOB NOT NULL, seen_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS seen_at ON seen (seen_at);
  CREATE TABLE IF NOT EXISTS own (place BLOB PRIMARY KEY, record BLOB NOT NULL, put_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS nodes (
    id TEXT PRIMARY KEY, announcement BLOB NOT NULL, heard_at INTEGER NOT NULL, answered_at INTEGER NOT NULL,
    trusted_at INTEGER NOT NULL, asked_at INTEGER, up REAL NOT NULL, total REAL NOT NULL, observed_at INTEGER NOT NULL,
    domain TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * Opens or makes it, and the folder (0700). A power cut may take the last moments, never the rest. Throws CodecError
 * `network_corrupt` when the file is something else.
 */
export function openNetworkDatabase(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "network.db");
  const db = openPrivateDatabase(path);
  try {
    db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
    db.exec(SCHEMA);
    return db;
  } catch (cause) {
    db.close();
    throw new CodecError("network_corrupt", "What this node knew of the mesh (network.db) cannot be read.", {
      hint: "Move network.db away: it is learned anew from the mesh.",
      cause,
    });
  }
}

/** 0 when it was never kept. */
export function keptNumber(db: DatabaseSync, name: string): number {
  return (db.prepare("SELECT number FROM kept WHERE name = ?").get(name)?.["number"] as number | undefined) ?? 0;
}

export function keepNumber(db: DatabaseSync, name: string, value: number): void {
  db.prepare("INSERT OR REPLACE INTO kept (name, number) VALUES (?, ?)").run(name, value);
}
