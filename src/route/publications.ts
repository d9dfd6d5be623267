/**
 * Events on their way to one relay, each until the relay's OK.
 *
 *   publish -> (connection opens) EVENT -> OK true  -> resolved
 *                                       -> OK false -> auth-required: once more after AUTH; else refused
 *              connection lost, or no OK in time    -> unreachable: nobody knows whether the relay has it
 *
 * The caller may publish the same event again at any time: relays know it by its id.
 */

import { NetworkError } from "../core/errors.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { unreachable } from "./carrier.ts";
import type { RelayAuthentication } from "./relay-authentication.ts";
import type { RelaySocket, RouteLimits } from "./relay-socket.ts";

/** An open connection, as far as requests over it need it. */
export interface OpenRelay {
  readonly socket: RelaySocket;
  readonly authentication: RelayAuthentication;
}

interface Publication {
  readonly event: NostrEvent;
  /** Once authenticated and sent again, a second refusal is final. */
  repeated: boolean;
  /** Ends it: without an error it was accepted. */
  readonly settle: (error?: unknown) => void;
}

export class Publications {
  readonly #limits: RouteLimits;
  readonly #waiting = new Set<Publication>();
  #relay: OpenRelay | null = null;

  constructor(limits: RouteLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when the relay has accepted the event. Throws NetworkError `relay_refused`, `relay_unreachable`
   * or `relay_busy`, or the signal's reason.
   */
  publish(event: NostrEvent, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#waiting.size >= this.#limits.pendingEvents) throw busy();
      const onAbort = () => publication.settle(signal?.reason);
      const timer = setTimeout(() => publication.settle(unreachable()), this.#limits.publishMs);
      const settle = (error?: unknown) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#waiting.delete(publication);
        if (error === undefined) resolve();
        else reject(error);
      };
      const publication: Publication = { event, repeated: false, settle };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(publication);
      this.#send(publication);
    });
  }

  /** A connection is open: sends everything that waits for one. */
  attach(relay: OpenRelay): void {
    this.#relay = relay;
    for (const publication of this.#waiting) this.#send(publication);
  }

  /** The connection is lost, or could not be made: everything that waits fails. */
  detach(cause?: unknown): void {
    this.#relay = null;
    for (const publication of this.#waiting) publication.settle(unreachable(cause));
  }

  /** The relay's OK. One for an event that nobody waits for is ignored. */
  answered(eventId: string, accepted: boolean, reason: string): void {
    for (const publication of this.#waiting) {
      if (publication.event.id !== eventId) continue;
      if (accepted) publication.settle();
      else if (isAuthRequired(reason) && !publication.repeated) void this.#repeatOnceKnown(publication, reason);
      else publication.settle(refused(reason));
    }
  }

  #send(publication: Publication): void {
    const sent = this.#relay?.socket.send({ type: "EVENT", event: publication.event }) ?? true;
    if (!sent) publication.settle(busy());
  }

  async #repeatOnceKnown(publication: Publication, reason: string): Promise<void> {
    const relay = this.#relay;
    publication.repeated = true;
    const known = await relay?.authentication.ready();
    if (!this.#waiting.has(publication) || relay !== this.#relay) return;
    if (known) this.#send(publication);
    else publication.settle(refused(reason));
  }
}

/** The relay wants to know who asks before it answers. (NIP-42) */
export function isAuthRequired(reason: string): boolean {
  return reason.startsWith("auth-required:");
}

/**
 * The error of a relay that said no. Of its reason only the word for programs is repeated, and only a known
 * one (NIP-01): the rest is a stranger's text.
 */
export function refused(reason: string): NetworkError {
  const word = /^(blocked|rate-limited|invalid|pow|restricted|auth-required|error|duplicate):/.exec(reason)?.[1];
  return new NetworkError("relay_refused", `The relay refused this${word === undefined ? "" : ` (${word})`}.`, {
    hint: "Try again later, or choose another relay.",
  });
}

/** The error of a relay, or a pool, that has too much to do already. */
export function busy(): NetworkError {
  return new NetworkError("relay_busy", "Too much is waiting for relays already.", { hint: "Try again later." });
}
