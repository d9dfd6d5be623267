/**
 * Chaff: public notes, each sealed to a key that is thrown away, as cells in a steady stream to one relay (NEP-15). Whoever
 * reads that relay cannot tell them from mail, so a few people are a crowd.
 *
 *   notes of the relay (kind 1), or random bytes where there are none -> sealForNobody -> Emitter -> relay
 *
 * The stream keeps to the law of periods, and to nothing else: it knows of no mail. Its maker knows his own chaff and can
 * subtract it; from him it hides nothing.
 */

import { utf8Encode } from "../../core/bytes.ts";
import type { Clock, Timers } from "../../core/clock.ts";
import { COVER_LIMITS } from "../../core/cell-limits.ts";
import { randomBelow, randomBytes, randomUnit } from "../../core/random.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import { PIECE_BYTES } from "../cell/cell.ts";
import { sealForNobody } from "./cell-for-nobody.ts";
import { Emitter } from "./emitter.ts";

export interface ChaffOptions {
  /** Cells an hour, from 1 to COVER_LIMITS.chaffPerHour. */
  readonly perHour: number;
  /** Texts of public notes; asked again every COVER_LIMITS.chaffNotesMs. */
  readonly fetchNotes: () => Promise<readonly string[]>;
  readonly publish: (event: VerifiedEvent) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
}

const HOUR_MS = 3_600_000;

export class Chaff {
  readonly #o: ChaffOptions;
  readonly #emitter: Emitter;
  #notes: readonly Uint8Array[] = [];
  #cancelRefresh: () => void = () => {};
  #sent = 0;
  #closed = false;

  constructor(options: ChaffOptions) {
    const { perHour, clock, timers } = options;
    this.#o = options;
    this.#emitter = new Emitter({
      law: { meanPeriodMs: () => HOUR_MS / perHour },
      clock,
      timers,
      random: randomUnit,
      dummy: () => ({ make: () => sealForNobody(this.#note(), clock.nowMs()), settled: (taken) => this.#count(taken) }),
      publish: options.publish,
    });
    void this.#refresh();
  }

  /** Cells that the relay took. */
  get sent(): number {
    return this.#sent;
  }

  close(): void {
    this.#closed = true;
    this.#cancelRefresh();
    this.#emitter.close();
  }

  #count(taken: boolean): void {
    if (taken) this.#sent++;
  }

  #note(): Uint8Array {
    return this.#notes[randomBelow(Math.max(1, this.#notes.length))] ?? randomBytes(PIECE_BYTES);
  }

  /** A relay that cannot tell any leaves us with those of before, or with random bytes. */
  async #refresh(): Promise<void> {
    const texts = await this.#o.fetchNotes().catch(() => []);
    if (this.#closed) return;
    if (texts.length > 0) {
      this.#notes = texts.slice(0, COVER_LIMITS.chaffNotes).map((text) => utf8Encode(text).slice(0, PIECE_BYTES));
    }
    this.#cancelRefresh = this.#o.timers.schedule(() => void this.#refresh(), COVER_LIMITS.chaffNotesMs);
  }
}
