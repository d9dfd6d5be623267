/**
 * What survives a crash of the ways that fetch bodies apart from headers.
 *
 *   fetch_cells   our cells, from the moment their header came until they are taken in as mail; with the body once it is here
 *   fetch_places  for each relay: its way, where its headers go on, and the ids that are being asked for
 *
 * So nothing is asked for twice that need not be, and a batch that a crash cut off is asked for again as it was: an id that
 * came up in two batches, each time among other ones, would be known as ours.
 */

import { toHex } from "../../core/bytes.ts";
import { FETCH_LIMITS } from "../../core/cell-limits.ts";
import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import { type Cell, ephemeralOf } from "../cell/cell.ts";
import type { CellHeader } from "../cell/cell-header.ts";
import type { Way } from "./way.ts";

interface NotedRow extends CellHeader {
  /** Where it is to be fetched, or was. */
  readonly url: string;
  /** A relay that holds the same; null for none, and once it was fetched. */
  readonly also: string | null;
  /** base64; null until it was fetched. */
  readonly sealed: string | null;
  readonly atMs: number;
}

/** A cell of ours; without `cell` it is still to be fetched. */
export interface NotedCell {
  readonly header: CellHeader;
  readonly cell: Cell | null;
}

/** How far a relay's headers were read. */
export interface FetchPlace {
  readonly url: string;
  readonly way: Way;
  /** With which relay it is read privately, or was. */
  readonly partner: string | null;
  /** A cursor of NEP-13 that is old enough to go on from; null for none. */
  readonly after: string | null;
  readonly asked: readonly CellHeader[];
}

export class FetchStore {
  readonly #vault: Account;
  readonly #cells: SealedTable<NotedRow>;
  readonly #places: SealedTable<FetchPlace>;
  /** Ids of all noted cells: most are none, and asking the disk for each would slow everybody down. */
  readonly #noted: Set<string>;
  /** Of them those whose body is here; the oldest first. */
  readonly #bodies: Set<string>;

  constructor(vault: Account, nowMs: number) {
    this.#vault = vault;
    this.#cells = vault.table<NotedRow>({
      name: "fetch_cells",
      key: (row) => row.id,
      indexes: { url: (row) => row.url, also: (row) => row.also, unsaved: () => "yes" },
    });
    this.#places = vault.table<FetchPlace>({
      name: "fetch_places",
      key: (row) => row.url,
      indexes: { unsaved: () => "yes" },
    });
    const rows = this.#cells.list();
    this.#noted = new Set(rows.map(({ id }) => id));
    this.#bodies = new Set(rows.filter(({ sealed }) => sealed !== null).map(({ id }) => id));
    this.forget(rows.filter(({ atMs }) => atMs < nowMs - FETCH_LIMITS.notedMs).map(({ id }) => id));
  }

  isNoted(id: string): boolean {
    return this.#noted.has(id);
  }

  noted(url: string): NotedCell[] {
    if (this.#noted.size === 0) return [];
    const rows = [...this.#cells.find("url", url), ...this.#cells.find("also", url)];
    return rows.map(({ id, address, ephemeral, sealed }) => ({
      header: { id, address, ephemeral },
      cell: sealed === null ? null : { id, address, sealed: Buffer.from(sealed, "base64") },
    }));
  }

  /** Ours, not fetched yet; of a pair of relays either may have to give it alone. */
  note([url, also]: readonly [string, string?], headers: readonly CellHeader[], nowMs: number): void {
    this.#vault.transaction(() => {
      for (const header of headers) this.#cells.put({ ...header, url, also: also ?? null, sealed: null, atMs: nowMs });
    });
    for (const { id } of headers) {
      this.#noted.add(id);
      this.#bodies.delete(id);
    }
  }

  /** The body of a noted cell is here. */
  fetched(url: string, cell: Cell, nowMs: number): void {
    const { id, address } = cell;
    const sealed = Buffer.from(cell.sealed).toString("base64");
    this.#cells.put({ id, address, ephemeral: toHex(ephemeralOf(cell)), url, also: null, sealed, atMs: nowMs });
    this.#bodies.add(id);
    const [oldest] = this.#bodies;
    if (this.#bodies.size > FETCH_LIMITS.bodies && oldest !== undefined) this.forget([oldest]);
  }

  /** Taken in, or given up; of cells that are not noted nothing happens. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#bodies.delete(id);
      if (this.#noted.delete(id)) this.#cells.delete(id);
    }
  }

  place(url: string): FetchPlace {
    return this.#places.get(url) ?? { url, way: "crowd", partner: null, after: null, asked: [] };
  }

  savePlace(place: FetchPlace): void {
    this.#places.put(place);
  }
}
