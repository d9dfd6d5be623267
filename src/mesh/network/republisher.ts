/**
 * Puts records of this machine anew: nodes forget them after 48 h, come and go, and libp2p puts nothing again by itself.
 *
 *   keep(kind, key, renew) -> renew(last) signs one of now -> put -> noted with its time -> again every republishMs
 *
 * When it was put last is on the disk: a machine that was off for a night is late by that night, and one that starts often
 * puts nothing for it. What failed is tried again sooner.
 */
import type { DatabaseSync } from "node:sqlite";
import { toHex } from "../../core/bytes.ts";
import type { Clock, Timers } from "../../core/clock.ts";
import { NocturneError, PolicyError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { type RecordKind, recordPlace } from "../records/record.ts";
import type { Records } from "../rooms.ts";

/** Signs the record of now; `last` is what was put before, as bytes, or null. It must count on from there. */
export type Renew = (last: Uint8Array | null) => Uint8Array | Promise<Uint8Array>;

const RETRY_MS = 60_000;

interface Kept {
  readonly place: Uint8Array;
  readonly renew: Renew;
  cancel: () => void;
}

export interface RepublisherTools {
  readonly records: Records;
  readonly db: DatabaseSync;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

export class Republisher {
  readonly #tools: RepublisherTools;
  readonly #kept = new Map<string, Kept>();
  readonly #stopped = new AbortController();

  constructor(tools: RepublisherTools) {
    this.#tools = tools;
  }

  /**
   * Keeps a record up from now on, at once if that is due. Another `keep` for the same place takes over. Returns what ends
   * it. Throws PolicyError `too_many_records`.
   */
  keep(kind: RecordKind, key: Uint8Array, renew: Renew): () => void {
    const place = recordPlace(kind, key);
    const name = toHex(place);
    this.#kept.get(name)?.cancel();
    if (!this.#kept.has(name) && this.#kept.size >= MESH_LIMITS.ownRecords) throw tooMany();
    const kept: Kept = { place, renew, cancel: () => {} };
    this.#kept.set(name, kept);
    const dueMs = (this.#last(place)?.putAtMs ?? 0) + MESH_LIMITS.republishMs;
    this.#schedule(kept, Math.max(1, dueMs - this.#tools.clock.nowMs()));
    return () => {
      kept.cancel();
      if (this.#kept.get(name) === kept) this.#kept.delete(name);
    };
  }

  close(): void {
    this.#stopped.abort();
    for (const { cancel } of this.#kept.values()) cancel();
    this.#kept.clear();
  }

  #schedule(kept: Kept, delayMs: number): void {
    kept.cancel = this.#tools.timers.schedule(() => void this.#run(kept), Math.min(delayMs, MESH_LIMITS.republishMs));
  }

  async #run(kept: Kept): Promise<void> {
    const isDone = await this.#publish(kept).catch((error: unknown) => {
      const code = error instanceof NocturneError ? error.code : "unknown";
      if (!this.#stopped.signal.aborted) this.#tools.log.warn({ code }, "a record was not put anew");
      return false;
    });
    if (this.#kept.get(toHex(kept.place)) === kept) this.#schedule(kept, isDone ? MESH_LIMITS.republishMs : RETRY_MS);
  }

  async #publish({ place, renew }: Kept): Promise<boolean> {
    const record = await renew(this.#last(place)?.record ?? null);
    await this.#tools.records.put(record, this.#stopped.signal);
    if (this.#stopped.signal.aborted) return false;
    this.#tools.db
      .prepare("INSERT OR REPLACE INTO own (place, record, put_at) VALUES (?, ?, ?)")
      .run(place, record, this.#tools.clock.nowMs());
    return true;
  }

  #last(place: Uint8Array): { record: Uint8Array; putAtMs: number } | null {
    const row = this.#tools.db.prepare("SELECT record, put_at FROM own WHERE place = ?").get(place);
    return row ? { record: row["record"] as Uint8Array, putAtMs: row["put_at"] as number } : null;
  }
}

function tooMany(): PolicyError {
  return new PolicyError("too_many_records", "This node keeps up as many records as it may.");
}
