/**
 * What a carer remembers, in `<folder>/care.db` (SQLite, 0600):
 *
 *   cares    care key | owner, until | next look | last look, outcome | sequence, certificate, locator | leased until | counts
 *   places   care key | node        so that it is known whose fragments lie with a node that leaves
 *   absent   node | since when nobody knows it | when that was looked at last
 *
 * Who steals this file can find, audit and repair these objects, and read nothing of them. The locator is kept so that it
 * can be said anew when every record of it has ended, or its nodes have gone.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { PolicyError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { inTransaction } from "../../core/transaction.ts";
import { decodeLocator, encodeLocator, type Locator } from "../manifest/locator.ts";
import type { NodeId, OwnerId } from "../node-id.ts";
import { openPrivateDatabase } from "../private-database.ts";
import type { FoundManifest } from "./manifests.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS cares (
    care_key BLOB PRIMARY KEY,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL,
    next_look INTEGER NOT NULL,
    last_look INTEGER,
    problems TEXT NOT NULL DEFAULT '[]',
    sequence INTEGER NOT NULL DEFAULT 0,
    certificate BLOB,
    locator BLOB,
    leased_until INTEGER NOT NULL DEFAULT 0,
    segments INTEGER NOT NULL DEFAULT 0,
    margin INTEGER,
    passed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    repaired INTEGER NOT NULL DEFAULT 0,
    repaired_bytes INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX IF NOT EXISTS cares_next_look ON cares (next_look);
  CREATE INDEX IF NOT EXISTS cares_owner ON cares (owner);
  CREATE TABLE IF NOT EXISTS places (
    node TEXT NOT NULL,
    care_key BLOB NOT NULL REFERENCES cares (care_key) ON DELETE CASCADE,
    PRIMARY KEY (node, care_key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS places_care_key ON places (care_key);
  CREATE TABLE IF NOT EXISTS absent (node TEXT PRIMARY KEY, since INTEGER NOT NULL, looked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

type Row = Record<string, SQLOutputValue>;

/** One object that is cared for. */
export interface Care {
  readonly careKey: Uint8Array;
  readonly owner: OwnerId;
  readonly untilMs: number;
  /** The highest that was found or said, 0 at first. */
  readonly sequence: number;
  /** As it was found or said last; null before, and of one that is too long to be kept. */
  readonly manifest: FoundManifest | null;
  /** Every fragment is leased until then, as far as this carer knows. */
  readonly leasedUntilMs: number;
}

/** What a look found and did. */
export interface LookResult {
  /** In plain words; none when all is well. */
  readonly problems: readonly string[];
  /** Whether another look may help soon. */
  readonly isUrgent: boolean;
  /** Null where it is not known where the object lies. */
  readonly manifest: FoundManifest | null;
  readonly leasedUntilMs: number;
  readonly segments: number;
  /** Of the worst segment; null as `manifest`. */
  readonly margin: number | null;
  readonly auditsPassed: number;
  readonly auditsFailed: number;
  readonly repairedFragments: number;
  readonly repairedBytes: number;
}

/** Of all objects; counts since each was taken into care. */
export interface CareTotals {
  readonly objects: number;
  readonly segments: number;
  /** Of the worst segment of all; null before the first look. */
  readonly worstMargin: number | null;
  /** Fragments that others were asked for and showed, and those that they did not show. */
  readonly auditsPassed: number;
  readonly auditsFailed: number;
  readonly repairedFragments: number;
  readonly repairedBytes: number;
  /** Objects of which some segment cannot be read now. */
  readonly unreadable: number;
  readonly lastLookMs: number | null;
  /** Each once, with how many objects have it. */
  readonly problems: readonly { readonly text: string; readonly objects: number }[];
}

export class CareTable {
  readonly #db: DatabaseSync;
  readonly #self: OwnerId | null;

  /**
   * `self`: the owner whose own objects are cared for here too; they have limits of their own. Throws InternalError for a
   * file that cannot be opened.
   */
  constructor(path: string, self: OwnerId | null) {
    this.#db = openPrivateDatabase(path);
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    this.#db.exec(SCHEMA);
    this.#self = self;
  }

