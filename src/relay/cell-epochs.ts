/**
 * Cells of one epoch, in the order of their ids (NEP-14): first their headers, later the records of some.
 *
 * Which epoch a cell is in follows from the cell alone, never from when it came, and it never leaves it: two relays with
 * the same cells have the same epochs. So cells that came later are asked for by their place in the store.
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { concatBytes, fromHex } from "../core/bytes.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { headerOf } from "../nostr/header-stream.ts";
import { KIND } from "../nostr/kinds.ts";
import { expiryOf } from "./admission.ts";

const ID_BYTES = 32;

export interface EpochPageRequest {
  /** Minutes since 1970. */
  readonly epoch: number;
  /** Only cells that were stored behind this place, and not behind `until`; null for the newest one there is now. */
  readonly since: number;
  readonly until: number | null;
  /** Behind this id; empty for the first page. */
  readonly after: Uint8Array;
}

export interface EpochPage {
  /** n * 96 bytes, by id. */
  readonly headers: Uint8Array;
  /** The `until` of the further pages, and the `since` of the next look. */
  readonly until: number;
  /** The `after` of the next page; null after the last one. */
  readonly next: Uint8Array | null;
}

interface Row {
  readonly id: Uint8Array;
  readonly json: string;
}

/** A cell as an epoch holds it. */
interface EpochCell {
  readonly header: Uint8Array;
  /** `PIR_LIMITS.recordBytes`. */
  readonly record: Uint8Array;
}

/** What an event is in its epoch, or null if it is in none. What would expire while the epoch is served is left out. */
function epochCellOf(event: NostrEvent): EpochCell | null {
  const { kind, created_at, content } = event;
  if (kind !== KIND.cell || created_at % PIR_LIMITS.epochS !== 0) return null;
  const expiry = expiryOf(event);
  if (expiry !== null && expiry < servedUntilS(created_at / PIR_LIMITS.epochS)) return null;
  const record = Buffer.from(content, "base64");
  if (record.length !== PIR_LIMITS.recordBytes || record.toString("base64") !== content) return null;
  const header = headerOf(event);
  return header && { header, record };
}

/** The second from which an epoch is not served any more. */
function servedUntilS(epoch: number): number {
  return (epoch + 1 + PIR_LIMITS.epochs) * PIR_LIMITS.epochS;
}

export class CellEpochs {
  readonly #page: StatementSync;
  readonly #newest: StatementSync;
  readonly #byId: StatementSync;
  readonly #known: StatementSync;

  constructor(database: DatabaseSync) {
    // The index holds date, id and place: of cells that are known already, no row is read.
    this.#page = database.prepare(`SELECT id, json FROM ev INDEXED BY ev_kind
      WHERE kind = ${KIND.cell} AND ts = ? AND id > ? AND lid > ? AND lid <= ? ORDER BY id LIMIT ?`);
    this.#newest = database.prepare("SELECT coalesce(max(lid), 0) AS lid FROM ev");
    this.#byId = database.prepare("SELECT id, json FROM ev WHERE id = ?");
    this.#known = database.prepare("SELECT 1 FROM ev WHERE id = ?");
  }

  page({ epoch, since, until, after }: EpochPageRequest): EpochPage {
    const last = until ?? (this.#newest.get() as { lid: number }).lid;
    const count = RELAY_LIMITS.cellsPerRead;
    const rows = this.#page.all(epoch * PIR_LIMITS.epochS, after, since, last, count) as unknown as Row[];
    const headers = rows.map(({ json }) => epochCellOf(JSON.parse(json) as NostrEvent)?.header ?? new Uint8Array(0));
    const next = rows.length < count ? null : (rows.at(-1) as Row).id;
    return { headers: concatBytes(...headers), until: last, next };
  }

  records(ids: Uint8Array): Uint8Array | null {
    const records: Uint8Array[] = [];
    for (let at = 0; at < ids.length; at += ID_BYTES) {
      const row = this.#byId.get(ids.subarray(at, at + ID_BYTES)) as Row | undefined;
      const cell = row && epochCellOf(JSON.parse(row.json) as NostrEvent);
      if (!cell) return null;
      records.push(cell.record);
    }
    return concatBytes(...records);
  }

  missing(ids: readonly string[]): string[] {
    return ids.filter((id) => this.#known.get(fromHex(id)) === undefined);
  }
}
