/**
 * The headers of all cells in the store, in the order in which they came, apart from their bodies.
 *
 *   cell (seq, lid, ts, exp, header)     header: 96 bytes, see nostr/header-stream.ts
 *   header_store (id)                    8 random bytes: which store a cursor is of
 *   cursor = store id 8 | seq 8          big-endian
 *
 * `seq` counts cells alone. The place of an event in the store would tell everybody how many other events, such as
 * gift wraps for the owner of the relay, came between two cells.
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { concatBytes, fromHex, toHex } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { HEADER_BYTES, type HeaderRequest, headerOf } from "../nostr/header-stream.ts";
import { KIND } from "../nostr/kinds.ts";
import { expiryOf } from "./admission.ts";

export interface HeaderPageRequest extends HeaderRequest {
  /** How many cells are looked at. */
  readonly count: number;
}

export interface HeaderPage {
  /** n * 96 bytes. */
  readonly headers: Uint8Array;
  /** Behind the last cell that was looked at; 32 hex characters. */
  readonly cursor: string;
  /** False when the page goes as far as the store does. */
  readonly more: boolean;
}

interface Row {
  readonly seq: number;
  readonly ts: number;
  readonly exp: number | null;
  readonly header: Uint8Array;
}

const STORE_ID_BYTES = 8;
const SCHEMA = `
  CREATE TABLE cell (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, lid INTEGER NOT NULL UNIQUE,
    ts INTEGER NOT NULL, exp INTEGER, header BLOB NOT NULL
  ) STRICT;
  CREATE TABLE header_store (id BLOB NOT NULL) STRICT;
`;

/** Makes the tables, inside the caller's transaction, and takes in the cells that are in the store. */
export function createHeaderTables(database: DatabaseSync): void {
  database.exec(SCHEMA);
  database.prepare("INSERT INTO header_store VALUES (?)").run(randomBytes(STORE_ID_BYTES));
  const headers = new CellHeaders(database);
  const cells = database.prepare("SELECT lid, json FROM ev WHERE kind = ? ORDER BY lid").iterate(KIND.cell);
  for (const { lid, json } of cells as Iterable<{ lid: number; json: string }>) headers.add(JSON.parse(json), lid);
}

export class CellHeaders {
  readonly #storeId: Uint8Array;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #next: StatementSync;
  readonly #newest: StatementSync;

  constructor(database: DatabaseSync) {
    this.#storeId = (database.prepare("SELECT id FROM header_store").get() as { id: Uint8Array }).id;
    this.#insert = database.prepare("INSERT INTO cell (lid, ts, exp, header) VALUES (?, ?, ?, ?)");
    this.#delete = database.prepare("DELETE FROM cell WHERE lid = ?");
    this.#next = database.prepare("SELECT seq, ts, exp, header FROM cell WHERE seq > ? ORDER BY seq LIMIT ?");
    this.#newest = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'cell'");
  }

  /** Of an event that was stored at `lid`; no cell, nothing happens. */
  add(event: NostrEvent, lid: number): void {
    const header = headerOf(event);
    if (header) this.#insert.run(lid, event.created_at, expiryOf(event), header);
  }

  remove(event: NostrEvent, lid: number): void {
    if (event.kind === KIND.cell) this.#delete.run(lid);
  }

  /** The next cells, without those that are dated before `since` or have expired by `nowS`. */
  page({ after, since, count }: HeaderPageRequest, nowS: number): HeaderPage {
    const start = this.#startOf(after);
    const rows = this.#next.all(start, count) as unknown as Row[];
    const shown = rows.filter(({ ts, exp }) => ts >= since && (exp === null || exp > nowS));
    const headers = new Uint8Array(shown.length * HEADER_BYTES);
    for (const [i, { header }] of shown.entries()) headers.set(header, i * HEADER_BYTES);
    return { headers, cursor: this.#cursor(rows.at(-1)?.seq ?? start), more: rows.length === count };
  }

  /** A cursor that is not of this store, or beyond its end, begins anew: nothing may be missed after a store was lost. */
  #startOf(after: string | null): number {
    if (after === null || !after.startsWith(toHex(this.#storeId))) return 0;
    const seq = Buffer.from(fromHex(after)).readBigUInt64BE(STORE_ID_BYTES);
    const newest = (this.#newest.get() as { seq: number } | undefined)?.seq ?? 0;
    return seq <= newest ? Number(seq) : 0;
  }

  #cursor(seq: number): string {
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(BigInt(seq));
    return toHex(concatBytes(this.#storeId, place));
  }
}
