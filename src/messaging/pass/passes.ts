/**
 * What our own first letters show to people who do not know us yet: the proof of their invite, or work (NEP-17).
 *
 *   pending contact -> passOf: what there is; "wait" while it is being computed -> done -> wake(contact)
 *
 * One work at a time; nothing of it is stored, so after a restart it begins anew.
 */

import type { Clock } from "../../core/clock.ts";
import { WORK_LIMITS } from "../../core/cell-limits.ts";
import type { ContactBook, ContactRow } from "../contact-book.ts";
import type { Letter } from "../letter.ts";
import { mineWork } from "./mining.ts";
import type { Pass } from "./pass.ts";
import type { Work } from "./work.ts";

export interface PassesOptions {
  readonly contacts: ContactBook;
  /** Hex key of our device. */
  readonly ownKey: string;
  /** Letters for this person may go. */
  readonly wake: (publicKey: string) => void;
  /** Something is being computed for somebody, or is no more. */
  readonly changed: () => void;
  readonly clock: Clock;
}

export class Passes {
  readonly #o: PassesOptions;
  /** By contact; the oldest first. */
  readonly #works = new Map<string, Work>();
  readonly #wanted = new Set<string>();
  readonly #stop = new AbortController();
  /** Ends the work that is being done. */
  #current: { readonly contact: string; readonly abort: AbortController } | null = null;

  constructor(options: PassesOptions) {
    this.#o = options;
    // Answered, removed, blocked: then nobody asks for it any more.
    options.contacts.watch((before, after) => {
      if (before && before.state !== after?.state) this.#forget(before.publicKey);
    });
  }

  /** What a letter to this person shows: a pass, null if none is needed, or "wait" while work is being computed. */
  passOf(publicKey: string, letter: Letter): Pass | null | "wait" {
    const contact = this.#o.contacts.get(publicKey);
    // Who says hello to somebody he knows has lost the session; the other may have lost more, and know nobody.
    const isStranger = contact?.state === "pending" || letter.kind === "hello";
    if (!contact || !isStranger || contact.profile === "interop") return null;
    const { proof } = contact;
    const bits = this.#demandOf(contact);
    if (bits === 0) return proof === null ? null : { proof, work: null };
    const work = this.#workFor(publicKey, bits);
    if (work) return { proof, work };
    this.#want(publicKey);
    return "wait";
  }

  /** Ends all work. */
  close(): void {
    this.#stop.abort();
    this.#wanted.clear();
    this.#current?.abort.abort();
  }

  /** A proof is enough at first. Who has not answered by then may read it after the invite's end. */
  #demandOf({ card, proof, addedAtMs }: ContactRow): number {
    if (proof !== null && this.#o.clock.nowMs() < addedAtMs + WORK_LIMITS.freshMs) return 0;
    return card?.work ?? 0;
  }

  #workFor(publicKey: string, bits: number): Work | null {
    const work = this.#works.get(publicKey);
    const isFresh = work && this.#o.clock.nowMs() - work.createdAt * 1000 < WORK_LIMITS.freshMs;
    return isFresh && work.bits >= bits ? work : null;
  }

  #want(publicKey: string): void {
    if (this.#wanted.has(publicKey) || this.#stop.signal.aborted) return;
    this.#wanted.add(publicKey);
    this.#o.contacts.working.add(publicKey);
    queueMicrotask(this.#o.changed);
    if (!this.#current) void this.#workAll();
  }

  async #workAll(): Promise<void> {
    for (const contact of this.#wanted) {
      const abort = new AbortController();
      this.#current = { contact, abort };
      const isDone = await this.#workOn(contact, abort.signal);
      this.#unwant(contact);
      if (isDone) this.#o.wake(contact);
    }
    this.#current = null;
  }

  /** False if it was ended, or failed: then whoever needs it asks again. */
  async #workOn(contact: string, signal: AbortSignal): Promise<boolean> {
    const { contacts, ownKey, clock } = this.#o;
    try {
      const row = contacts.get(contact);
      if (row)
        this.#keep(contact, await mineWork({ from: ownKey, to: contact }, this.#demandOf(row), clock.nowMs(), signal));
      return row !== null;
    } catch {
      return false;
    }
  }

  #unwant(contact: string): void {
    if (!this.#wanted.delete(contact)) return;
    this.#o.contacts.working.delete(contact);
    queueMicrotask(this.#o.changed);
  }

  #forget(contact: string): void {
    this.#works.delete(contact);
    if (this.#current?.contact === contact) this.#current.abort.abort();
    else this.#unwant(contact);
  }

  #keep(contact: string, work: Work): void {
    this.#works.delete(contact);
    this.#works.set(contact, work);
    const [oldest] = this.#works.keys();
    if (this.#works.size > WORK_LIMITS.kept && oldest !== undefined) this.#works.delete(oldest);
  }
}