  /**
   * Takes an object into care, with its next look at `lookMs`; one that is there already is kept longer. Throws PolicyError
   * `no_care` when there is no room for one more.
   */
  take(careKey: Uint8Array, owner: OwnerId, untilMs: number, lookMs: number): void {
    const longer = this.#db.prepare("UPDATE cares SET until = max(until, ?) WHERE care_key = ? AND owner = ?");
    if (longer.run(untilMs, careKey, owner).changes > 0) return;
    if (!this.#hasRoom(owner)) {
      throw new PolicyError("no_care", "This node cares for as many files as it can.", {
        hint: "Choose another node.",
      });
    }
    this.#db
      .prepare("INSERT OR IGNORE INTO cares (care_key, owner, until, next_look) VALUES (?, ?, ?, ?)")
      .run(careKey, owner, untilMs, lookMs);
  }

  /** Ends it, as when the object was dropped. */
  end(careKey: Uint8Array): void {
    this.#db.prepare("DELETE FROM cares WHERE care_key = ?").run(careKey);
  }

  /** Forgets those whose time is over, and nodes that nothing lies with any more. */
  sweep(nowMs: number): void {
    this.#db.prepare("DELETE FROM cares WHERE until <= ?").run(nowMs);
    this.#db.exec("DELETE FROM absent WHERE node NOT IN (SELECT node FROM places)");
  }

  /** Up to `limit` objects whose look is due, those first that have waited longest, without those of `except`. */
  due(nowMs: number, limit: number, except: readonly Uint8Array[]): Care[] {
    const busy = except.map(() => "?").join(", ");
    return this.#db
      .prepare(`SELECT * FROM cares WHERE next_look <= ? AND care_key NOT IN (${busy}) ORDER BY next_look LIMIT ?`)
      .all(nowMs, ...except, limit)
      .map(careOf);
  }

  /** When the next look is due; null if there is none. */
  nextLookMs(except: readonly Uint8Array[]): number | null {
    const busy = except.map(() => "?").join(", ");
    const row = this.#db
      .prepare(`SELECT min(next_look) AS next FROM cares WHERE care_key NOT IN (${busy})`)
      .get(...except);
    return (row?.["next"] ?? null) as number | null;
  }

  /** All objects with fragments at this node are to be looked after by then. */
  hurry(node: NodeId, byMs: number): void {
    this.#db
      .prepare(
        "UPDATE cares SET next_look = min(next_look, ?) WHERE care_key IN (SELECT care_key FROM places WHERE node = ?)",
      )
      .run(byMs, node);
  }

  /** Writes down what a look did, and when the next one is. Of an object that is not cared for any more it does nothing. */
  note(careKey: Uint8Array, result: LookResult, lookedAtMs: number, nextLookMs: number): void {
    const { manifest } = result;
    const { changes } = this.#db
      .prepare(
        `UPDATE cares SET last_look = :looked, next_look = :next, problems = :problems, leased_until = :leased,
         sequence = max(sequence, :sequence), certificate = coalesce(:certificate, certificate),
         locator = CASE WHEN :certificate IS NULL THEN locator ELSE :locator END, segments = :segments, margin = :margin, passed = passed + :passed,
         failed = failed + :failed, repaired = repaired + :repaired, repaired_bytes = repaired_bytes + :bytes
         WHERE care_key = :key`,
      )
      .run({
        key: careKey,
        looked: lookedAtMs,
        next: nextLookMs,
        problems: JSON.stringify(result.problems),
        leased: result.leasedUntilMs,
        sequence: manifest?.sequence ?? 0,
        certificate: manifest?.certificate ?? null,
        locator: manifest && encodedIfSmall(manifest.locator),
        segments: result.segments,
        margin: result.margin,
        passed: result.auditsPassed,
        failed: result.auditsFailed,
        repaired: result.repairedFragments,
        bytes: result.repairedBytes,
      });
    if (changes > 0 && manifest) this.#notePlaces(careKey, manifest.locator.nodes);
  }

