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
import type { Account } from "../vault/account.ts";
import type { SealedTable, Stored } from "../vault/sealed-table.ts";
import { isContent, type Letter } from "./letter.ts";
import { Pace } from "./pace.ts";

export interface OutboxRow {
  readonly id: string;
  /** Hex key of the recipient's device. */
  readonly to: string;
  /** A letter of ours, a commit that the others need, or the rumor of a NIP-17 message. */
  readonly content:
    | {
        readonly profile: "hidden";
        readonly letter: Letter;
        /** The session it belongs into; absent for what goes to one person's main device by the way that is open now. */
        readonly group?: string;
      }
    | {
        readonly profile: "commit";
        readonly session: string;
        readonly epoch: string;
        /** base64url */
        readonly message: string;
      }
    | { readonly profile: "interop"; readonly rumor: string };
  /** Its text belongs to a message that disappears, so it stays out of backups. */
  readonly unsaved?: boolean;
  readonly state: "queued" | "sent";
  /** Its cells are with a courier, or on the way there. */
  readonly entrusted?: boolean;
  /** How often it was sent without an answer, or given to a courier. */
  readonly attempts: number;
  /** How often since then it could not be sent. */
  readonly refusals?: number;
  /** Before that its acknowledgement may still be on the way; absent if it was never sent, or by an earlier version. */
  readonly overdueMs?: number;
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
  readonly #pace = new Pace();

