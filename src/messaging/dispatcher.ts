/**
 * Brings what lies in the outbox to the relays: for each recipient some letters at once, the oldest first, tried again at
 * growing intervals until they are acknowledged.
 *
 *   outbox row -> parcel -> cells, sealed anew for each try -> the recipient's relays; one that takes a cell is enough
 *
 * Nothing is kept here that is not in the vault: a new process goes on where the last ended.
 */

import type { Clock } from "../core/clock.ts";
import { COVER_LIMITS } from "../core/cell-limits.ts";
import { MESSAGE_LIMITS, ROUTE_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Account } from "../vault/account.ts";
import type { Identity } from "../vault/identity.ts";
import type { Address, Addresses } from "./addresses.ts";
import { wrapRumor } from "./interop.ts";
import type { CellPost } from "./cell/cell-post.ts";
import { acknowledgementDueMs, type CoverLaw } from "./cover/cover-law.ts";
import type { Streams } from "./cover/streams.ts";
import type { Sending } from "./courier/sending.ts";
import { type Letter, letterHead, type ReceiptLetter } from "./letter.ts";
import { type Outbox, type OutboxRow, type ReceiptRow, rowKey } from "./outbox.ts";
import { Pump, type Task } from "./pump.ts";
import type { Sealed, Sealing } from "./sealing.ts";

export interface DispatcherOptions {
  readonly vault: Account;
  readonly post: CellPost;
  readonly streams: Streams;
  readonly law: Pick<CoverLaw, "meanPeriodMs">;
  /** Connections on which nobody is known. */
  readonly pool: RelayPool;
  /** Connections on which relays know who we are: for NIP-17 alone. */
  readonly interopPool: RelayPool;
  readonly addresses: Addresses;
  readonly outbox: Outbox;
  readonly sealing: Sealing;
  /** By whom cells leave, if not by us. */
  readonly courier: Pick<Sending, "isFor" | "hold" | "hand">;
  /** Where to write to somebody whose relays are unknown. */
  readonly ownRelays: () => readonly string[];
  /** Where somebody collects NIP-17 messages. */
  readonly interopRelays: (publicKey: string) => Promise<readonly string[]>;
  readonly onSent: (row: OutboxRow) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Letters to one recipient that are being handed to relays: a relay that answers late must not hold up the others. */
const BURST = 16;

export class Dispatcher {
  readonly #o: DispatcherOptions;
  readonly #identity: Identity;
  /** By recipient; those that have something to do. */
  readonly #pumps = new Map<string, Pump>();
  readonly #ways = new Map<string, readonly string[]>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #timerAtMs = Infinity;

  constructor(options: DispatcherOptions) {
    this.#o = options;
    this.#identity = options.vault.identity();
  }

