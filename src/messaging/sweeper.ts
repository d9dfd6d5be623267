/**
 * Makes sure that deleted messages leave the disk too: the vault's log at once, and what SQLite left between its pages
 * soon after, but never so often that the app would feel it.
 */

import type { Account } from "../vault/account.ts";

/** A scrub that took one second is followed by a hundred without one. */
const REST_FACTOR = 100;

export class Sweeper {
  readonly #vault: Account;
  /** Also at first: the process before may have ended between a deletion and its sweep. */
  #logHoldsDeleted = true;
  #pagesHoldDeleted = false;
  #restUntilMs = 0;

  constructor(vault: Account) {
    this.#vault = vault;
  }

  /** Something was deleted. */
  note(): void {
    this.#logHoldsDeleted = true;
    this.#pagesHoldDeleted = true;
  }

  /** Does what is due; `now` also what could wait. */
  sweep(now: boolean): void {
    if (this.#logHoldsDeleted) this.#logHoldsDeleted = !this.#vault.emptyLog();
    const startMs = performance.now();
    if (!this.#pagesHoldDeleted || (startMs < this.#restUntilMs && !now)) return;
    try {
      this.#pagesHoldDeleted = !this.#vault.scrub();
    } finally {
      const endMs = performance.now();
      this.#restUntilMs = endMs + REST_FACTOR * (endMs - startMs);
    }
  }
}
