/** What faces are told of couriers: plain data, ready for JSON. Times are ISO 8601 text. */

import type { HoldReason } from "./sending.ts";

/** GET /api/couriers */
export interface CouriersView {
  /** The courier by whom mail goes; null: it goes directly. */
  readonly using: CourierInUse | null;
  /** Contacts that have said that they carry for you. */
  readonly offers: readonly CourierOffer[];
  /** Contacts for whom you carry. */
  readonly carrying: readonly CourierAllowance[];
  /** Of yours, neither expired nor shown again. */
  readonly vouchers: readonly CourierVoucher[];
}

export interface CourierInUse {
  readonly name: string;
  readonly npub: string;
  /** Why mail waits, and the same in words; null: it goes. */
  readonly hold: HoldReason | null;
  readonly why: string | null;
  /** Cells on the way to the courier, and cells that it has and of which it has reported nothing. */
  readonly handing: number;
  readonly entrusted: number;
  readonly leftToday: number;
}

export interface CourierOffer {
  readonly name: string;
  readonly npub: string;
  readonly cellsPerDay: number;
  readonly usedToday: number;
  readonly credit: number;
  readonly creditUntil: string | null;
  /** Cells that relays took, by the courier's word, and when it reported last. */
  readonly taken: number;
  readonly reportedAt: string | null;
  /** What became of the last voucher that you presented. */
  readonly redeemed: "asked" | "accepted" | "refused" | null;
}

export interface CourierAllowance {
  readonly name: string;
  readonly npub: string;
  readonly cellsPerDay: number;
  readonly usedToday: number;
  readonly credit: number;
  readonly creditUntil: string | null;
  /** Cells that wait here. */
  readonly queued: number;
  /** Cells that relays took. */
  readonly taken: number;
}

export interface CourierVoucher {
  readonly id: string;
  readonly cells: number;
  readonly expiresAt: string;
  /** Name of the contact who redeemed it. */
  readonly redeemedBy: string | null;
}

/** POST /api/couriers/vouchers: the only time that the code is told. */
export interface NewVoucher extends CourierVoucher {
  readonly code: string;
}