  /** Looks at everybody's letters, or at one person's. Returns at once. */
  wake(to?: string): void {
    if (this.#stop.signal.aborted) return;
    for (const recipient of to === undefined ? this.#o.outbox.recipients() : [to]) this.#pump(recipient).wake();
  }

  /** Seals and sends a letter once: it is not kept, and whether it arrives is found out by nobody. */
  sendOnce(letter: Letter, publicKey: string): void {
    const to = this.#o.addresses.of(publicKey);
    if (!to) return;
    const byCourier = this.#o.courier.isFor(to.account);
    // Who is typing is of no interest any more when such a cell leaves, and the message would wait behind it.
    if (letter.kind === "typing" && (byCourier || this.#o.law.meanPeriodMs() !== null)) return;
    const sealed = this.#o.sealing.sealControl(letter, to);
    if (byCourier) this.#o.vault.transaction(() => this.#hand(sealed, to));
    else void this.#post(sealed, to).catch(() => {});
  }

  /** Ends all tries; resolves when none runs any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#o.streams.close();
    if (this.#timer) clearTimeout(this.#timer);
    await Promise.all([...this.#pumps.values()].map((pump) => pump.settled()));
  }

  #pump(to: string): Pump {
    const known = this.#pumps.get(to);
    if (known) return known;
    const pump = new Pump({
      most: BURST,
      next: () => this.#tasks(to),
      onError: (error) => this.#o.log.error({ error: String(error) }, "a letter got stuck"),
      onIdle: () => this.#pumps.delete(to),
    });
    this.#pumps.set(to, pump);
    return pump;
  }

  #tasks(to: string): Task[] {
    // Receipts that no relay took, and what waits for a courier, are looked at again then.
    this.#wakeBy(this.#o.clock.nowMs() + ROUTE_LIMITS.retryMaxMs);
    const address = this.#stop.signal.aborted ? null : this.#o.addresses.of(to);
    if (!address) return [];
    const receipts = address.placed && !this.#isHeld(address) ? this.#o.outbox.receipts(to) : [];
    return [
      ...(receipts.length === 0 ? [] : [{ key: "receipts", run: () => this.#acknowledge(receipts, address) }]),
      ...this.#due(address).map((row) => ({ key: rowKey(row), run: () => this.#deliver(row, address) })),
    ];
  }

  /** How long an acknowledgement may take: it waits for its turn in the other's stream, of which we know nothing. */
  #patienceMs(): number {
    const hasStream = this.#o.law.meanPeriodMs() !== null;
    return acknowledgementDueMs(hasStream ? COVER_LIMITS.stealthPeriodMs : null, MESSAGE_LIMITS.resendMs);
  }

  #due(to: Address): OutboxRow[] {
    const now = this.#o.clock.nowMs();
    const ready = this.#ready(to);
    for (const { nextAtMs } of ready) if (nextAtMs > now) this.#wakeBy(nextAtMs);
    return ready.filter((row) => row.nextAtMs <= now);
  }

  /** Without what waits for a session: it is woken when there is one. */
  #ready(to: Address): OutboxRow[] {
    const { outbox, sealing } = this.#o;
    const isHeld = this.#isHeld(to);
    return outbox
      .inFlight(to.publicKey)
      .filter(({ content }) => sealing.isReady(content, to) && !(isHeld && content.profile !== "interop"));
  }

  /** True for what can only wait: it goes by a courier, and he takes nothing now. */
  #isHeld({ account }: Address): boolean {
    return this.#o.courier.isFor(account) && this.#o.courier.hold() !== null;
  }

  /** What cannot be sealed or handed over now is tried again like what no relay took. */
  async #deliver(row: OutboxRow, to: Address): Promise<boolean> {
    try {
      return await this.#bring(row, to);
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      this.#o.log.error({ error: String(error) }, "a letter got stuck");
      const { outbox, clock, vault } = this.#o;
      vault.transaction(() => {
        const current = outbox.get(row.id, row.to);
        if (current) outbox.postpone(current, clock.nowMs());
      });
      return true;
    }
  }

  async #bring(row: OutboxRow, to: Address): Promise<boolean> {
    const { outbox, clock } = this.#o;
    const { content } = row;
    if (content.profile !== "interop" && this.#o.courier.isFor(to.account)) return this.#entrust(row, content, to);
    const nowMs = clock.nowMs();
    const taken =
      content.profile === "interop"
        ? await this.#publishWrap(wrapRumor(content.rumor, this.#identity, row.to, nowMs), row.to)
        : await this.#send(row, content, to);
    if (this.#stop.signal.aborted) return false;
    this.#o.vault.transaction(() => {
      // Acknowledged, taken back or removed while it was on its way: then there is nothing to note.
      const current = outbox.get(row.id, row.to);
      if (!current) return;
      if (!taken) outbox.postpone(current, clock.nowMs());
      else if (content.profile === "interop") outbox.remove(row.id, row.to);
      else outbox.markSent(current, clock.nowMs(), this.#patienceMs());
      if (taken) this.#o.onSent(row);
    });
    return true;
  }

  /** To the courier, in the transaction that notes it: so no crash makes cells twice, or forgets them. */
  async #entrust(row: OutboxRow, content: Exclude<OutboxRow["content"], { profile: "interop" }>, to: Address) {
    const { outbox, clock, courier, sealing, streams, vault } = this.#o;
    const sealed = await sealing.seal(row, content, to);
    if (this.#stop.signal.aborted || !courier.isFor(to.account)) return false;
    if (row.state === "sent") streams.blame(this.#ways.get(rowKey(row)) ?? []);
    return vault.transaction(() => {
      const current = outbox.get(row.id, row.to);
      if (!sealed) outbox.remove(row.id, row.to);
      if (!current || !sealed) return true;
      const untilMs = this.#hand(sealed, to, current);
      if (untilMs === null) outbox.postpone(current, clock.nowMs());
      else outbox.entrust(current, untilMs);
      return untilMs !== null;
    });
  }

  #hand({ parcel, shared }: Sealed, to: Address, row: OutboxRow | null = null): number | null {
    const relays = to.relays.length > 0 ? to.relays : this.#o.ownRelays();
    return this.#o.courier.hand(parcel, shared, to, relays, row);
  }

