/**
 * People as they live with a messenger, for a relay to watch.
 *
 *   who knows whom   a random graph; each writes mostly to one or two of some six partners
 *   presence         the app is opened some times a day, by daylight more often, and closed again
 *   letters          a text is read when the app is open, answered after a minute or so, most of the time; each is
 *                    acknowledged by a letter of its own as soon as it arrives, open or not, as the product does
 *   notified         what share of texts makes its recipient open the app within minutes
 *
 * It knows nothing of cells: letters are handed to a `Carriage` and come back by `arrived`.
 */

import type { Clock, Timers } from "../../src/core/clock.ts";
import { exponential } from "./exponential-sender.ts";

const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

export interface Letter {
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly kind: "text" | "receipt";
  readonly cells: number;
}

/** What brings letters, and is told of people's apps. */
export interface Carriage {
  post(letter: Letter): void;
  setAppOpen(person: number, open: boolean): void;
}

export interface SocialOptions {
  readonly people: number;
  readonly time: Clock & Timers;
  readonly carriage: Carriage;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly notified: number;
  /** False: no night, for experiments in which the hour must not tell anything. */
  readonly nights?: boolean;
  /** How many times the usual number of visits. */
  readonly busy?: number;
  /** How long people take to answer, on average. */
  readonly answerMs?: number;
}

const VISITS_PER_DAY = 8;
const VISIT_MS = 8 * MINUTE_MS;
const FRIENDS = 3;
const BEGINS = 0.6;
const ANSWERS = 0.85;
const BEGIN_MS = MINUTE_MS / 2;
const NOTICE_MS = 4 * MINUTE_MS;
/** Who answers stays for a while. */
const LINGER_MS = 3 * MINUTE_MS;
/** How much is done in each hour of the day. */
const DAYLIGHT = [1, 0.5, 0.2, 0.1, 0.1, 0.3, 1, 3, 4, 4, 4, 4, 5, 5, 4, 4, 4, 5, 6, 8, 9, 9, 7, 3];
const BRIGHTEST: number = Math.max(...DAYLIGHT);

interface Presence {
  /** 0: closed. */
  untilMs: number;
  readonly unread: Letter[];
}

export class SocialWorld {
  readonly letters: Letter[] = [];
  /** Of each person, partner -> how readily he writes to him. */
  readonly partners: readonly ReadonlyMap<number, number>[];
  readonly #o: SocialOptions;
  readonly #presence: readonly Presence[];

  constructor(options: SocialOptions) {
    this.#o = options;
    this.partners = drawPartners(options.people, options.random);
    this.#presence = this.partners.map(() => ({ untilMs: 0, unread: [] }));
    for (let person = 0; person < options.people; person++) this.#planVisit(person);
  }

  /** A letter has reached its recipient's device. */
  arrived(letter: Letter): void {
    if (letter.kind === "receipt") return;
    const { random, notified } = this.#o;
    this.#write(letter.to, letter.from, "receipt");
    const { untilMs, unread } = this.#presenceOf(letter.to);
    if (untilMs > 0) return this.#read(letter);
    unread.push(letter);
    if (random() < notified && random() < this.#daylight()) {
      this.#after(NOTICE_MS, () => this.#visit(letter.to, exponential(VISIT_MS, random())));
    }
  }

  /** Whom a person writes to most. */
  closest(person: number): number {
    const known = [...(this.partners[person] ?? [])];
    return known.reduce((best, next) => (next[1] > best[1] ? next : best), [-1, 0])[0];
  }

  #planVisit(person: number): void {
    const { random, nights = true, busy = 1 } = this.#o;
    // Thinned by the light of the hour; so that there are VISITS_PER_DAY of them in a day all the same.
    const often = nights ? (24 * BRIGHTEST) / DAYLIGHT.reduce((sum, light) => sum + light) : 1;
    this.#after(DAY_MS / (VISITS_PER_DAY * often * busy), () => {
      if (random() < this.#daylight()) this.#visit(person, exponential(VISIT_MS, random()));
      this.#planVisit(person);
    });
  }

  #visit(person: number, lengthMs: number): void {
    const presence = this.#presenceOf(person);
    const isOpen = presence.untilMs > 0;
    presence.untilMs = Math.max(presence.untilMs, this.#nowMs + lengthMs);
    if (!isOpen) {
      this.#o.carriage.setAppOpen(person, true);
      this.#closeLater(person);
    }
    for (const letter of presence.unread.splice(0)) this.#read(letter);
    if (this.#o.random() < BEGINS) this.#after(BEGIN_MS, () => this.#write(person, this.#drawPartner(person), "text"));
  }

  #closeLater(person: number): void {
    const presence = this.#presenceOf(person);
    this.#o.time.schedule(() => {
      if (presence.untilMs > this.#nowMs) return this.#closeLater(person);
      presence.untilMs = 0;
      this.#o.carriage.setAppOpen(person, false);
    }, presence.untilMs - this.#nowMs);
  }

  #read(letter: Letter): void {
    const { random, answerMs = MINUTE_MS } = this.#o;
    if (random() >= ANSWERS) return;
    const presence = this.#presenceOf(letter.to);
    const delayMs = answerMs / 10 + exponential(answerMs, random());
    presence.untilMs = Math.max(presence.untilMs, this.#nowMs + delayMs + LINGER_MS);
    this.#o.time.schedule(() => this.#write(letter.to, letter.from, "text"), delayMs);
  }

  #write(from: number, to: number, kind: Letter["kind"]): void {
    const cells = kind === "receipt" ? 1 : cellsOfText(this.#o.random());
    const letter = { number: this.letters.length, from, to, kind, cells };
    this.letters.push(letter);
    this.#o.carriage.post(letter);
  }

  #drawPartner(person: number): number {
    const known = [...(this.partners[person] ?? [])];
    let left = this.#o.random() * known.reduce((sum, [, weight]) => sum + weight, 0);
    return known.find(([, weight]) => (left -= weight) < 0)?.[0] ?? (known[0]?.[0] as number);
  }

  #daylight(): number {
    if (this.#o.nights === false) return 1;
    return (DAYLIGHT[Math.floor(this.#nowMs / (60 * MINUTE_MS)) % 24] ?? 0) / BRIGHTEST;
  }

  #after(meanMs: number, work: () => void): void {
    this.#o.time.schedule(work, exponential(meanMs, this.#o.random()));
  }

  #presenceOf(person: number): Presence {
    return this.#presence[person] as Presence;
  }

  get #nowMs(): number {
    return this.#o.time.nowMs();
  }
}

/** A line fills one cell, a renewal of keys three, a long text more. */
function cellsOfText(draw: number): number {
  if (draw < 0.8) return 1;
  return draw < 0.97 ? 3 : 9;
}

/** Each chooses some friends, who are his as he is theirs; the weights of a friendship fall from the first on. */
function drawPartners(people: number, random: () => number): Map<number, number>[] {
  const partners = Array.from({ length: people }, () => new Map<number, number>());
  for (let person = 0; person < people; person++) {
    for (let rank = 1; rank <= Math.min(FRIENDS, people - 1); rank++) {
      let friend = person;
      while (friend === person || partners[person]?.has(friend)) {
        if ((partners[person]?.size ?? 0) >= people - 1) break;
        friend = Math.floor(random() * people);
      }
      if (friend === person || partners[person]?.has(friend)) break;
      for (const [one, other] of [
        [person, friend],
        [friend, person],
      ] as const)
        partners[one]?.set(other, 1 / rank ** 2);
    }
  }
  return partners;
}
