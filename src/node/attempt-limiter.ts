/** Slows down whoever guesses a passphrase through the API; Argon2id slows down whoever has the file. */
import type { Clock } from "../core/clock.ts";
import { ValidationError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";

export class AttemptLimiter {
  readonly #clock: Clock;
  #failuresMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs the attempt and forgets all failures when it succeeds. It counts as failed while it runs, so
   * that many at once gain nothing. Throws ValidationError `too_many_attempts`.
   */
  async run<T>(attempt: () => Promise<T>): Promise<T> {
    const nowMs = this.#clock.nowMs();
    this.#failuresMs = this.#failuresMs.filter((atMs) => nowMs - atMs < API_LIMITS.unlockFailureWindowMs);
    if (this.#failuresMs.length >= API_LIMITS.unlockFailures) {
      throw new ValidationError("too_many_attempts", "There were too many wrong attempts.", {
        hint: "Wait a minute, then try again.",
      });
    }
    this.#failuresMs.push(nowMs);
    const result = await attempt();
    this.#failuresMs = [];
    return result;
  }
}