  async #send(row: OutboxRow, content: Exclude<OutboxRow["content"], { profile: "interop" }>, to: Address) {
    const sealed = await this.#o.sealing.seal(row, content, to);
    if (this.#stop.signal.aborted) return false;
    if (row.state === "sent") this.#o.streams.blame(this.#ways.get(rowKey(row)) ?? []);
    if (sealed) return this.#post(sealed, to, row);
    this.#o.outbox.remove(row.id, row.to);
    return true;
  }

  async #acknowledge(receipts: readonly ReceiptRow[], to: Address): Promise<boolean> {
    const letter: ReceiptLetter = {
      ...letterHead(this.#o.clock.nowMs()),
      kind: "receipt",
      delivered: receipts.filter((row) => !row.read).map((row) => row.messageId),
      read: receipts.filter((row) => row.read).map((row) => row.messageId),
    };
    const sealed = this.#o.sealing.sealControl(letter, to);
    if (this.#o.courier.isFor(to.account)) {
      return this.#o.vault.transaction(() => {
        const isHanded = this.#hand(sealed, to) !== null;
        if (isHanded) this.#o.outbox.removeReceipts(receipts);
        return isHanded;
      });
    }
    const taken = await this.#post(sealed, to);
    if (taken && !this.#stop.signal.aborted) this.#o.vault.transaction(() => this.#o.outbox.removeReceipts(receipts));
    return taken;
  }

  async #post({ parcel, shared }: Sealed, to: Address, row?: OutboxRow): Promise<boolean> {
    const relays = to.relays.length > 0 ? to.relays : this.#o.ownRelays();
    // Acknowledged or taken back while it waits for its turn, which under `stealth` can take long.
    const isWanted = () => !row || this.#o.outbox.get(row.id, row.to) !== null;
    const { relays: chosen, taken } = await this.#o.post.send(parcel, to, shared, relays, isWanted);
    if (row) this.#noteWay(rowKey(row), chosen);
    return taken;
  }

  /** Which relays a letter went by last: if it has to be sent again, it is their fault. */
  #noteWay(key: string, relays: readonly string[]): void {
    this.#ways.delete(key);
    this.#ways.set(key, relays);
    const [oldest] = this.#ways.keys();
    if (this.#ways.size > COVER_LIMITS.ways && oldest !== undefined) this.#ways.delete(oldest);
  }

  /** Unknown first, so that relays do not learn who writes to whom; some take nothing from the unknown. */
  async #publishWrap(event: VerifiedEvent, to: string): Promise<boolean> {
    const { pool, interopPool, interopRelays } = this.#o;
    const relays = await interopRelays(to);
    return (await this.#publishOn(pool, event, relays)) || this.#publishOn(interopPool, event, relays);
  }

  /** True as soon as one of the relays has taken the wrap; the others are still being tried then. */
  async #publishOn(pool: RelayPool, event: VerifiedEvent, relays: readonly string[]): Promise<boolean> {
    try {
      await Promise.any(relays.map((url) => pool.publish(url, event, this.#stop.signal)));
      return true;
    } catch {
      return false;
    }
  }

  /** Looks at everybody's letters again at this time, or earlier, also while some are still under way. */
  #wakeBy(atMs: number): void {
    if (this.#stop.signal.aborted || this.#timerAtMs <= atMs) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const waitMs = Math.min(Math.max(atMs - this.#o.clock.nowMs(), MIN_SLEEP_MS), ROUTE_LIMITS.retryMaxMs);
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Infinity;
      this.wake();
    }, waitMs);
    this.#timer.unref();
  }
}

const MIN_SLEEP_MS = 100;
