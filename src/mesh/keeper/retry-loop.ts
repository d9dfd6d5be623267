/**
 * Work that is done again until it succeeds.
 *
 *   wake -> round -> nothing new meanwhile? idle
 *        -> it fails: waits, 0.5 s doubled up to 5 min, whatever wakes it; `hurry` ends the wait
 */
import { type NocturneError, toNocturneError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { Logger } from "../../core/log.ts";

export interface RetryOptions {
  /** Rejects when something is left to be done. */
  readonly round: (signal: AbortSignal) => Promise<void>;
  /** Why the rest waits, or null when nothing is wrong any more. */
  readonly told: (problem: NocturneError | null) => void;
  /** What is done, for the log. */
  readonly work: string;
  readonly log: Logger;
  /** Other waits, for tests. */
  readonly limits?: { readonly retryMs: number; readonly retryMaxMs: number };
}

export class RetryLoop {
  readonly #o: RetryOptions;
  #stop = new AbortController();
  #working: Promise<void> | null = null;
  #wanted = false;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RetryOptions) {
    this.#o = options;
  }

  /** There may be something to do. Returns at once. */
  wake(): void {
    this.#wanted = true;
    if (this.#stop.signal.aborted || this.#working || this.#timer) return;
    this.#working = this.#work().finally(() => {
      this.#working = null;
      if (this.#wanted) this.wake();
    });
  }

  /** What kept the last round from its end may be over. */
  hurry(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#failures = 0;
    this.wake();
  }

  /** Breaks off what is under way, and waits for its end; `wake` begins anew. */
  async pause(): Promise<void> {
    this.#stop.abort();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#working;
    this.#failures = 0;
    this.#stop = new AbortController();
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    while (this.#wanted && !signal.aborted) {
      this.#wanted = false;
      try {
        await this.#o.round(signal);
        if (signal.aborted) return;
        this.#failures = 0;
        this.#o.told(null);
      } catch (error) {
        if (!signal.aborted) this.#fail(toNocturneError(error));
        return;
      }
    }
  }

  #fail(problem: NocturneError): void {
    const { log, work, limits = MESH_LIMITS } = this.#o;
    const error = problem.code === "internal" ? String(problem.cause) : undefined;
    log.warn({ code: problem.code, error }, `${work} waits`);
    const waitMs = Math.min(limits.retryMs * 2 ** this.#failures++, limits.retryMaxMs);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.wake();
    }, waitMs);
    this.#timer.unref();
    this.#o.told(problem);
  }
}
