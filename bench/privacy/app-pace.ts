/**
 * The control beside the cover law: a pace that follows the app, as ours once did. One cell in 2 s in a slot of ten
 * minutes that began with the app open, one in 60 s in another; so that neither opening nor closing shows at once.
 */

import type { Clock } from "../../src/core/clock.ts";
import type { CoverLaw } from "../../src/messaging/cover/cover-law.ts";

const SLOT_MS = 600_000;
const OPEN_PERIOD_MS = 2_000;
const CLOSED_PERIOD_MS = 60_000;

export class AppPace implements Pick<CoverLaw, "meanPeriodMs"> {
  readonly #clock: Clock;
  #appOpen = false;
  #openSlot = false;
  #slot = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setAppOpen(appOpen: boolean): void {
    this.#enterSlot();
    this.#appOpen = appOpen;
  }

  meanPeriodMs(): number {
    this.#enterSlot();
    return this.#openSlot ? OPEN_PERIOD_MS : CLOSED_PERIOD_MS;
  }

  /** What was so at the last call was so at the boundary. */
  #enterSlot(): void {
    const slot = Math.floor(this.#clock.nowMs() / SLOT_MS);
    if (slot === this.#slot) return;
    this.#slot = slot;
    this.#openSlot = this.#appOpen;
  }
}
