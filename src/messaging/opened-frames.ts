/**
 * What was opened in sessions, so that it can be acknowledged again: a key opens a message once, and when our
 * acknowledgement is lost the sender repeats what we cannot read any more.
 */

import { toHex } from "../core/bytes.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import type { Account } from "../vault/account.ts";
import type { SealedTable } from "../vault/sealed-table.ts";

interface OpenedRow {
  /** SHA-256 of the sealed message. */
  readonly hash: string;
  readonly letterId: string;
  /** Device of the sender. */
  readonly from: string;
}

export class OpenedFrames {
  readonly #table: SealedTable<OpenedRow>;

  constructor(vault: Account) {
    this.#table = vault.table<OpenedRow>({
      name: "opened_frames",
      key: (row) => row.hash,
      indexes: { unsaved: () => "yes" },
    });
  }

  /** What a sealed message held, if it was opened before. */
  find(message: Uint8Array): OpenedRow | null {
    return this.#table.get(toHex(sha256(message)));
  }

  /** Of more than MESSAGE_LIMITS.openedFrames the oldest are forgotten. */
  note(message: Uint8Array, letterId: string, from: string): void {
    this.#table.put({ hash: toHex(sha256(message)), letterId, from });
    const excess = this.#table.count() - MESSAGE_LIMITS.openedFrames;
    if (excess > 0) for (const row of this.#table.list({ limit: excess })) this.#table.delete(row.hash);
  }
}
