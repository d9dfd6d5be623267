/**
 * What still has to reach people, kept in the vault so that it survives any end of the process.
 *
 *   letters   hello, accept, text: stay until the other side acknowledges them; a text in the
 *             NIP-17 profile stays until a relay took it, because nobody acknowledges there
 *   receipts  acknowledgements that we owe: stay until a relay took them; a lost one is asked for
 *             again by the repeated letter
 *
 * Rows are written in the same transaction as what they follow from.
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import type { Letter } from "./letter.ts";

export interface OutboxRow {
  readonly id: string;
  /** Hex key of the recipient. */
  readonly to: string;
  /** A letter of ours, or the rumor of a NIP-17 message. */
  readonly content:
    | { readonly profile: "hidden"; readonly letter: Letter }
    | { readonly profile: "interop"; readonly rumor: string };
  readonly state: "queued" | "sent";
  readonly attempts: number;
  /** Not tried before this time. */
  readonly nextAtMs: number;
}

export interface ReceiptRow {
  readonly messageId: string;
  readonly to: string;
  readonly read: boolean;
}

export class Outbox {
  readonly #letters: SealedTable<OutboxRow>;
  readonly #receipts: SealedTable<ReceiptRow>;

  constructor(vault: Vault) {
    this.#letters = vault.table<OutboxRow>({
      name: "outbox",
      key: (row) => row.id,
      indexes: { to: (row) => row.to, state: (row) => row.state },
    });
    this.#receipts = vault.table<ReceiptRow>({
      name: "owed_receipts",
      key: receiptKey,
      indexes: { to: (row) => row.to },
    });
  }

  add(row: Pick<OutboxRow, "id" | "to" | "content">): void {
    this.#letters.put({ ...row, state: "queued", attempts: 0, nextAtMs: 0 });
  }

  get(id: string): OutboxRow | null {
    return this.#letters.get(id);
  }

  owe(receipt: ReceiptRow): void {
    this.#receipts.put(receipt);
  }

  /** Everybody who has something coming. */
  recipients(): string[] {
    const people = [...this.#letters.list({}), ...this.#receipts.list({})].map((row) => row.to);
    return [...new Set(people)];
  }

  /**
   * The oldest letters to one person, no more than may be in flight: a later letter starts only when
   * earlier ones are acknowledged, so that a burst neither floods a relay nor overruns the reader.
   */
  window(to: string): OutboxRow[] {
    return this.#letters.find("to", to, { limit: MESSAGE_LIMITS.inFlightPerContact });
  }

  receipts(to: string): ReceiptRow[] {
    return this.#receipts.find("to", to, { limit: MESSAGE_LIMITS.idsPerReceipt });
  }

  /** A relay took the letter; it is repeated later unless it is acknowledged. */
  markSent(row: OutboxRow, nowMs: number): void {
    const wait = Math.min(MESSAGE_LIMITS.resendMs * 2 ** row.attempts, MESSAGE_LIMITS.resendMaxMs);
    this.#letters.put({ ...row, state: "sent", attempts: row.attempts + 1, nextAtMs: nowMs + wait });
  }

  /** No relay took it. */
  postpone(row: OutboxRow, nowMs: number): void {
    const wait = Math.min(MESSAGE_LIMITS.retryMs * 2 ** row.attempts, MESSAGE_LIMITS.retryMaxMs);
    this.#letters.put({ ...row, attempts: row.attempts + 1, nextAtMs: nowMs + wait });
  }

  /**
   * The other side shows signs of life: what waits for another try goes at once. `again` also repeats
   * what was sent only once, because an acceptance means that it may have been dropped unread.
   */
  hasten(to: string, again: boolean): void {
    for (const row of this.window(to)) {
      if (again || row.attempts > 1 || row.state === "queued") this.#letters.put({ ...row, attempts: 0, nextAtMs: 0 });
    }
  }

  /** Takes back what was not acknowledged, or forgets what was. */
  remove(id: string): void {
    this.#letters.delete(id);
  }

  removeReceipts(receipts: readonly ReceiptRow[]): void {
    for (const receipt of receipts) this.#receipts.delete(receiptKey(receipt));
  }

  removeAll(to: string): void {
    for (const row of this.#letters.find("to", to, {})) this.#letters.delete(row.id);
    this.removeReceipts(this.#receipts.find("to", to, {}));
  }

  countTo(to: string): number {
    return this.#letters.count("to", to);
  }

  countQueued(): number {
    return this.#letters.count("state", "queued");
  }
}

function receiptKey(receipt: ReceiptRow): string {
  return `${receipt.messageId}/${receipt.read ? "read" : "delivered"}`;
}
