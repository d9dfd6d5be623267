/** What couriers have offered to this device: by each of their devices that carries, and what of it was used. */

import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import { creditOf, dayOf, usedTodayOf } from "./allowances.ts";
import type { OfferSaying } from "./courier-letter.ts";

export interface OfferRow {
  /** Hex keys. */
  readonly device: string;
  readonly account: string;
  readonly cellsPerDay: number;
  readonly credit: number;
  readonly creditUntilMs: number;
  /** When he said so, by his clock: of two offers the later one holds. */
  readonly saidMs: number;
  /** Days since 1970 of the last cells, and how many there were on that day. */
  readonly day: number;
  readonly usedToday: number;
  /** Cells that relays took by its word. */
  readonly taken: number;
  readonly reportedAtMs: number | null;
  /** What became of the last voucher. */
  readonly redeemed: "asked" | "accepted" | "refused" | null;
}

export class Offers {
  readonly #table: SealedTable<OfferRow>;

  constructor(vault: Account) {
    this.#table = vault.table<OfferRow>({
      name: "courier_offers",
      key: (row) => row.device,
      indexes: { account: (row) => row.account, unsaved: () => "yes" },
    });
  }

  get(device: string): OfferRow | null {
    return this.#table.get(device);
  }

  /** That of a person, from the device that offers most; null if there was none. */
  of(account: string): OfferRow | null {
    const rows = this.#table.find("account", account);
    return rows.toSorted((a, b) => b.cellsPerDay + b.credit - a.cellsPerDay - a.credit)[0] ?? null;
  }

  list(): OfferRow[] {
    return this.#table.list();
  }

  /** `saidMs` by the courier's clock. Of the cells of a day he may not have seen all yet. */
  note(account: string, device: string, offer: OfferSaying, saidMs: number): void {
    const row = this.#known(account, device);
    if (saidMs < row.saidMs) return;
    const { cellsPerDay, credit, creditUntil: creditUntilMs } = offer;
    const [day, usedToday] = [dayOf(saidMs), Math.max(offer.usedToday, usedTodayOf(row, saidMs))];
    const used = day < row.day ? {} : { day, usedToday };
    this.#table.put({ ...row, cellsPerDay, credit, creditUntilMs, saidMs, ...used });
  }

  noteAsked(account: string, device: string): void {
    this.#table.put({ ...this.#known(account, device), redeemed: "asked" });
  }

  noteRedeemed(account: string, device: string, ok: boolean): void {
    this.#table.put({ ...this.#known(account, device), redeemed: ok ? "accepted" : "refused" });
  }

  noteReport(device: string, taken: number, nowMs: number): void {
    this.#change(device, (row) => ({ taken: row.taken + taken, reportedAtMs: nowMs }));
  }

  /** So many cells were handed over: a day's first, then the credit. */
  spend(device: string, cells: number, nowMs: number): void {
    this.#change(device, (row) => {
      const used = usedTodayOf(row, nowMs);
      const ofDay = Math.min(cells, Math.max(0, row.cellsPerDay - used));
      return { day: dayOf(nowMs), usedToday: used + ofDay, credit: creditOf(row, nowMs) - (cells - ofDay) };
    });
  }

  /** He carries no more, unless he has offered again by then. */
  close(device: string, saidMs: number): void {
    this.#change(device, (row) => (saidMs > row.saidMs ? { cellsPerDay: 0, credit: 0, saidMs } : {}));
  }

  forget(account: string): void {
    for (const { device } of this.#table.find("account", account)) this.#table.delete(device);
  }

  #change(device: string, change: (row: OfferRow) => Partial<OfferRow>): void {
    const row = this.#table.get(device);
    if (row) this.#table.put({ ...row, ...change(row) });
  }

  #known(account: string, device: string): OfferRow {
    const nothing = { cellsPerDay: 0, credit: 0, creditUntilMs: 0, saidMs: 0, day: 0, usedToday: 0, taken: 0 };
    return this.#table.get(device) ?? { device, account, ...nothing, reportedAtMs: null, redeemed: null };
  }
}
