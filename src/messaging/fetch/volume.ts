/** How much came within a sliding window, counted in tenths of it. */

const PARTS = 10;

export class Volume {
  readonly #windowMs: number;
  /** By number of the tenth since 1970; the oldest first. */
  readonly #parts = new Map<number, number>();
  readonly #sinceMs: number;

  constructor(windowMs: number, nowMs: number) {
    this.#windowMs = windowMs;
    this.#sinceMs = nowMs;
  }

  note(amount: number, nowMs: number): void {
    const part = this.#partAt(nowMs);
    this.#parts.set(part, (this.#parts.get(part) ?? 0) + amount);
    for (const oldest of this.#parts.keys()) {
      if (this.#parts.size <= PARTS) return;
      this.#parts.delete(oldest);
    }
  }

  /** An hour at the pace of the last window. Before a window is over, what came counts as all of it. */
  perHour(nowMs: number): number {
    const oldest = this.#partAt(nowMs) - PARTS;
    const amounts = [...this.#parts].map(([part, amount]) => (part > oldest ? amount : 0));
    return (amounts.reduce((sum, amount) => sum + amount, 0) * HOUR_MS) / this.#windowMs;
  }

  /** A whole window was watched. */
  isSettled(nowMs: number): boolean {
    return nowMs - this.#sinceMs >= this.#windowMs;
  }

  #partAt(nowMs: number): number {
    return Math.floor((nowMs * PARTS) / this.#windowMs);
  }
}

const HOUR_MS = 3_600_000;
