/**
 * The cover law (NEP-15): when a device sends cells to a relay, whatever its owner does.
 *
 *   stealth    ~30 s between cells                       always
 *   balanced   ~2 s in an open slot, ~60 s in another    a slot: 10 minutes, the same ones on all devices
 *   fast       no stream: a real cell leaves at once
 *
 * Gaps are exponential, so each cell comes independently of all before it. A real cell takes the place of a dummy.
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

/** Mean gap between two cells to one relay in ms; null where there is no stream. */
function meanGapMs(profile: CoverProfile, openSlot: boolean): number | null {
  if (profile === "fast") return null;
  if (profile === "stealth") return COVER_LIMITS.stealthGapMs;
  return openSlot ? COVER_LIMITS.openGapMs : COVER_LIMITS.closedGapMs;
}

/** An exponential gap in ms. `unit` is uniform in [0, 1) and from a cryptographic source: gaps must not be foreseen. */
export function drawGapMs(meanMs: number, unit: number): number {
  return -meanMs * Math.log1p(-unit);
}

/** The next moment after `nowMs`, in ms since 1970, at which a pace may change. */
export function nextBoundaryMs(nowMs: number): number {
  return (slotAt(nowMs) + 1) * COVER_LIMITS.slotMs;
}

export interface CoverCost {
  readonly cellsPerHour: number;
  /** 1 KB is 1,000 bytes. */
  readonly kilobytesPerHour: number;
}

/** What a stream to `relays` relays takes on average, sending alone, if a cell's event has `eventBytes` of JSON. */
export function coverCost(profile: CoverProfile, openSlot: boolean, eventBytes: number, relays = 1): CoverCost {
  const gapMs = meanGapMs(profile, openSlot);
  const cellsPerHour = gapMs === null ? 0 : (relays * HOUR_MS) / gapMs;
  return { cellsPerHour, kilobytesPerHour: (cellsPerHour * eventBytes) / 1_000 };
}

/** Seconds until a real cell leaves, on average, with `ahead` others waiting before it: each takes one gap. */
export function expectedWaitSeconds(profile: CoverProfile, openSlot: boolean, ahead = 0): number {
  return ((meanGapMs(profile, openSlot) ?? 0) * (ahead + 1)) / 1_000;
}

/**
 * When an acknowledgement is overdue, in ms after its cell left. `gapMs`: mean gap of the slower of both ends, because
 * the acknowledgement waits for its turn in the other's stream; a gap alone is longer than three means in 5 % of cases.
 */
export function acknowledgementDueMs(gapMs: number | null, roundTripMs: number): number {
  return roundTripMs + COVER_LIMITS.acknowledgementGaps * (gapMs ?? 0);
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

  /** Mean gap in ms until the next boundary; null without a stream. */
  meanGapMs(nowMs: number): number | null {
    return meanGapMs(this.profile, this.isOpenSlot(nowMs));
  }

  /** Nobody need call at the boundary itself: what was so at the last call was so then. */
  #enterSlot(nowMs: number): void {
    const slot = slotAt(nowMs);
    if (slot === this.#slot) return;
    this.#slot = slot;
    this.#openSlot = this.#appOpen;
  }
}

function slotAt(nowMs: number): number {
  return Math.floor(nowMs / COVER_LIMITS.slotMs);
}
