/**
 * The sender's side: while a courier is in use, what would leave in cells to other people is handed to him instead.
 *
 *   letter -> parcel -> cells, sealed and numbered -> cells letters to the courier      "queued"
 *   report: each piece taken by a relay                                                 "sent"
 *   report: a piece is gone; or no report for long                                      made into new cells, handed over again
 *
 * It fails closed: what cannot be handed over waits. It goes directly again once the person has switched the courier off.
 */

import { toBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { CELL_LIMITS, COURIER_LIMITS, COVER_LIMITS } from "../../core/cell-limits.ts";
import { MESSAGE_LIMITS } from "../../core/limits.ts";
import { createLetterId } from "../letter-id.ts";
import type { Account } from "../../vault/account.ts";
import type { Address } from "../addresses.ts";
import { type CellPost, type PreparedCell, type SharedEpoch } from "../cell/cell-post.ts";
import { PIECE_BYTES } from "../cell/cell.ts";
import type { Parcel } from "../cell/parcel.ts";
import type { ContactBook, ContactRow } from "../contact-book.ts";
import { acknowledgementDueMs } from "../cover/cover-law.ts";
import type { Outbox, OutboxRow } from "../outbox.ts";
import { rowKey } from "../outbox.ts";
import { creditOf, usedTodayOf } from "./allowances.ts";
import { noOffer } from "./courier-errors.ts";
import type { OfferSaying, ReportSaying } from "./courier-letter.ts";
import { Entrusted, type EntrustedRow } from "./entrusted.ts";
import { Grants } from "./grants.ts";
import { encodeHanded } from "./handed-cell.ts";
import { type OfferRow, Offers } from "./offers.ts";
import type { CourierVoice } from "./voice.ts";
import type { Identity } from "../../vault/identity.ts";

export interface SendingOptions {
  readonly vault: Account;
  readonly identity: Identity;
  readonly contacts: ContactBook;
  readonly outbox: Outbox;
  readonly post: CellPost;
  readonly voice: CourierVoice;
  /** There is a session with this account. */
  readonly hasSession: (account: string) => boolean;
  /** A relay has a letter. */
  readonly sent: (row: OutboxRow) => void;
  /** Something can go that had to wait; without a name, everything. */
  readonly wake: (device?: string) => void;
  readonly clock: Clock;
}

/** Who carries for us; kept over restarts. */
interface Use {
  readonly account: string;
  readonly device: string;
}

/** Why mail waits while a courier is in use. */
export type HoldReason = "not-a-contact" | "no-session" | "no-offer" | "used-up" | "full";

const USE = "courier-use";
/** What an envelope adds to a message that has to go as an intro. */
const ENVELOPE_BYTES = 1_400;

export class Sending {
  readonly #o: SendingOptions;
  readonly offers: Offers;
  readonly #grants: Grants;
  readonly #entrusted: Entrusted;
  #use: Use | null;

  constructor(options: SendingOptions) {
    this.#o = options;
    this.offers = new Offers(options.vault);
    this.#grants = new Grants(options.vault, options.identity, options.clock);
    this.#entrusted = new Entrusted(options.vault);
    this.#use = options.vault.readMeta<Use>(USE);
    options.contacts.watch((before, after) => this.#noteContact(before, after));
  }

  get use(): Use | null {
    return this.#use;
  }

  /** Hands everything to this contact from now on. Throws ValidationError `courier_not_offered`. */
  begin({ publicKey }: ContactRow): void {
    const offer = this.offers.of(publicKey);
    if (!offer || !isOpen(offer, this.#o.clock.nowMs())) throw noOffer();
    if (this.#use?.device === offer.device) return;
    this.end();
    this.#setUse({ account: publicKey, device: offer.device });
    this.#o.wake();
  }

  /** Revokes what the courier holds; mail goes directly again. */
  end(): void {
    const use = this.#use;
    if (!use) return;
    const capabilities = this.#grants.live(use.device);
    this.#o.vault.transaction(() => {
      this.#takeBack();
      for (const grant of capabilities) this.#grants.end(grant);
      for (let i = 0; i < capabilities.length; i += COURIER_LIMITS.capabilitiesPerPerson) {
        const ids = capabilities.slice(i, i + COURIER_LIMITS.capabilitiesPerPerson).map(({ id }) => id);
        this.#o.voice.say(use.device, { what: "revoke", capabilities: ids });
      }
      this.#setUse(null);
    });
    this.#o.wake();
  }

  /** True for what goes by the courier, or waits for him. */
  isFor(account: string): boolean {
    return this.#use !== null && account !== this.#use.account && account !== this.#o.identity.publicKey;
  }

  /** Null if cells can be handed over now. */
  hold(): HoldReason | null {
    const use = this.#use;
    if (!use) return null;
    const contact = this.#o.contacts.get(use.account);
    if (contact?.state !== "accepted" || contact.changedCard !== null) return "not-a-contact";
    if (!this.#o.hasSession(use.account)) return "no-session";
    const offer = this.offers.get(use.device);
    if (!offer || !isOpen(offer, this.#o.clock.nowMs())) return "no-offer";
    if (this.left(offer) <= 0) return "used-up";
    return this.#entrusted.countOpen() >= COURIER_LIMITS.entrusted ? "full" : null;
  }

  /**
   * Makes cells of a parcel and hands them to the courier, inside the transaction around it. Until when nothing is to be done
   * about the letter then; null if it has to wait and be sealed again. `row` is null for what is said once.
   */
  hand(
    parcel: Parcel,
    shared: SharedEpoch | null,
    to: Address,
    relays: readonly string[],
    row: OutboxRow | null,
  ): number | null {
    const { clock, post } = this.#o;
    const use = this.#use;
    const untilMs = clock.nowMs() + patienceMs(row);
    if (!use || this.hold() !== null) return null;
    if (row && this.#isUnderWay(rowKey(row))) return untilMs;
    // Before places of the lane are spent on it.
    if (cellsOf(parcel, relays.length) > this.#room(use.device)) return null;
    const cells = post.prepare(parcel, to, shared, relays);
    if (cells.length === 0) return null;
    const attempt = createLetterId();
    const letter = row ? rowKey(row) : null;
    for (const [relay, ofRelay] of Map.groupBy(cells, (cell) => cell.relay)) {
      for (let i = 0; i < ofRelay.length; ) {
        const part = ofRelay.slice(i, i + COURIER_LIMITS.cellsPerLetter);
        i += this.#handOver(use, relay, part, { attempt, letter });
      }
    }
    this.offers.spend(use.device, cells.length, clock.nowMs());
    return untilMs;
  }

  /** Why a letter waits that is not sent yet, in plain words; null if it does not wait for a courier. */
  why(row: OutboxRow, account: string): string | null {
    if (!this.isFor(account) || row.state !== "queued") return null;
    const name = this.#o.contacts.get(this.#use?.account ?? "")?.name ?? "your courier";
    const hold = this.hold();
    if (row.entrusted && this.#isUnderWay(rowKey(row))) return `It is on its way to ${name}, who will send it on.`;
    if (row.entrusted) return `It is with ${name}, who has not said yet that a relay took it.`;
    if (hold !== null) return `It waits for ${name}: ${HOLDS[hold]} ${DIRECTLY}`;
    return row.attempts + (row.refusals ?? 0) === 0
      ? null
      : `${name} could not take or send all of it; it is tried again. ${DIRECTLY}`;
  }

  /** Cells on the way to the courier, and cells that he has. */
  counts(): { readonly handing: number; readonly entrusted: number } {
    const open = this.#entrusted.list().filter(({ state }) => state === "under way");
    const handing = open.filter(({ handedIn, device }) => !this.#o.voice.isAcknowledged(handedIn, device)).length;
    return { handing, entrusted: open.length - handing };
  }

  /** Presents a voucher to a courier's main device. */
  redeem(account: string, code: string): void {
    this.#o.vault.transaction(() => {
      this.offers.noteAsked(account, account);
      this.#o.voice.say(account, { what: "redeem", code });
    });
  }

  // Letters; each call lies inside the transaction that acknowledges the letter.

  offered(account: string, device: string, said: OfferSaying, saidMs: number): void {
    this.offers.note(account, device, said, saidMs);
    queueMicrotask(() => this.#o.wake());
  }

  redeemed(account: string, device: string, ok: boolean): void {
    this.offers.noteRedeemed(account, device, ok);
  }

  reported(device: string, said: ReportSaying, saidMs: number): void {
    const grant = this.#grants.get(said.capability);
    if (grant?.device !== device) return;
    const taken = this.#settle(device, said.capability, said.taken, "taken");
    const gone = this.#settle(device, said.capability, [...said.lost, ...said.returned], "gone");
    // What is left is in the offer that comes with it.
    if (said.ended !== null && said.ended !== "over_limit") this.#grants.end(grant);
    if (said.ended === "not_allowed") this.offers.close(device, saidMs);
    this.offers.noteReport(device, said.taken.length, this.#o.clock.nowMs());
    const tries = new Map([...taken, ...gone].map((row) => [row.attempt, row.letter]));
    for (const [attempt, letter] of tries) this.#judge(attempt, letter);
  }

  /** Forgets cells of which nothing was reported while relays keep them; call now and then. */
  forgetOld(): void {
    const beforeMs = this.#o.clock.nowMs() - CELL_LIMITS.keptMs;
    for (const { n, atMs } of this.#entrusted.list()) if (atMs < beforeMs) this.#entrusted.delete(n);
  }

  /** What of a day's cells and of the credit is left. */
  left(offer: OfferRow): number {
    const nowMs = this.#o.clock.nowMs();
    return Math.max(0, offer.cellsPerDay - usedTodayOf(offer, nowMs)) + creditOf(offer, nowMs);
  }

  #room(device: string): number {
    const offer = this.offers.get(device);
    const left = offer ? this.left(offer) : 0;
    return Math.min(left, COURIER_LIMITS.entrusted - this.#entrusted.countOpen());
  }

  /** One letter; returns how many of the cells it took. */
  #handOver(
    { device }: Use,
    relay: string,
    cells: readonly PreparedCell[],
    of: Pick<EntrustedRow, "attempt" | "letter">,
  ): number {
    const { grant, numbers } = this.#grants.take(device, relay, cells.length);
    const handed = numbers.map((n, i) => ({ n, prepared: cells[i] as PreparedCell }));
    const handedIn = this.#o.voice.say(device, {
      what: "cells",
      capability: grant.token,
      relay,
      cells: handed.map(({ n, prepared }) => ({ n, cell: toBase64Url(encodeHanded(prepared)) })),
    });
    const atMs = this.#o.clock.nowMs();
    for (const { n, prepared } of handed) {
      const { piece } = prepared;
      this.#entrusted.put({ n, capability: grant.id, ...of, piece, handedIn, device, state: "under way", atMs });
    }
    return numbers.length;
  }

  /** Its last cells have not reached the courier: more of them would only make him wait longer. */
  #isUnderWay(letter: string): boolean {
    const rows = this.#entrusted.ofLetter(letter).filter(({ state }) => state === "under way");
    return rows.some(({ handedIn, device }) => !this.#o.voice.isAcknowledged(handedIn, device));
  }

  #settle(device: string, capability: string, numbers: readonly number[], state: "taken" | "gone"): EntrustedRow[] {
    const rows = numbers.flatMap((n) => this.#entrusted.get(n) ?? []);
    const open = rows.filter((row) => row.device === device && row.capability === capability);
    const settled = open.filter((row) => row.state === "under way");
    for (const row of settled) this.#entrusted.put({ ...row, state });
    return settled;
  }

  #judge(attempt: string, letter: string | null): void {
    const { outbox, clock, sent, wake } = this.#o;
    const state = this.#entrusted.stateOf(attempt);
    const row = letter === null ? null : outbox.byKey(letter);
    // Settled before: what becomes of its other copies is of no interest.
    if (!row?.entrusted || state === "under way") return;
    const patienceMs = acknowledgementDueMs(COVER_LIMITS.stealthPeriodMs, MESSAGE_LIMITS.resendMs);
    if (state === "arrived") {
      outbox.markSent(row, clock.nowMs(), patienceMs);
      sent(row);
    } else if (row.state === "queued") outbox.release(row, clock.nowMs() + failedWaitMs(row));
    queueMicrotask(() => wake(row.to));
  }

  /** What the courier does not have yet he is not to get; everything is made anew. */
  #takeBack(): void {
    for (const { n, handedIn, device } of this.#entrusted.list()) {
      this.#o.voice.unsay(handedIn, device);
      this.#entrusted.delete(n);
    }
    this.#o.outbox.releaseAll(0);
  }

  #setUse(use: Use | null): void {
    this.#o.vault.writeMeta(USE, use);
    this.#use = use;
  }

  /** A courier who is blocked or forgotten gets nothing more; mail waits until the person decides. */
  #noteContact(before: ContactRow | null, after: ContactRow | null): void {
    if (!before || before.publicKey !== this.#use?.account || after?.state === "accepted") return;
    for (const grant of this.#grants.live(this.#use.device)) this.#grants.end(grant);
    this.#takeBack();
    if (after === null) this.offers.forget(before.publicKey);
  }
}

const DIRECTLY = "It goes directly if you use no courier.";

export const HOLDS: Readonly<Record<HoldReason, string>> = {
  "not-a-contact": "you have blocked or removed this courier, or it has come with other keys.",
  "no-session": "there is no session with it yet.",
  "no-offer": "it does not carry for you any more.",
  "used-up": "all the cells that it carries for you in a day are used.",
  full: "too much is with it already.",
};

function isOpen(offer: OfferRow, nowMs: number): boolean {
  return offer.cellsPerDay > 0 || creditOf(offer, nowMs) > 0;
}

/** At most so many cells come of a parcel. */
function cellsOf(parcel: Parcel, relays: number): number {
  const bytes = (parcel.kind === "letter" ? parcel.envelope : parcel.body).length + ENVELOPE_BYTES;
  return Math.ceil(bytes / PIECE_BYTES) * Math.min(relays, COVER_LIMITS.copies);
}

/** Doubled each time: he may be waiting for a relay that is away, and each copy counts against what he carries in a day. */
function patienceMs(row: OutboxRow | null): number {
  return Math.min(COURIER_LIMITS.patienceMs * 2 ** (row?.attempts ?? 0), COURIER_LIMITS.patienceMaxMs);
}

function failedWaitMs({ attempts }: OutboxRow): number {
  return Math.min(MESSAGE_LIMITS.resendMs * 2 ** Math.max(0, attempts - 1), MESSAGE_LIMITS.resendMaxMs);
}
