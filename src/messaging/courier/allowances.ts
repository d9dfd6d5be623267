/**
 * For whom this node carries, and how much: so many cells in a day (UTC), and a credit beside from vouchers.
 *
 * A day's cells are used first. Nothing is carried over to the next day.
 */

import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";

const DAY_MS = 86_400_000;

export interface AllowanceRow {
  /** Hex key of the person. */
  readonly account: string;
  readonly cellsPerDay: number;
  readonly credit: number;
  readonly creditUntilMs: number;
  /** Days since 1970 of the last cells, and how many there were on that day. */
  readonly day: number;
  readonly usedToday: number;
  /** Cells that relays took, ever. */
  readonly taken: number;
}

export class Allowances {
  readonly #table: SealedTable<AllowanceRow>;

  constructor(vault: Account) {
    this.#table = vault.table<AllowanceRow>({ name: "courier_allowances", key: (row) => row.account });
  }

  get(account: string): AllowanceRow | null {
    return this.#table.get(account);
  }

  list(): AllowanceRow[] {
    return this.#table.list();
  }

  allow(account: string, cellsPerDay: number): AllowanceRow {
    return this.#put({ ...this.#known(account), cellsPerDay });
  }

  addCredit(account: string, cells: number, untilMs: number, nowMs: number): AllowanceRow {
    const row = this.#known(account);
    const credit = creditOf(row, nowMs) + cells;
    return this.#put({ ...row, credit, creditUntilMs: Math.max(row.creditUntilMs, untilMs) });
  }

  end(account: string): void {
    this.#table.delete(account);
  }

  /** Uses up to `cells` and returns how many there were. */
  spend(account: string, cells: number, nowMs: number): number {
    const row = this.#table.get(account);
    if (!row) return 0;
    const usedToday = usedTodayOf(row, nowMs);
    const ofDay = Math.min(cells, Math.max(0, row.cellsPerDay - usedToday));
    const ofCredit = Math.min(cells - ofDay, creditOf(row, nowMs));
    const credit = creditOf(row, nowMs) - ofCredit;
    this.#put({ ...row, day: dayOf(nowMs), usedToday: usedToday + ofDay, credit });
    return ofDay + ofCredit;
  }

  noteTaken(account: string, cells: number): void {
    const row = this.#table.get(account);
    if (row && cells > 0) this.#put({ ...row, taken: row.taken + cells });
  }

  #known(account: string): AllowanceRow {
    const none = { cellsPerDay: 0, credit: 0, creditUntilMs: 0, day: 0, usedToday: 0, taken: 0 };
    return this.#table.get(account) ?? { account, ...none };
  }

  #put(row: AllowanceRow): AllowanceRow {
    this.#table.put(row);
    return row;
  }
}

export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS);
}

export function creditOf(row: Pick<AllowanceRow, "credit" | "creditUntilMs">, nowMs: number): number {
  return nowMs < row.creditUntilMs ? row.credit : 0;
}

export function usedTodayOf(row: Pick<AllowanceRow, "day" | "usedToday">, nowMs: number): number {
  return row.day === dayOf(nowMs) ? row.usedToday : 0;
}
