/**
 * Shows one relay, over one connection, who we are (NIP-42).
 *
 *   relay  ["AUTH", challenge]   ->  ["AUTH", signed answer]   ->   ["OK", answer's id, accepted]
 *
 * Whether a relay is told at all is decided by `sign`: an answer links everything that is said on the
 * connection to the key that signed it.
 */

import { utf8Encode } from "../core/bytes.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { RouteLimits } from "./relay-socket.ts";

export interface RelayAuthenticationOptions {
  /** The signed answer to a challenge, or null to stay unknown. */
  readonly sign: (challenge: string) => VerifiedEvent | null;
  readonly send: (answer: VerifiedEvent) => void;
  readonly limits: RouteLimits;
}

export class RelayAuthentication {
  readonly #options: RelayAuthenticationOptions;
  readonly #waiting = new Set<(authenticated: boolean) => void>();
  #challenge: string | null = null;
  #answerId: string | null = null;
  #verdict: boolean | null = null;
  #challenges = 0;

  constructor(options: RelayAuthenticationOptions) {
    this.#options = options;
  }

  /** The relay asks. A challenge that was answered already is not answered twice. */
  challenged(challenge: string): void {
    const { limits } = this.#options;
    if (challenge === this.#challenge || utf8Encode(challenge).length > limits.challengeBytes) return;
    if (++this.#challenges > limits.challenges) return;
    this.#challenge = challenge;
    this.#answerId = null;
    this.#verdict = null;
    if (!this.#answer()) this.#settle(false);
  }

  /** The relay's OK to an event. True when that event was our answer. */
  answered(eventId: string, accepted: boolean): boolean {
    if (eventId !== this.#answerId) return false;
    this.#verdict = accepted;
    this.#settle(accepted);
    return true;
  }

  /**
   * True once the relay knows us; waits for a challenge and its answer that are on their way. False when it
   * does not ask or does not accept in time, or when we do not tell.
   */
  ready(): Promise<boolean> {
    if (this.#verdict !== null) return Promise.resolve(this.#verdict);
    // A vault that was locked at the first try may be open now.
    if (this.#challenge !== null && this.#answerId === null && !this.#answer()) return Promise.resolve(false);
    return new Promise((resolve) => {
      const finish = (authenticated: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        resolve(authenticated);
      };
      const timer = setTimeout(() => finish(false), this.#options.limits.publishMs);
      this.#waiting.add(finish);
    });
  }

  /** The connection is gone. */
  end(): void {
    this.#verdict = false;
    this.#settle(false);
  }

  #answer(): boolean {
    const answer = this.#challenge === null ? null : this.#options.sign(this.#challenge);
    if (!answer) return false;
    this.#answerId = answer.id;
    this.#options.send(answer);
    return true;
  }

  #settle(authenticated: boolean): void {
    for (const finish of this.#waiting) finish(authenticated);
  }
}
