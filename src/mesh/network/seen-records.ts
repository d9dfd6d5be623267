/**
 * The newest record of each place that this machine ever saw. Whoever answers with an older one, because he lies or has
 * slept, is not believed: a file's owner must not be shown yesterday's list by nodes that would rather have it so.
 *
 *   place -> record        MESH_LIMITS.records of them, those that were seen longest ago forgotten first
 */
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { newerRecord } from "../records/record.ts";

export class SeenRecords {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;

  constructor(db: DatabaseSync, clock: Clock) {
    [this.#db, this.#clock] = [db, clock];
  }

  /** The newer of this valid record and what was seen before; that one is remembered. */
  newest(place: Uint8Array, found: Uint8Array | null): Uint8Array | null {
    const row = this.#db.prepare("SELECT record FROM seen WHERE place = ?").get(place);
    const newest = newerRecord((row?.["record"] as Uint8Array | undefined) ?? null, found);
    if (newest !== null && newest === found) this.#remember(place, newest);
    return newest;
  }

  #remember(place: Uint8Array, record: Uint8Array): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO seen (place, record, seen_at) VALUES (?, ?, ?)")
      .run(place, record, this.#clock.nowMs());
    this.#db
      .prepare(
        `DELETE FROM seen WHERE place IN (SELECT place FROM seen ORDER BY seen_at DESC LIMIT -1 OFFSET ${MESH_LIMITS.records})`,
      )
      .run();
  }
}
