/**
 * Which guards rest, and how many circuits may be closed. Pure.
 *
 * Who sees that we leave a guard when it hangs can make guards hang to choose the one that we end with. So only
 * `guardsLeft` rest at a time: Tor keeps three primary guards, and with two of them resting we are still on the third,
 * which it chose long before. (docs/decisions/0023-a-hung-guard-rests.md)
 */

export interface RestLimits {
  readonly guardRestMs: number;
  readonly guardsLeft: number;
  readonly closedPerMinute: number;
}

const MINUTE_MS = 60_000;

export class GuardRests {
  readonly #limits: RestLimits;
  /** Fingerprint -> until when. */
  readonly #rests = new Map<string, number>();
  #closedMs: number[] = [];

  constructor(limits: RestLimits) {
    this.#limits = limits;
  }

  get resting(): string[] {
    return [...this.#rests.keys()];
  }

  /** False when as many rest as may: it is not left. */
  leave(guard: string, nowMs: number): boolean {
    if (!this.#rests.has(guard) && this.#rests.size >= this.#limits.guardsLeft) return false;
    this.#rests.set(guard, nowMs + this.#limits.guardRestMs);
    return true;
  }

  /** Ends the rests that are over. Returns those guards. */
  takeRested(nowMs: number): string[] {
    const rested = [...this.#rests].filter(([, untilMs]) => untilMs <= nowMs).map(([guard]) => guard);
    for (const guard of rested) this.#rests.delete(guard);
    return rested;
  }

  /** Whether a path may be closed now, and counts it: when everything is slow, closing makes it slower. */
  mayClose(nowMs: number): boolean {
    this.#closedMs = this.#closedMs.filter((closedMs) => nowMs - closedMs < MINUTE_MS);
    if (this.#closedMs.length >= this.#limits.closedPerMinute) return false;
    this.#closedMs.push(nowMs);
    return true;
  }
}
