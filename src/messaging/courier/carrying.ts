/**
 * The courier's side: takes over cells of people whom his owner allows it, lets them be uploaded, and says what became of them.
 *
 *   cells letter -> judge (capability, numbers, allowance, room) -> queue, in the transaction that acknowledges the letter
 *   queue -> Uploader -> settled -> report, some at a time
 *   revoke, end, block, expiry -> what is queued is dropped
 */

import { fromBase64Url, toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { NocturneError } from "../../core/errors.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import { RELAY_LIMITS } from "../../core/limits.ts";
import type { Account } from "../../vault/account.ts";
import type { ContactBook, ContactRow } from "../contact-book.ts";
import { type AllowanceRow, Allowances, creditOf, usedTodayOf } from "./allowances.ts";
import { type Capability, covers, openCapability, relayHash } from "./capability.ts";
import { CarriedBook, type CarriedCell, type CarriedRow, isUsed, noNumbers, useNumbers } from "./carried-book.ts";
import type { CellsSaying, EndReason, ReportSaying } from "./courier-letter.ts";
import { badCellsPerDay, badVoucher, notAccepted, notCarrying } from "./courier-errors.ts";
import { checkHanded } from "./handed-cell.ts";
import type { CourierVoice } from "./voice.ts";
import { type VoucherRow, Vouchers } from "./vouchers.ts";

export interface CarryingOptions {
  readonly vault: Account;
  readonly contacts: ContactBook;
  /** Hex key of this device. */
  readonly device: string;
  /** All devices of somebody else: each may be the one that hands over. */
  readonly devicesOf: (account: string) => string[];
  readonly voice: CourierVoice;
  readonly clock: Clock;
  /** Something new is queued for this relay. */
  readonly pump: (relay: string) => void;
  /** Does work of which nobody waits for the end. */
  readonly attempt: (work: () => void) => void;
}

/** How far the clocks of two nodes may differ. */
const SKEW_MS = RELAY_LIMITS.futureMs;

export class Carrying {
  readonly #o: CarryingOptions;
  readonly book: CarriedBook;
  readonly allowances: Allowances;
  readonly vouchers: Vouchers;
  #reportTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: CarryingOptions) {
    this.#o = options;
    this.book = new CarriedBook(options.vault);
    this.allowances = new Allowances(options.vault);
    this.vouchers = new Vouchers(options.vault);
    options.contacts.watch((before, after) => this.#noteContact(before, after));
  }

  /** Carries for a contact from now on. Throws ValidationError `courier_not_accepted`, UsageError `bad_cells_per_day`. */
  allow({ publicKey, state }: ContactRow, cellsPerDay: number): void {
    if (state !== "accepted") throw notAccepted();
    const isSane = Number.isSafeInteger(cellsPerDay) && cellsPerDay >= 1 && cellsPerDay <= COURIER_LIMITS.cellsPerDay;
    if (!isSane) throw badCellsPerDay();
    this.#o.vault.transaction(() => this.#offer(publicKey, this.allowances.allow(publicKey, cellsPerDay)));
  }

  /** Carries for a contact no more; what is queued is dropped. Throws ValidationError `not_carrying`. */
  end({ publicKey }: ContactRow): void {
    const row = this.allowances.get(publicKey);
    if (!row) throw notCarrying();
    this.#o.vault.transaction(() => {
      this.allowances.end(publicKey);
      this.#endAll(publicKey, "not_allowed", true);
      this.#offer(publicKey, { ...row, cellsPerDay: 0, credit: 0 });
    });
  }

  /** Throws UsageError `bad_voucher`, ValidationError `too_many_vouchers`. */
  makeVoucher(cells: number, lastsMs: number): VoucherRow & { readonly code: string } {
    const { voucherCells, voucherMs } = COURIER_LIMITS;
    const isSane = Number.isSafeInteger(cells) && cells >= 1 && cells <= voucherCells;
    if (!isSane || !(lastsMs > 0 && lastsMs <= voucherMs)) throw badVoucher();
    const nowMs = this.#o.clock.nowMs();
    return this.#o.vault.transaction(() => this.vouchers.make(cells, nowMs + lastsMs, nowMs));
  }

  // Letters; each call lies inside the transaction that acknowledges the letter.

  redeem(account: string, device: string, code: string): void {
    const nowMs = this.#o.clock.nowMs();
    const redeemed = this.vouchers.redeem(code, account, nowMs);
    if (redeemed && !redeemed.again) {
      this.allowances.addCredit(account, redeemed.row.cells, redeemed.row.untilMs, nowMs);
    }
    // Asked again, he is told the same, unless it is over with it.
    const allowance = redeemed && this.allowances.get(account);
    this.#o.voice.answer(device, { what: "redeemed", ok: allowance !== null });
    if (allowance) this.#offer(account, allowance);
  }

  take(account: string, device: string, said: CellsSaying): void {
    const bytes = fromBase64Url(said.capability);
    const id = toHex(bytes.subarray(1, 17));
    const judged = this.#judge(account, device, said, bytes);
    const numbers = said.cells.map(({ n }) => n);
    if (typeof judged === "string") return this.#refuse(account, device, id, numbers, judged);
    const fresh = said.cells.filter(({ n }, i) => !isUsed(judged, n) && numbers.indexOf(n) === i);
    const taken = fresh.slice(0, this.#room(account, fresh.length));
    for (const { n, cell } of taken) {
      this.book.put({ capability: id, n, account, relay: said.relay, cell, state: "queued" });
    }
    const takenNumbers = taken.map(({ n }) => n);
    this.book.capabilities.put(useNumbers(judged, takenNumbers));
    const returned = fresh.slice(taken.length).map(({ n }) => n);
    if (returned.length > 0) this.#refuse(account, device, id, returned, "over_limit");
    queueMicrotask(() => this.#o.pump(said.relay));
  }

  /** Only by the device that signed it. One that is not known yet may come late, so its end is noted. */
  revoke(account: string, device: string, ids: readonly string[]): void {
    const untilMs = this.#o.clock.nowMs() + COURIER_LIMITS.capabilityMaxMs;
    for (const id of ids) {
      const row = this.book.capabilities.get(id);
      if (row?.device === device) this.#end(row, "revoked", true);
      else if (!row && this.allowances.get(account) && this.#hasRoomFor(account)) {
        const none = { relay: "", first: 0, count: 0, used: "" };
        this.book.capabilities.put({ id, account, device, ...none, untilMs, ended: "revoked" });
      }
    }
  }

  // In between

  /** Ends what is over; call now and then. */
  expire(): void {
    const nowMs = this.#o.clock.nowMs();
    const over = this.book.capabilities.list().filter(({ untilMs }) => untilMs <= nowMs);
    if (over.length === 0) return;
    this.#o.vault.transaction(() => {
      for (const row of over) {
        this.#end(row, "expired", true);
        this.book.capabilities.delete(row.id);
      }
    });
  }

  /** Something was settled: it is reported soon, with what follows it. */
  noteSettled(): void {
    if (this.#closed) return;
    this.#reportTimer ??= setTimeout(() => {
      this.#reportTimer = null;
      if (!this.#closed) this.#o.attempt(() => this.#o.vault.transaction(() => this.#reportAll()));
    }, COURIER_LIMITS.reportMs).unref();
  }

  close(): void {
    this.#closed = true;
    if (this.#reportTimer) clearTimeout(this.#reportTimer);
  }

  /** The capability as it is kept, or why nothing is taken under it. */
  #judge(account: string, device: string, said: CellsSaying, bytes: Uint8Array): CarriedRow | EndReason {
    const capability = readCapability(bytes);
    const known = capability && this.book.capabilities.get(capability.id);
    if (!capability || !this.#isFor(capability, device, said) || !isWhole(capability, said)) return "bad_capability";
    if (known && (known.device !== device || known.ended === null) && !isSame(known, capability, device)) {
      return "bad_capability";
    }
    if (known?.ended) return known.ended;
    const nowMs = this.#o.clock.nowMs();
    if (capability.untilMs <= nowMs) return "expired";
    if (capability.fromMs > nowMs + SKEW_MS) return "bad_capability";
    if (!this.allowances.get(account)) return "not_allowed";
    if (known) return known;
    const relays = this.book.relays(account);
    const isMuch = !relays.includes(said.relay) && relays.length >= COURIER_LIMITS.relaysPerPerson;
    if (isMuch || !this.#hasRoomFor(account)) return "over_limit";
    const { id, first, count, untilMs } = capability;
    return { id, account, device, relay: said.relay, first, count, untilMs, used: noNumbers(count), ended: null };
  }

  #isFor(capability: Capability, device: string, said: CellsSaying): boolean {
    const { sender, courier, relay } = capability;
    return sender === device && courier === this.#o.device && relay === relayHash(said.relay);
  }

  #hasRoomFor(account: string): boolean {
    return this.book.capabilities.count("account", account) < COURIER_LIMITS.capabilitiesPerPerson;
  }

  /** How many of the cells may be taken; they count as used then. */
  #room(account: string, cells: number): number {
    const ofPerson = COURIER_LIMITS.queuedPerPerson - this.book.countQueued(account);
    const ofAll = COURIER_LIMITS.queued - this.book.countQueued();
    const room = Math.max(0, Math.min(cells, ofPerson, ofAll));
    return this.allowances.spend(account, room, this.#o.clock.nowMs());
  }

  #endAll(account: string, reason: EndReason, tell: boolean): void {
    for (const row of this.book.capabilities.find("account", account)) this.#end(row, reason, tell);
  }

  #end(row: CarriedRow, reason: EndReason, tell: boolean): void {
    const queued = this.book.queuedUnder(row.id);
    for (const cell of queued) this.book.delete(cell);
    if (row.ended !== null && queued.length === 0) return;
    this.book.capabilities.put({ ...row, ended: reason });
    if (!tell) return;
    const numbers = queued.map(({ n }) => n);
    for (let i = 0; i === 0 || i < numbers.length; i += COURIER_LIMITS.numbersPerReport) {
      const returned = numbers.slice(i, i + COURIER_LIMITS.numbersPerReport);
      this.#report(row.device, { capability: row.id, returned, ended: reason });
    }
  }

  /** What is settled, by capability. */
  #reportAll(): void {
    const settled = (["taken", "lost"] as const).flatMap((state) => this.book.inState(state));
    for (const [id, cells] of Map.groupBy(settled, ({ capability }) => capability)) {
      const row = this.book.capabilities.get(id);
      for (const cell of cells) this.book.delete(cell);
      if (!row) continue;
      this.allowances.noteTaken(row.account, numbersIn(cells, "taken").length);
      for (let i = 0; i < cells.length; i += COURIER_LIMITS.numbersPerReport) {
        const part = cells.slice(i, i + COURIER_LIMITS.numbersPerReport);
        const [taken, lost] = [numbersIn(part, "taken"), numbersIn(part, "lost")];
        this.#report(row.device, { capability: id, taken, lost });
      }
    }
  }

  /** With what holds now: the sender counts otherwise, or an allowance has ended and begun again. */
  #refuse(account: string, device: string, capability: string, returned: readonly number[], ended: EndReason): void {
    this.#report(device, { capability, returned, ended });
    const allowance = this.allowances.get(account);
    if (allowance && (ended === "over_limit" || ended === "not_allowed")) this.#offer(account, allowance);
  }

  #report(device: string, report: Partial<ReportSaying> & Pick<ReportSaying, "capability">): void {
    this.#o.voice.answer(device, { what: "report", taken: [], lost: [], returned: [], ended: null, ...report });
  }

  #offer(account: string, row: AllowanceRow): void {
    const nowMs = this.#o.clock.nowMs();
    const { cellsPerDay, creditUntilMs: creditUntil } = row;
    const [usedToday, credit] = [usedTodayOf(row, nowMs), creditOf(row, nowMs)];
    for (const device of this.#o.devicesOf(account)) {
      this.#o.voice.answer(device, { what: "offer", cellsPerDay, usedToday, credit, creditUntil });
    }
  }

  /** Who is blocked or forgotten is carried for no more, and is not told. */
  #noteContact(before: ContactRow | null, after: ContactRow | null): void {
    const account = before?.publicKey;
    if (account === undefined || after?.state === "accepted" || !this.allowances.get(account)) return;
    this.allowances.end(account);
    this.#endAll(account, "not_allowed", false);
  }
}

function readCapability(bytes: Uint8Array): Capability | null {
  try {
    return openCapability(bytes);
  } catch (error) {
    if (error instanceof NocturneError) return null;
    throw error;
  }
}

/** True if all cells are of the capability's numbers and can be uploaded. */
function isWhole(capability: Capability, { cells }: CellsSaying): boolean {
  try {
    for (const { cell } of cells) checkHanded(fromBase64Url(cell));
    return cells.every(({ n }) => covers(capability, n));
  } catch (error) {
    if (error instanceof NocturneError) return false;
    throw error;
  }
}

/** A capability's name stands for one capability: the sender signed no other range under it. */
function isSame(known: CarriedRow, { first, count, untilMs, relay }: Capability, device: string): boolean {
  const isRange = known.first === first && known.count === count && known.untilMs === untilMs;
  return known.device === device && isRange && relayHash(known.relay) === relay;
}

function numbersIn(cells: readonly CarriedCell[], state: CarriedCell["state"]): number[] {
  return cells.flatMap((cell) => (cell.state === state ? [cell.n] : []));
}
