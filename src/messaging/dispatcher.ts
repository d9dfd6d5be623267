/**
 * Brings what lies in the outbox to the relays: one worker a recipient, letters in order, tried
 * again at growing intervals until they are acknowledged.
 *
 *   outbox row -> sealed anew for each try -> the recipient's relays; one that takes it is enough
 *
 * Sealing anew gives every try another one-use key and another look, so that a relay cannot link the
 * tries. Nothing is kept here that is not in the vault: a new process goes on where the last ended.
 */

import type { Clock } from "../core/clock.ts";
import { ROUTE_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Identity } from "../vault/identity.ts";
import type { Vault } from "../vault/vault.ts";
import type { ContactBook, ContactRow } from "./contact-book.ts";
import { wrapRumor } from "./interop.ts";
import { letterHead, type ReceiptLetter } from "./letter.ts";
import type { Outbox, OutboxRow, ReceiptRow } from "./outbox.ts";
import { sealLetter } from "./sealed-letter.ts";

export interface DispatcherOptions {
  readonly vault: Vault;
  readonly pool: RelayPool;
  readonly contacts: ContactBook;
  readonly outbox: Outbox;
  /** Where to write to somebody whose relays are unknown. */
  readonly ownRelays: () => readonly string[];
  /** Where somebody collects NIP-17 messages. */
  readonly interopRelays: (publicKey: string) => Promise<readonly string[]>;
  readonly onSent: (row: OutboxRow) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Seals of one burst: several are on their way while the first is being acknowledged by the relay. */
const BURST = 16;

export class Dispatcher {
  readonly #o: DispatcherOptions;
  readonly #identity: Identity;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: DispatcherOptions) {
    this.#o = options;
    this.#identity = options.vault.identity();
  }

  /** Looks at everybody's letters, or at one person's. Returns at once. */
  wake(to?: string): void {
    if (this.#stop.signal.aborted) return;
    for (const recipient of to === undefined ? this.#o.outbox.recipients() : [to]) this.#start(recipient);
  }

  /** Ends all tries; resolves when none runs any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await Promise.allSettled(this.#busy.values());
  }

  #start(to: string): void {
    if (this.#busy.has(to)) {
      this.#again.add(to);
      return;
    }
    const run = this.#drain(to)
      .catch((error: unknown) => this.#o.log.error({ error: String(error) }, "a recipient's letters got stuck"))
      .finally(() => {
        this.#busy.delete(to);
        if (this.#again.delete(to)) this.wake(to);
        else this.#sleep();
      });
    this.#busy.set(to, run);
  }

  async #drain(to: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const contact = this.#o.contacts.get(to);
      if (!contact || contact.state === "blocked" || contact.changedCard !== null) return;
      const due = this.#due(to).slice(0, BURST);
      const receipts = contact.state === "accepted" ? this.#o.outbox.receipts(to) : [];
      if (due.length === 0 && receipts.length === 0) return;
      const arrived = await Promise.all([
        ...due.map((row) => this.#deliver(row, contact)),
        ...(receipts.length === 0 ? [] : [this.#acknowledge(receipts, contact)]),
      ]);
      if (!arrived.includes(true)) return;
    }
  }

  #due(to: string): OutboxRow[] {
    const now = this.#o.clock.nowMs();
    return this.#o.outbox.window(to).filter((row) => row.nextAtMs <= now);
  }

  async #deliver(row: OutboxRow, contact: ContactRow): Promise<boolean> {
    const { outbox, clock, contacts } = this.#o;
    const { content } = row;
    const nowMs = clock.nowMs();
    const taken =
      content.profile === "interop"
        ? await this.#publish(
            wrapRumor(content.rumor, this.#identity, row.to, nowMs),
            await this.#o.interopRelays(row.to),
          )
        : await this.#publish(
            sealLetter(content.letter, this.#identity, addressee(contact), nowMs),
            this.#relaysOf(contact),
          );
    if (this.#stop.signal.aborted) return false;
    return this.#o.vault.transaction(() => {
      // Acknowledged, taken back or removed while it was on its way: then there is nothing to note.
      const current = outbox.get(row.id);
      if (!current || !contacts.get(row.to)) return taken;
      if (!taken) outbox.postpone(current, clock.nowMs());
      else if (content.profile === "interop") outbox.remove(row.id);
      else outbox.markSent(current, clock.nowMs());
      if (taken) this.#o.onSent(row);
      return taken;
    });
  }

  async #acknowledge(receipts: readonly ReceiptRow[], contact: ContactRow): Promise<boolean> {
    const letter: ReceiptLetter = {
      ...letterHead(this.#o.clock.nowMs()),
      kind: "receipt",
      delivered: receipts.filter((row) => !row.read).map((row) => row.messageId),
      read: receipts.filter((row) => row.read).map((row) => row.messageId),
    };
    const wrap = sealLetter(letter, this.#identity, addressee(contact), letter.at);
    const taken = await this.#publish(wrap, this.#relaysOf(contact));
    if (taken && !this.#stop.signal.aborted) this.#o.vault.transaction(() => this.#o.outbox.removeReceipts(receipts));
    return taken;
  }

  /** True as soon as one of the relays has taken the event; the others are still being tried then. */
  async #publish(event: VerifiedEvent, relays: readonly string[]): Promise<boolean> {
    const tries = relays.map((url) => this.#o.pool.publish(url, event, this.#stop.signal));
    try {
      await Promise.any(tries);
      return true;
    } catch {
      return false;
    }
  }

  #relaysOf(contact: ContactRow): readonly string[] {
    const known = contact.card?.relays ?? contact.relays;
    return known.length > 0 ? known : this.#o.ownRelays();
  }

  /** Wakes up when the next letter is due; receipts that no relay took are tried then, too. */
  #sleep(): void {
    if (this.#stop.signal.aborted || this.#busy.size > 0) return;
    if (this.#timer) clearTimeout(this.#timer);
    const now = this.#o.clock.nowMs();
    const recipients = this.#o.outbox.recipients();
    if (recipients.length === 0) return;
    const next = recipients.flatMap((to) => this.#o.outbox.window(to).map((row) => row.nextAtMs));
    const waitMs = Math.min(Math.max(Math.min(...next) - now, MIN_SLEEP_MS), ROUTE_LIMITS.retryMaxMs);
    this.#timer = setTimeout(() => this.wake(), waitMs);
    this.#timer.unref();
  }
}

const MIN_SLEEP_MS = 100;

function addressee(contact: ContactRow): { publicKey: string; hybridPublicKey: string | null } {
  return { publicKey: contact.publicKey, hybridPublicKey: contact.card?.hybridPublicKey ?? null };
}
