/**
 * The roster on the disk (`nodes` of network.db), so that a node that starts knows at once whom to ask.
 *
 * What is read back was checked before it was written, as of the time when it was heard: an announcement that nobody would
 * believe anew still names addresses.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { inTransaction } from "../../core/transaction.ts";
import type { NodeId } from "../node-id.ts";
import { readAnnouncement } from "./announcement.ts";
import { announcedDomain, type RosterEntry } from "./roster-entry.ts";

const SAVE = `
  INSERT OR REPLACE INTO nodes (id, announcement, heard_at, answered_at, trusted_at, asked_at, up, total, observed_at, domain)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export class RosterTable {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  load(): Map<NodeId, RosterEntry> {
    const rows = this.#db.prepare("SELECT * FROM nodes").all();
    return new Map(
      rows.flatMap((row) => {
        const entry = entryOf(row);
        return entry ? [[entry.said.id, entry] as const] : [];
      }),
    );
  }

  /** Null: it is forgotten. */
  save(changes: readonly (readonly [NodeId, RosterEntry | null])[]): void {
    if (changes.length === 0) return;
    const save = this.#db.prepare(SAVE);
    const remove = this.#db.prepare("DELETE FROM nodes WHERE id = ?");
    inTransaction(this.#db, () => {
      for (const [id, entry] of changes)
        if (entry) save.run(...rowOf(id, entry));
        else remove.run(id);
    });
  }
}

function rowOf(id: NodeId, entry: RosterEntry) {
  const { bytes, heardAtMs, answeredAtMs, trustedAtMs, askedAtMs, uptime, domain } = entry;
  const { up, total, observedAtMs } = uptime;
  return [id, bytes, heardAtMs, answeredAtMs, trustedAtMs, askedAtMs, up, total, observedAtMs, domain] as const;
}

function entryOf(row: Record<string, SQLOutputValue>): RosterEntry | null {
  const bytes = row["announcement"] as Uint8Array;
  const heardAtMs = row["heard_at"] as number;
  const said = readAnnouncement(bytes, heardAtMs);
  if (!said) return null;
  return {
    said,
    bytes,
    heardAtMs,
    answeredAtMs: row["answered_at"] as number,
    trustedAtMs: row["trusted_at"] as number,
    askedAtMs: row["asked_at"] as number | null,
    uptime: { up: row["up"] as number, total: row["total"] as number, observedAtMs: row["observed_at"] as number },
    domain: row["domain"] as string | null,
    announcedDomain: announcedDomain(said),
  };
}