  constructor(vault: Account) {
    this.#letters = vault.table<OutboxRow>({
      name: "outbox",
      key: rowKey,
      indexes: {
        letter: (row) => row.id,
        to: (row) => row.to,
        control: (row) => (isControl(row) ? row.to : null),
        state: (row) => row.state,
        unsaved: (row) => (row.unsaved ? "yes" : null),
      },
    });
    if (this.#letters.outdated) for (const row of this.#letters.list()) this.#rename(row);
    this.#receipts = vault.table<ReceiptRow>({
      name: "owed_receipts",
      key: receiptKey,
      indexes: { to: (row) => row.to },
    });
  }

  add(row: Pick<OutboxRow, "id" | "to" | "content" | "unsaved">): void {
    this.#letters.put({ ...row, state: "queued", attempts: 0, refusals: 0, nextAtMs: 0 });
  }

  get(id: string, to: string): OutboxRow | null {
    return this.#letters.get(rowKey({ id, to }));
  }

  byKey(key: string): OutboxRow | null {
    return this.#letters.get(key);
  }

  /** One row for each recipient that has not acknowledged the letter. */
  rowsOf(id: string): OutboxRow[] {
    return this.#letters.find("letter", id);
  }

  owe(receipt: ReceiptRow): void {
    this.#receipts.put(receipt);
  }

  owesDelivery(messageId: string, to: string): boolean {
    return this.#receipts.get(receiptKey({ messageId, to, read: false })) !== null;
  }

  /** Everybody who has something coming. */
  recipients(): string[] {
    const people = [...this.#letters.list({}), ...this.#receipts.list({})].map((row) => row.to);
    return [...new Set(people)];
  }

  /** The oldest letters to one person, as many as may be in flight at most. */
  window(to: string): OutboxRow[] {
    return this.#oldest(to, MESSAGE_LIMITS.inFlightPerContact);
  }

  /** Those that may be in flight now: a later letter starts only when earlier ones are acknowledged. */
  inFlight(to: string): OutboxRow[] {
    return this.#oldest(to, this.#pace.of(to));
  }

  receipts(to: string): ReceiptRow[] {
    return this.#receipts.find("to", to, { limit: MESSAGE_LIMITS.idsPerReceipt });
  }

  /** A relay took the letter; it is repeated after `patienceMs`, doubled each time, unless it is acknowledged. */
  markSent(row: OutboxRow, nowMs: number, patienceMs: number): void {
    const wait = Math.min(patienceMs * 2 ** row.attempts, MESSAGE_LIMITS.resendMaxMs);
    if (row.state === "sent") this.#pace.repeated(row.to, nowMs);
    const sent = { state: "sent", entrusted: false, attempts: row.attempts + 1, refusals: 0 } as const;
    this.#letters.put({ ...row, ...sent, overdueMs: nowMs + patienceMs, nextAtMs: nowMs + wait });
  }

  /** Its cells were handed to a courier; it is made into new ones if nothing is heard until then. */
  entrust(row: OutboxRow, untilMs: number): void {
    this.#letters.put({ ...row, entrusted: true, attempts: row.attempts + 1, refusals: 0, nextAtMs: untilMs });
  }

  /** The courier could do nothing for it, or is not to any more. */
  release(row: OutboxRow, nextAtMs: number): void {
    this.#letters.put({ ...row, entrusted: false, nextAtMs });
  }

  releaseAll(nextAtMs: number): void {
    for (const row of this.#letters.list()) if (row.entrusted) this.release(row, nextAtMs);
  }

  /** No relay took it. */
  postpone(row: OutboxRow, nowMs: number): void {
    const { refusals = 0 } = row;
    const wait = Math.min(MESSAGE_LIMITS.retryMs * 2 ** refusals, MESSAGE_LIMITS.retryMaxMs);
    this.#letters.put({ ...row, refusals: refusals + 1, nextAtMs: nowMs + wait });
  }

  /**
   * The other side shows signs of life: what waits for another try goes at once, unless its acknowledgement may be on
   * the way. `again` repeats that, too: an acceptance means that it may have been dropped unread.
   */
  hasten(to: string, again: boolean, nowMs: number): void {
    for (const row of this.window(to)) {
      if (row.entrusted) continue; // a courier has it
      const isOverdue = row.attempts > 1 && nowMs >= (row.overdueMs ?? 0);
      if (again || isOverdue || row.state === "queued") {
        this.#letters.put({ ...row, attempts: 0, refusals: 0, nextAtMs: 0 });
      }
    }
  }

  /** One recipient needs it no more. */
  remove(id: string, to: string): void {
    this.#pace.arrived(to);
    this.#letters.delete(rowKey({ id, to }));
  }

  /** Takes a letter back from all who have not acknowledged it. */
  takeBack(id: string): void {
    for (const row of this.rowsOf(id)) this.remove(id, row.to);
  }

  removeReceipts(receipts: readonly ReceiptRow[]): void {
    for (const receipt of receipts) this.#receipts.delete(receiptKey(receipt));
  }

  /** Takes back what was for this person alone; what a common group needs still goes out. */
  removeDirect(to: string): void {
    for (const row of this.#letters.find("to", to, {})) if (!isForGroup(row)) this.remove(row.id, to);
  }

  /** So much waits for this device already that it goes without what is said now: it has been away for long. */
  isFull(device: string): boolean {
    return this.countTo(device) >= MESSAGE_LIMITS.outboxPerContact;
  }

  /** Nothing goes to this device any more. */
  removeAllTo(device: string): void {
    for (const row of this.#letters.find("to", device)) this.remove(row.id, device);
    this.removeReceipts(this.#receipts.find("to", device));
  }

  countTo(to: string): number {
    return this.#letters.count("to", to);
  }

  #oldest(to: string, limit: number): Stored<OutboxRow>[] {
    // Content may wait for what a control letter brings, so it must not stand in its way.
    const control = this.#letters.find("control", to, { limit: MESSAGE_LIMITS.inFlightPerContact });
    const oldest = this.#letters.find("to", to, { limit }).filter((row) => !isControl(row));
    return [...control, ...oldest].sort((a, b) => a.seq - b.seq);
  }

  /** Rows of the version before there were groups were called by the letter alone. */
  #rename(row: OutboxRow): void {
    this.#letters.delete(row.id);
    this.#letters.put(row);
  }

  countQueued(): number {
    return this.#letters.count("state", "queued");
  }
}

function isForGroup({ content }: OutboxRow): boolean {
  if (content.profile !== "hidden") return content.profile === "commit";
  return content.group !== undefined || content.letter.kind === "welcome";
}

function isControl({ content }: OutboxRow): boolean {
  return content.profile === "commit" || (content.profile === "hidden" && !isContent(content.letter));
}

export function rowKey({ id, to }: Pick<OutboxRow, "id" | "to">): string {
  return `${id}/${to}`;
}

function receiptKey(receipt: ReceiptRow): string {
  return `${receipt.messageId}/${receipt.to}/${receipt.read ? "read" : "delivered"}`;
}
