/**
 * What there is of each domain: for awareness and for tasks, which come of what is not brought together yet.
 *
 * Counted is what stands: not rejected, not superseded, not over, not from later than now. An observation is unmerged if no synthesis
 * that stands so has it as a source.
 */
import type { DatabaseSync } from "node:sqlite";
import { toHex } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId } from "../agent-ids.ts";
import { ENTRY_TYPES } from "./entry.ts";
import { LINKS } from "./entry-database.ts";
import { levelNumber } from "./entry-level.ts";

export interface DomainView {
  readonly domain: string;
  readonly entries: number;
  readonly operators: number;
  readonly newestMs: number;
  readonly unmerged: number;
}

const stands = (entry: string): string =>
  `${entry}.level >= ${levelNumber("low")} AND ${entry}.superseded_by IS NULL
    AND (${entry}.ends_at IS NULL OR ${entry}.ends_at > :now) AND ${entry}.made_at <= :latest`;

const IS_UNMERGED = `e.type = ${ENTRY_TYPES.observation} AND NOT EXISTS (
  SELECT 1 FROM links l JOIN entries s ON s.id = l.by
  WHERE l.target = e.id AND l.kind = ${LINKS.source} AND s.type = ${ENTRY_TYPES.synthesis} AND ${stands("s")})`;

const VIEW = `
  SELECT count(*) AS entries, count(DISTINCT operator) AS operators, max(made_at) AS newest, sum(${IS_UNMERGED}) AS unmerged
  FROM entries e WHERE domain = (SELECT number FROM domains WHERE name = :name) AND ${stands("e")}`;

const UNMERGED = `
  SELECT id FROM entries e WHERE domain = (SELECT number FROM domains WHERE name = :name) AND ${stands("e")} AND ${IS_UNMERGED}
  ORDER BY made_at, id LIMIT :most`;

/** Null where nothing stands. */
export function viewDomain(db: DatabaseSync, domain: string, nowMs: number): DomainView | null {
  const row = db.prepare(VIEW).get({ ":name": domain, ...at(nowMs) }) as Record<string, number>;
  const { entries = 0, operators = 0, newest = 0, unmerged = 0 } = row;
  return entries === 0 ? null : { domain, entries, operators, newestMs: newest, unmerged };
}

/** The oldest first. */
export function unmergedObservations(db: DatabaseSync, domain: string, nowMs: number, most: number): EntryId[] {
  const rows = db.prepare(UNMERGED).all({ ":name": domain, ":most": most, ...at(nowMs) });
  return rows.map((row) => toHex(row["id"] as Uint8Array) as EntryId);
}

function at(nowMs: number) {
  return { ":now": nowMs, ":latest": nowMs + AGENT_LIMITS.clockSkewMs };
}
