/**
 * Claims of other people's links, kept in the vault as long as their leases live: a use that was taken is gone on with
 * after a break of either side, also a restart, and by whichever way the file is asked for again.
 *
 *   received_claims   message, file | lease, sealed manifest        sealed rows; not in backups
 */
import type { Clock } from "../core/clock.ts";
import { RECEIVE_LIMITS } from "../core/limits.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import type { LinkClaim } from "./views.ts";

interface ClaimRow {
  readonly key: string;
  readonly claim: LinkClaim;
}

export class KeptClaims {
  readonly #rows: SealedTable<ClaimRow>;
  readonly #clock: Clock;

  constructor(vault: Vault, clock: Clock) {
    const indexes = { unsaved: () => "yes" };
    this.#rows = vault.table<ClaimRow>({ name: "received_claims", key: (row) => row.key, indexes });
    this.#clock = clock;
  }

  get(key: string): LinkClaim | undefined {
    return this.#rows.get(key)?.claim;
  }

  /** In place of an earlier one. Those whose lease is over go, and of too many the oldest. */
  put(key: string, claim: LinkClaim): void {
    this.#rows.delete(key); // to the end of the order
    this.#rows.put({ key, claim });
    const rows = this.#rows.list();
    const surplus = rows.length - RECEIVE_LIMITS.claims;
    for (const [index, row] of rows.entries()) {
      const isOver = Date.parse(row.claim.leaseExpiresAt) <= this.#clock.nowMs();
      if (row.key !== key && (index < surplus || isOver)) this.#rows.delete(row.key);
    }
  }

  delete(key: string): void {
    this.#rows.delete(key);
  }

  /** Those of messages that `isOffered` does not know any more. */
  deleteUnless(isOffered: (key: string) => boolean): void {
    for (const { key } of this.#rows.list()) if (!isOffered(key)) this.#rows.delete(key);
  }
}
