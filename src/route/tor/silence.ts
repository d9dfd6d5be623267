/**
 * When a stream's silence is suspicious. Pure.
 *
 *   sent ──────── suspectMs ────────> nothing came back: look at its path
 *   sent, sent, sent                  measured from the first that is unanswered
 *
 * Many streams are silent for good reasons (an upload, a peer that thinks): what is found alive is left alone twice as
 * long the next time.
 */

/** What a stream has carried so far. */
export interface Sample {
  /** Bytes that the system took from us. */
  readonly sent: number;
  readonly received: number;
  /** False while its reader does not read: bytes may be waiting. */
  readonly reads: boolean;
}

export interface SilenceLimits {
  readonly suspectMs: number;
  readonly suspectMaxMs: number;
  readonly inFlightBytes: number;
}

export class SilenceWatch {
  readonly #limits: SilenceLimits;
  #last: Sample;
  /** Since when something is unanswered; null: nothing is. */
  #sinceMs: number | null = null;
  #sentBefore: number;
  #patienceMs: number;

  constructor(limits: SilenceLimits, first: Sample) {
    this.#limits = limits;
    this.#last = first;
    this.#sentBefore = first.sent;
    this.#patienceMs = limits.suspectMs;
  }

  /** Milliseconds since something is unanswered; 0: nothing is. */
  silentMs(nowMs: number): number {
    return this.#sinceMs === null ? 0 : nowMs - this.#sinceMs;
  }

  /** Takes a look. True when its path should be looked at. */
  look(nowMs: number, sample: Sample): boolean {
    const answered = sample.received > this.#last.received;
    if (answered) this.#patienceMs = this.#limits.suspectMs;
    // More than fits on the way was taken: so the other end of the circuit takes it.
    const flows = sample.sent - this.#sentBefore > this.#limits.inFlightBytes;
    if (answered || flows || !sample.reads) this.#restart(sample.sent);
    if (sample.sent > this.#last.sent && sample.reads && !flows) this.#sinceMs ??= nowMs;
    this.#last = sample;
    return this.silentMs(nowMs) >= this.#patienceMs && this.#sinceMs !== null;
  }

  /** Its path was found alive: whoever is silent does not hang on the way. */
  foundAlive(): void {
    this.#restart(this.#last.sent);
    this.#patienceMs = Math.min(this.#patienceMs * 2, this.#limits.suspectMaxMs);
  }

  #restart(sent: number): void {
    this.#sinceMs = null;
    this.#sentBefore = sent;
  }
}
