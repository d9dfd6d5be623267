/** What faces may ask of couriers, while the vault is open. */

import { encodeNpub } from "../../nostr/keys.ts";
import type { Clock } from "../../core/clock.ts";
import type { Desk } from "../desk.ts";
import { isoTime } from "../message-view.ts";
import { creditOf, usedTodayOf } from "./allowances.ts";
import { badVoucherCode, noCourier, notAccepted } from "./courier-errors.ts";
import type { Couriers } from "./couriers.ts";
import { HOLDS } from "./sending.ts";
import type {
  CourierAllowance,
  CourierInUse,
  CourierOffer,
  CouriersView,
  CourierVoucher,
  NewVoucher,
} from "./views.ts";
import type { VoucherRow } from "./vouchers.ts";

export class CourierDesk {
  readonly #desk: () => Desk;
  readonly #clock: Clock;
  readonly #rerouted: () => void;

  /** `desk` throws LockedError while the vault is locked. `rerouted`: mail goes to other relays from now on. */
  constructor(desk: () => Desk, clock: Clock, rerouted: () => void) {
    this.#desk = desk;
    this.#clock = clock;
    this.#rerouted = rerouted;
  }

  view(): CouriersView {
    const { sending, carrying } = this.#couriers();
    const offers = sending.offers.list();
    return {
      using: this.#inUse(),
      offers: offers.map((row) => ({ ...this.#person(row.account), ...this.#offer(row) })),
      carrying: carrying.allowances.list().map((row) => this.#allowance(row)),
      vouchers: carrying.vouchers.list(this.#clock.nowMs()).map((row) => this.#voucher(row)),
    };
  }

  /** Carries for a contact. Throws ValidationError `unknown_contact`, `courier_not_accepted`, UsageError `bad_cells_per_day`. */
  allow(who: string, cellsPerDay: number): void {
    this.#couriers().carrying.allow(this.#desk().contacts.find(who), cellsPerDay);
  }

  /** Throws ValidationError `unknown_contact`, `not_carrying`. */
  end(who: string): void {
    this.#couriers().carrying.end(this.#desk().contacts.find(who));
  }

  /** Mail goes by this contact. Throws ValidationError `unknown_contact`, `courier_not_offered`. */
  use(who: string): void {
    this.#couriers().sending.begin(this.#desk().contacts.find(who));
    this.#rerouted();
  }

  /** Mail goes directly. Throws ValidationError `no_courier`. */
  stop(): void {
    const { sending } = this.#couriers();
    if (!sending.use) throw noCourier();
    sending.end();
    this.#rerouted();
  }

  /** A new voucher of this node. Throws UsageError `bad_voucher`, ValidationError `too_many_vouchers`. */
  makeVoucher(cells: number, lastsMs: number): NewVoucher {
    const row = this.#couriers().carrying.makeVoucher(cells, lastsMs);
    return { ...this.#voucher(row), code: row.code };
  }

  /** Presents a voucher to the contact who made it. Throws ValidationError `bad_voucher_code`, `courier_not_accepted`. */
  redeem(who: string, code: string): void {
    if (!/^[A-Za-z0-9_-]{22}$/.test(code)) throw badVoucherCode();
    const { publicKey, state } = this.#desk().contacts.find(who);
    if (state !== "accepted") throw notAccepted();
    this.#couriers().sending.redeem(publicKey, code);
  }

  #couriers(): Couriers {
    return this.#desk().couriers;
  }

  #inUse(): CourierInUse | null {
    const { sending } = this.#couriers();
    const { use } = sending;
    if (!use) return null;
    const offer = sending.offers.get(use.device);
    const hold = sending.hold();
    const why = hold && HOLDS[hold];
    return { ...this.#person(use.account), hold, why, ...sending.counts(), leftToday: offer ? sending.left(offer) : 0 };
  }

  #offer(row: ReturnType<Couriers["sending"]["offers"]["list"]>[number]): Omit<CourierOffer, "name" | "npub"> {
    const { taken, reportedAtMs, redeemed } = row;
    return { ...this.#budget(row), taken, reportedAt: iso(reportedAtMs), redeemed };
  }

  #allowance(row: ReturnType<Couriers["carrying"]["allowances"]["list"]>[number]): CourierAllowance {
    const queued = this.#couriers().carrying.book.countQueued(row.account);
    return { ...this.#person(row.account), ...this.#budget(row), queued, taken: row.taken };
  }

  #budget(row: { cellsPerDay: number; credit: number; creditUntilMs: number; day: number; usedToday: number }) {
    const nowMs = this.#clock.nowMs();
    const credit = creditOf(row, nowMs);
    const creditUntil = credit > 0 ? iso(row.creditUntilMs) : null;
    return { cellsPerDay: row.cellsPerDay, usedToday: usedTodayOf(row, nowMs), credit, creditUntil };
  }

  #voucher({ id, cells, untilMs, redeemedBy }: VoucherRow): CourierVoucher {
    const by = redeemedBy === null ? null : this.#person(redeemedBy).name;
    return { id: id.slice(0, 16), cells, expiresAt: isoTime(untilMs), redeemedBy: by };
  }

  #person(account: string): { readonly name: string; readonly npub: string } {
    const npub = encodeNpub(account);
    return { name: this.#desk().contacts.get(account)?.name ?? npub.slice(0, 12), npub };
  }
}

function iso(atMs: number | null): string | null {
  return atMs === null ? null : isoTime(atMs);
}
