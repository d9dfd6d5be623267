/**
 * Attacks on the link between two people: what speaks for each candidate, as numbers for a classifier.
 *
 *   about a cell       what each candidate sends in the seconds and minutes after it and before it; who is the first to
 *                      send; whether his pace rises in the slots after it; whether addresses are alike
 *   about a slot       the candidate's pace then, before and after, and its rises
 *   about two people   whether they send at the same times, or one after the other, over the whole time
 */

import { collectEvidence, type Evidence } from "./disclosure-attack.ts";
import { firstFrom } from "./neighbours.ts";
import { countMinutes, type Trace } from "./trace.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const SLOT_MS = 600_000;

/** From and to, in ms after a cell. */
const WINDOWS: readonly (readonly [number, number])[] = [
  [0, 100],
  [0, SECOND_MS],
  [0, 10 * SECOND_MS],
  [10 * SECOND_MS, MINUTE_MS],
  [MINUTE_MS, 2 * MINUTE_MS],
  [2 * MINUTE_MS, 5 * MINUTE_MS],
  [5 * MINUTE_MS, 15 * MINUTE_MS],
  [-10 * SECOND_MS, 0],
  [-MINUTE_MS, -10 * SECOND_MS],
  [-5 * MINUTE_MS, -MINUTE_MS],
];

export class LinkingAttack {
  readonly #trace: Trace;
  readonly #pairs: Evidence;
  /** Of each person, cells in each slot, as logarithms. */
  readonly #slots: readonly (readonly number[])[];

  constructor(trace: Trace) {
    this.#trace = trace;
    const minutes = countMinutes(trace);
    this.#pairs = collectEvidence(minutes);
    this.#slots = minutes.map((counts) =>
      Array.from({ length: Math.ceil(counts.length / 10) }, (_, slot) =>
        Math.log1p(counts.subarray(slot * 10, slot * 10 + 10).reduce((sum, count) => sum + count, 0)),
      ),
    );
  }

  /** What speaks for each person as the recipient of a cell that `from` sent; of himself, nothing. */
  aboutCell(from: number, atMs: number, address: number): number[][] {
    const nextMs = this.#trace.sent.map(({ atMs: times }) => (times[firstFrom(times, atMs, true)] ?? Infinity) - atMs);
    const order = nextMs.toSorted((a, b) => a - b);
    return this.#trace.sent.map(({ atMs: times, addresses }, person) => {
      if (person === from) return [];
      const counts = WINDOWS.map(([first, last]) =>
        Math.log1p(firstFrom(times, atMs + last) - firstFrom(times, atMs + first, true)),
      );
      const next = nextMs[person] ?? 0;
      const lastAddress = addresses[firstFrom(times, atMs) - 1] ?? 0;
      return [
        ...counts,
        Math.log(Math.min(next, SLOT_MS) + 1),
        Math.log(firstFrom(order, next) + 1),
        countOnes(address ^ lastAddress),
        ...this.#aboutSlot(person, atMs),
        ...(this.#pairs[from]?.[person] ?? []),
      ];
    });
  }

  /** What speaks for each person as the sender of something that reached `to` within the slot of `atMs`. */
  aboutDelivery(to: number, atMs: number): number[][] {
    return this.#trace.sent.map((_, person) =>
      person === to ? [] : [...this.#aboutSlot(person, atMs), ...(this.#pairs[to]?.[person] ?? [])],
    );
  }

  #aboutSlot(person: number, atMs: number): number[] {
    const slot = Math.floor((atMs - this.#trace.startMs) / SLOT_MS);
    const at = (offset: number): number => this.#slots[person]?.[slot + offset] ?? 0;
    return [
      at(-2),
      at(-1),
      at(0),
      at(1),
      at(2),
      Math.max(0, at(0) - at(-1)),
      Math.max(0, at(1) - at(0)),
      Math.max(0, at(2) - at(1)),
      Math.max(0, at(0) - at(1)),
    ];
  }
}

function countOnes(bits: number): number {
  let ones = 0;
  for (let rest = bits >>> 0; rest !== 0; rest &= rest - 1) ones++;
  return ones;
}
