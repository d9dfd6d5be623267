/**
 * Vouchers of a paid courier: a code, good for so many cells until a time, once. How it is paid for is outside of Nocturne.
 *
 * Only the hash of a code is kept, so that a look at the vault does not spend what is not redeemed.
 */

import { fromBase64Url, toBase64Url, toHex } from "../../core/bytes.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import { randomBytes } from "../../core/random.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { Account } from "../../vault/account.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import { tooManyVouchers } from "./courier-errors.ts";

const CODE_BYTES = 16;

export interface VoucherRow {
  /** Hex, SHA-256 of the code. */
  readonly id: string;
  readonly cells: number;
  readonly untilMs: number;
  /** Hex key of who presented it first. */
  readonly redeemedBy: string | null;
}

export class Vouchers {
  readonly #table: SealedTable<VoucherRow>;

  constructor(vault: Account) {
    this.#table = vault.table<VoucherRow>({ name: "courier_vouchers", key: (row) => row.id });
  }

  /** Without expired ones, oldest first. */
  list(nowMs: number): VoucherRow[] {
    return this.#table.list().filter(({ untilMs }) => nowMs < untilMs);
  }

  /** A new one and its code (base64url, 22 characters). Throws ValidationError `too_many_vouchers`. */
  make(cells: number, untilMs: number, nowMs: number): VoucherRow & { readonly code: string } {
    for (const row of this.#table.list()) if (row.untilMs <= nowMs) this.#table.delete(row.id);
    if (this.#table.count() >= COURIER_LIMITS.vouchers) throw tooManyVouchers();
    const code = randomBytes(CODE_BYTES);
    const row = { id: toHex(sha256(code)), cells, untilMs, redeemedBy: null };
    this.#table.put(row);
    return { ...row, code: toBase64Url(code) };
  }

  /** The voucher, now used by `account`; null if it is unknown, expired or used by somebody else. `again`: it was his already. */
  redeem(code: string, account: string, nowMs: number): { readonly row: VoucherRow; readonly again: boolean } | null {
    const row = this.#table.get(toHex(sha256(fromBase64Url(code))));
    if (!row || row.untilMs <= nowMs) return null;
    if (row.redeemedBy !== null) return row.redeemedBy === account ? { row, again: true } : null;
    this.#table.put({ ...row, redeemedBy: account });
    return { row, again: false };
  }
}
