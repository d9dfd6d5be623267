/**
 * The cover law (NEP-15): when a device sends cells to a relay, whatever its owner does.
 *
 *   stealth    one cell in 30 s    always
 *   balanced   one cell in 2 s     in an open slot; one in 60 s in another. A slot: 10 minutes, the same on all devices
 *   fast       no stream: a real cell leaves at once
 *
 *   | period      | period         | period     |      each 20 % longer or shorter than said, at random
 *   |    *        | *              |         *  |      one cell in each, at a moment drawn anew
 *
 * A real cell takes the place of a dummy: what waits when a period begins leaves in it. So which cells are real
 * depends on nothing that an observer sees. With exponential gaps it would: a message falls into a long gap more often
 * than into a short one, and the cell after a long gap would be real more often (decision 10).
 *
 * Which slot is open. A slot is open if the app was open at the moment the slot began, and stays what it is to its
 * end: neither opening nor closing shows before the next boundary, and a visit between two boundaries never shows.
 * So the pace tells an observer one bit every ten minutes, "the app was open at that moment", and nothing of when it
 * was opened or closed. A rise at once would tell the second in which a person came, and with it which cell of
 * somebody else made him come; a fall at once, how long he stayed. The price: who opens the app goes on at the pace of
 * a closed one to the next boundary. A start is no change of pace, because the connection shows it anyway: the first
 * slot takes the app as it is then.
 */

import { COVER_LIMITS } from "../../core/limits.ts";

export type CoverProfile = "stealth" | "balanced" | "fast";

const HOUR_MS = 3_600_000;
const SPREAD = COVER_LIMITS.periodSpreadPercent / 100;

/**
 * The length of the next period in ms. `unit` is uniform in [0, 1). Were all periods the same, a relay could measure
 * the drift of the device's clock by them, and know the device again at another relay.
 */
export function drawPeriodMs(meanMs: number, unit: number): number {
  return meanMs * (1 + SPREAD * (2 * unit - 1));
}

export interface CoverCost {
  readonly cellsPerHour: number;
  /** 1 KB is 1,000 bytes. */
  readonly kilobytesPerHour: number;
}

/** What streams to `relays` relays take, sending alone, if a cell's event has `eventBytes` of JSON. */
export function coverCost(profile: CoverProfile, openSlot: boolean, eventBytes: number, relays = 1): CoverCost {
  const meanMs = meanPeriodMs(profile, openSlot);
  const cellsPerHour = meanMs === null ? 0 : (relays * HOUR_MS) / meanMs;
  return { cellsPerHour, kilobytesPerHour: (cellsPerHour * eventBytes) / 1_000 };
}

/**
 * Seconds until a real cell leaves, on average: half a period until the next one, half of that, and one for each of
 * the cells `ahead`. With none ahead, never more than 2.4 periods.
 */
export function expectedWaitSeconds(profile: CoverProfile, openSlot: boolean, ahead = 0): number {
  return ((meanPeriodMs(profile, openSlot) ?? 0) * (ahead + 1)) / 1_000;
}

/**
 * When an acknowledgement is overdue, in ms after its cell left: it waits for its turn in the other's stream, so
 * `periodMs` is the mean period there, the longest that its profile has if it is not known; null if it has no stream.
 */
export function acknowledgementDueMs(periodMs: number | null, roundTripMs: number): number {
  return roundTripMs + COVER_LIMITS.acknowledgementPeriods * (periodMs ?? 0);
}

/** A device's profile and whether its slot is open; one for all its relays, so that they see the same. */
export class CoverLaw {
  readonly profile: CoverProfile;
  #appOpen: boolean;
  #openSlot: boolean;
  #slot: number;

  constructor(profile: CoverProfile, appOpen: boolean, nowMs: number) {
    this.profile = profile;
    this.#appOpen = appOpen;
    this.#openSlot = appOpen;
    this.#slot = slotAt(nowMs);
  }

  /** The app was opened or closed; shows from the next boundary on, if it is still so then. */
  setAppOpen(appOpen: boolean, nowMs: number): void {
    this.#enterSlot(nowMs);
    this.#appOpen = appOpen;
  }

  /** Whether the slot that `nowMs` lies in is open: what the costs and waits shown to a person depend on. */
  isOpenSlot(nowMs: number): boolean {
    this.#enterSlot(nowMs);
    return this.#openSlot;
  }

  /** Mean length in ms of a period that begins at `nowMs`; null without a stream. */
  meanPeriodMs(nowMs: number): number | null {
    return meanPeriodMs(this.profile, this.isOpenSlot(nowMs));
  }

  /** Nobody need call at the boundary itself: what was so at the last call was so then. */
  #enterSlot(nowMs: number): void {
    const slot = slotAt(nowMs);
    if (slot === this.#slot) return;
    this.#slot = slot;
    this.#openSlot = this.#appOpen;
  }
}

function meanPeriodMs(profile: CoverProfile, openSlot: boolean): number | null {
  if (profile === "fast") return null;
  if (profile === "stealth") return COVER_LIMITS.stealthPeriodMs;
  return openSlot ? COVER_LIMITS.openPeriodMs : COVER_LIMITS.closedPeriodMs;
}

function slotAt(nowMs: number): number {
  return Math.floor(nowMs / COVER_LIMITS.slotMs);
}