  /** Since when this node has been unknown: now, if it was not before. Time in which this machine was off does not count. */
  absentSinceMs(node: NodeId, nowMs: number): number {
    const row = this.#db
      .prepare(
        `INSERT INTO absent (node, since, looked) VALUES (:node, :now, :now) ON CONFLICT (node) DO UPDATE
         SET since = since + CASE WHEN :now - looked > :off THEN :now - looked ELSE 0 END, looked = :now RETURNING since`,
      )
      .get({ node, now: nowMs, off: MESH_LIMITS.careLookMs + MESH_LIMITS.careAgainMs });
    return (row as Row)["since"] as number;
  }

  /** It is known. */
  present(node: NodeId): void {
    this.#db.prepare("DELETE FROM absent WHERE node = ?").run(node);
  }

  /** All nodes that something lies with. */
  nodes(): ReadonlySet<NodeId> {
    const rows = this.#db.prepare("SELECT DISTINCT node FROM places").all();
    return new Set(rows.map(({ node }) => node as NodeId));
  }

  /** How many are cared for. */
  get objects(): number {
    return (this.#db.prepare("SELECT count(*) AS objects FROM cares").get() as Row)["objects"] as number;
  }

  totals(): CareTotals {
    const row = this.#db
      .prepare(
        `SELECT count(*) AS objects, total(segments) AS segments, min(margin) AS margin, total(passed) AS passed,
         total(failed) AS failed, total(repaired) AS repaired, total(repaired_bytes) AS bytes,
         count(*) FILTER (WHERE margin < 0) AS unreadable, max(last_look) AS looked FROM cares`,
      )
      .get() as Row;
    const problems = this.#db
      .prepare(
        "SELECT value AS text, count(*) AS objects FROM cares, json_each(problems) GROUP BY value ORDER BY objects DESC",
      )
      .all();
    return {
      objects: row["objects"] as number,
      segments: row["segments"] as number,
      worstMargin: row["margin"] as number | null,
      auditsPassed: row["passed"] as number,
      auditsFailed: row["failed"] as number,
      repairedFragments: row["repaired"] as number,
      repairedBytes: row["bytes"] as number,
      unreadable: row["unreadable"] as number,
      lastLookMs: row["looked"] as number | null,
      problems: problems.map(({ text, objects }) => ({ text: text as string, objects: objects as number })),
    };
  }

  close(): void {
    this.#db.close();
  }

  #hasRoom(owner: OwnerId): boolean {
    const row = this.#db
      .prepare(
        "SELECT count(*) AS their, (SELECT count(*) FROM cares WHERE owner IS NOT ?) AS others FROM cares WHERE owner = ?",
      )
      .get(this.#self, owner) as { their: number; others: number };
    if (owner === this.#self) return row.their < MESH_LIMITS.catalogueEntries;
    return row.their < MESH_LIMITS.carePerOwner && row.others < MESH_LIMITS.careKeys;
  }

  #notePlaces(careKey: Uint8Array, nodes: readonly NodeId[]): void {
    inTransaction(this.#db, () => {
      this.#db.prepare("DELETE FROM places WHERE care_key = ?").run(careKey);
      const insert = this.#db.prepare("INSERT INTO places (node, care_key) VALUES (?, ?)");
      for (const node of nodes) insert.run(node, careKey);
    });
  }
}

function careOf(row: Row): Care {
  const [encoded, certificate] = [row["locator"] as Uint8Array | null, row["certificate"] as Uint8Array | null];
  const locator = encoded && decodeLocator(encoded);
  const sequence = row["sequence"] as number;
  return {
    careKey: row["care_key"] as Uint8Array,
    owner: row["owner"] as OwnerId,
    untilMs: row["until"] as number,
    sequence,
    manifest: locator && certificate && { locator, sequence, certificate },
    leasedUntilMs: row["leased_until"] as number,
  };
}

function encodedIfSmall(locator: Locator): Uint8Array | null {
  const encoded = encodeLocator(locator);
  return encoded.length <= MESH_LIMITS.careLocatorBytes ? encoded : null;
}
