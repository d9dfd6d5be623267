/**
 * Cells that this device gave to a courier, until it is known what became of them.
 *
 *   under way -> taken      a relay has it
 *             -> gone       it never left, or nobody knows: its letter is made into new cells
 *
 * A *try* is all cells that were made of one letter at one time; it has arrived once each of its pieces was taken by one
 * relay, and failed once all copies of one piece are gone.
 */

import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";

export interface EntrustedRow {
  readonly n: number;
  readonly capability: string;
  /** `rowKey` of the letter; null for what is said once. */
  readonly letter: string | null;
  /** Of the try. */
  readonly attempt: string;
  readonly piece: number;
  /** The letter by which it was handed over, and to which device. */
  readonly handedIn: string;
  readonly device: string;
  readonly state: "under way" | "taken" | "gone";
  readonly atMs: number;
}

export type TryState = "under way" | "arrived" | "failed";

export class Entrusted {
  readonly #table: SealedTable<EntrustedRow>;

  constructor(vault: Account) {
    this.#table = vault.table<EntrustedRow>({
      name: "courier_entrusted",
      key: (row) => `${row.n}`,
      indexes: {
        letter: (row) => row.letter,
        attempt: (row) => row.attempt,
        open: (row) => (row.state === "under way" ? "yes" : null),
        unsaved: () => "yes",
      },
    });
  }

  put(row: EntrustedRow): void {
    this.#table.put(row);
  }

  get(n: number): EntrustedRow | null {
    return this.#table.get(`${n}`);
  }

  ofLetter(letter: string): EntrustedRow[] {
    return this.#table.find("letter", letter);
  }

  list(): EntrustedRow[] {
    return this.#table.list();
  }

  countOpen(): number {
    return this.#table.count("open", "yes");
  }

  /** How far a try is; it is forgotten once all its cells are settled. */
  stateOf(attempt: string): TryState {
    const rows = this.#table.find("attempt", attempt);
    const pieces = [...Map.groupBy(rows, ({ piece }) => piece).values()];
    if (rows.every(({ state }) => state !== "under way")) for (const { n } of rows) this.delete(n);
    if (pieces.every((copies) => copies.some(({ state }) => state === "taken"))) return "arrived";
    return pieces.some((copies) => copies.every(({ state }) => state === "gone")) ? "failed" : "under way";
  }

  delete(n: number): void {
    this.#table.delete(`${n}`);
  }
}
