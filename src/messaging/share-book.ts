/**
 * Shares of recovery keys (NEP-21): those of ours that contacts keep, and those that we keep for them.
 *
 *   give   share -> a letter of its own kind, through the session, to the main device of each -> "arrived" once acknowledged
 *          that is kept with the row: a letter that was dropped, or is not in the backup that was restored, did not arrive
 *   keep   letter -> one row for each contact; a later share of his takes its place
 *
 * What is kept is shown to nobody before its owner asks for it, by a way on which one knows that it is him.
 */

import type { Clock } from "../core/clock.ts";
import { parseShare } from "../crypto/recovery-share.ts";
import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import { letterHead, type ShareLetter } from "./letter.ts";
import type { Outbox } from "./outbox.ts";

/** Of ours, with a contact. */
export interface GivenShare {
  /** Hex key. */
  readonly account: string;
  readonly letterId: string;
  readonly need: number;
  readonly atMs: number;
  /** He acknowledged it. */
  readonly arrived: boolean;
}

/** Of a contact's, with us. */
export interface KeptShare {
  readonly account: string;
  /** As text, with its prefix. */
  readonly share: string;
  readonly atMs: number;
}

export interface ShareBookOptions {
  readonly vault: Account;
  readonly outbox: Outbox;
  readonly wake: (device: string) => void;
  readonly clock: Clock;
}

export class ShareBook {
  readonly #o: ShareBookOptions;
  readonly #given: SealedTable<GivenShare>;
  readonly #kept: SealedTable<KeptShare>;

  constructor(options: ShareBookOptions) {
    this.#o = options;
    this.#given = options.vault.table<GivenShare>({ name: "given_shares", key: (row) => row.account });
    this.#kept = options.vault.table<KeptShare>({ name: "kept_shares", key: (row) => row.account });
  }

  /** Sends each account (hex) its share of one splitting; what was noted of earlier ones is forgotten. */
  give(need: number, shares: ReadonlyMap<string, string>): void {
    const { vault, outbox, clock, wake } = this.#o;
    vault.transaction(() => {
      for (const { account, letterId } of this.#given.list()) {
        outbox.remove(letterId, account);
        this.#given.delete(account);
      }
      for (const [account, share] of shares) {
        const letter: ShareLetter = { ...letterHead(clock.nowMs()), kind: "share", share };
        outbox.add({ id: letter.id, to: account, content: { profile: "hidden", letter }, unsaved: true });
        this.#given.put({ account, letterId: letter.id, need, atMs: letter.at, arrived: false });
      }
    });
    for (const account of shares.keys()) wake(account);
  }

  /** Those of the last splitting. What neither arrived nor is `underWay` has to be given again. */
  given(): (GivenShare & { readonly underWay: boolean })[] {
    return this.#given
      .list()
      .map((row) => ({ ...row, underWay: this.#o.outbox.get(row.letterId, row.account) !== null }));
  }

  /** A contact's main device (hex key) acknowledged a letter, inside that transaction; only that of his share is noted. */
  noteArrival(account: string, letterId: string): void {
    const row = this.#given.get(account);
    if (row?.letterId === letterId) this.#given.put({ ...row, arrived: true });
  }

  /** Takes in a contact's share, inside the transaction that acknowledges it; what is none is not kept. */
  take(account: string, { share }: ShareLetter): void {
    try {
      parseShare(share);
    } catch {
      return;
    }
    this.#kept.put({ account, share, atMs: this.#o.clock.nowMs() });
  }

  /** He is no contact any more: neither keeps anything for the other. */
  forget(account: string): void {
    this.#given.delete(account);
    this.#kept.delete(account);
  }

  keptFor(account: string): KeptShare | null {
    return this.#kept.get(account);
  }

  /** For how many people one is kept. */
  get keptCount(): number {
    return this.#kept.count();
  }
}
