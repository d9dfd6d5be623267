/** What the last attempts to dial by a route have shown. Pure. */
import { DIAL_LIMITS } from "../core/route-limits.ts";

export class HealthRecord {
  /** Milliseconds until it was open, or null for a failure; the newest last. */
  readonly #attempts: (number | null)[] = [];

  /** `ms` until the stream was open; null: it failed. */
  note(ms: number | null): void {
    this.#attempts.push(ms);
    if (this.#attempts.length > DIAL_LIMITS.measured) this.#attempts.shift();
  }

  /** Of the attempts, the part that failed; 0 before the first. */
  get loss(): number {
    const failed = this.#attempts.filter((ms) => ms === null).length;
    return this.#attempts.length === 0 ? 0 : failed / this.#attempts.length;
  }

  /** Median of those that succeeded; null before the first. */
  get latencyMs(): number | null {
    const times = this.#attempts.filter((ms) => ms !== null).toSorted((a, b) => a - b);
    return times[Math.floor(times.length / 2)] ?? null;
  }
}
