/**
 * The cover law (NEP-15): when a device sends cells to a relay, whatever its owner does.
 *
 *   stealth    one cell in 30 s
 *   balanced   one cell in 5 s
 *   fast       no stream: a real cell leaves at once
 *
 *   | period      | period         | period     |      each 20 % longer or shorter than said, at random
 *   |    *        | *              |         *  |      one cell in each, at a moment drawn anew
 *
 * A real cell takes the place of a dummy: what waits when a period begins leaves in it. So which cells are real
 * depends on nothing that an observer sees. With exponential gaps it would: a message falls into a long gap more often
 * than into a short one, and the cell after a long gap would be real more often (decision 10).
 *
 * The pace is the same by day and by night, with the app open or closed. Did it follow the app, it would tell when
 * people are there, and that is enough to find who writes to whom: a message makes its recipient open the app, and
 * people who talk are there at the same times (decision 13).
 */

import { COVER_LIMITS } from "../../core/cell-limits.ts";

export const COVER_PROFILES = ["stealth", "balanced", "fast"] as const;
export type CoverProfile = (typeof COVER_PROFILES)[number];

const HOUR_MS = 3_600_000;
const MEAN_PERIODS_MS: Readonly<Record<CoverProfile, number | null>> = {
  stealth: COVER_LIMITS.stealthPeriodMs,
  balanced: COVER_LIMITS.balancedPeriodMs,
  fast: null,
};
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
export function coverCost(profile: CoverProfile, eventBytes: number, relays = 1): CoverCost {
  const meanMs = MEAN_PERIODS_MS[profile];
  const cellsPerHour = meanMs === null ? 0 : (relays * HOUR_MS) / meanMs;
  return { cellsPerHour, kilobytesPerHour: (cellsPerHour * eventBytes) / 1_000 };
}

/**
 * Seconds until a real cell leaves, on average: half a period until the next one, half of that, and one for each of
 * the cells `ahead`. With none ahead, never more than 2.4 periods.
 */
export function expectedWaitSeconds(profile: CoverProfile, ahead = 0): number {
  return ((MEAN_PERIODS_MS[profile] ?? 0) * (ahead + 1)) / 1_000;
}

/**
 * When an acknowledgement is overdue, in ms after its cell left: it waits for its turn in the other's stream, so
 * `periodMs` is the mean period there, the longest that its profile has if it is not known; null if it has no stream.
 */
export function acknowledgementDueMs(periodMs: number | null, roundTripMs: number): number {
  return roundTripMs + COVER_LIMITS.acknowledgementPeriods * (periodMs ?? 0);
}

/** A device's profile: one for all its relays, so that they see the same. */
export class CoverLaw {
  #profile: CoverProfile;
  readonly #listeners = new Set<() => void>();

  constructor(profile: CoverProfile) {
    this.#profile = profile;
  }

  get profile(): CoverProfile {
    return this.#profile;
  }

  /** Mean length in ms of a period; null without a stream. */
  meanPeriodMs(): number | null {
    return MEAN_PERIODS_MS[this.#profile];
  }

  /** Relays see that it changed, and when. */
  change(profile: CoverProfile): void {
    if (profile === this.#profile) return;
    this.#profile = profile;
    for (const listener of this.#listeners) listener();
  }

  /** Returns what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
