/**
 * What one relay is asked to tell us, kept over lost connections.
 *
 *   connection opens -> REQ id filters() -> EVENT ... EOSE -> EVENT ...
 *   CLOSED by the relay -> auth-required: again after AUTH; else again after a growing wait
 *
 * A relay is not trusted: an event counts only if it answers the question, was not told before, its id is its hash
 * and its signature is its author's. Whoever asks may claim events that prove themselves otherwise (`claim`).
 */

import type { NetworkError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { type HashedEvent, type NostrEvent, type VerifiedEvent, verifyId, verifySignature } from "../nostr/event.ts";
import { type Filter, matchesFilter } from "../nostr/filter.ts";
import { retryDelayMs } from "./backoff.ts";
import { unreachable } from "./carrier.ts";
import { busy, isAuthRequired, type OpenRelay, refused } from "./publications.ts";
import type { RouteLimits } from "./relay-socket.ts";

export interface SubscriptionHandlers {
  readonly onEvent: (event: VerifiedEvent) => void;
  /**
   * Takes an event, if its content alone proves where it comes from: then it returns true, and nobody checks the
   * signature. Everything else goes to `onEvent` once its signature was.
   */
  readonly claim?: (event: HashedEvent) => boolean;
  /** All stored events were told; what follows is new. Comes once for each connection. */
  onStored?(): void;
  /** The relay refused or was lost. It is asked again by itself. */
  onFailure?(error: NetworkError): void;
}

interface Subscription {
  readonly id: string;
  readonly filters: () => readonly Filter[];
  readonly handlers: SubscriptionHandlers;
  /** Oldest first. */
  readonly seenIds: Set<string>;
  /** What it asks at present. */
  asked: readonly Filter[];
  refusals: number;
  retryTimer: NodeJS.Timeout | null;
}

export class Subscriptions {
  readonly #limits: RouteLimits;
  readonly #log: Logger;
  readonly #open = new Map<string, Subscription>();
  #relay: OpenRelay | null = null;
  #count = 0;

  constructor(limits: RouteLimits, log: Logger) {
    this.#limits = limits;
    this.#log = log;
  }

  get size(): number {
    return this.#open.size;
  }

  /** `filters` is asked anew for each connection; no filters, no question. */
  add(filters: () => readonly Filter[], handlers: SubscriptionHandlers): { close(): void } {
    const id = `${++this.#count}`;
    const subscription = {
      id,
      filters,
      handlers,
      seenIds: new Set<string>(),
      asked: [],
      refusals: 0,
      retryTimer: null,
    };
    this.#open.set(id, subscription);
    this.#ask(subscription);
    return { close: () => this.#remove(subscription) };
  }

  attach(relay: OpenRelay): void {
    this.#relay = relay;
    for (const subscription of this.#open.values()) {
      subscription.refusals = 0;
      this.#ask(subscription);
    }
  }

  detach(cause?: unknown): void {
    this.#relay = null;
    const lost = [...this.#open.values()]; // a handler may open another one
    for (const subscription of lost) {
      stopRetry(subscription);
      this.#tell(() => subscription.handlers.onFailure?.(unreachable(cause)));
    }
  }

  /** An event of the relay, not trusted yet. */
  received(id: string, event: NostrEvent): void {
    const subscription = this.#open.get(id);
    if (!subscription || subscription.seenIds.has(event.id)) return;
    if (!subscription.asked.some((filter) => matchesFilter(filter, event))) return;
    // Only what was taken marks its id as seen: a forged one must not hide the real one.
    if (this.#tell(() => takeEvent(event, subscription.handlers))) this.#remember(subscription, event.id);
    else this.#log.debug({}, "an event was dropped");
  }

  /** EOSE. */
  stored(id: string): void {
    const subscription = this.#open.get(id);
    if (!subscription) return;
    subscription.refusals = 0;
    this.#tell(() => subscription.handlers.onStored?.());
  }

  /** CLOSED. */
  closed(id: string, reason: string): void {
    const subscription = this.#open.get(id);
    if (!subscription) return;
    subscription.refusals++;
    if (isAuthRequired(reason)) void this.#askOnceKnown(subscription, reason);
    else this.#postpone(subscription, refused(reason));
  }

  #ask(subscription: Subscription): void {
    stopRetry(subscription);
    if (!this.#relay) return;
    subscription.asked = [];
    this.#tell(() => {
      subscription.asked = subscription.filters();
    });
    if (subscription.asked.length === 0) return;
    const sent = this.#relay.socket.send({ type: "REQ", id: subscription.id, filters: subscription.asked });
    if (!sent) this.#postpone(subscription, busy());
  }

  async #askOnceKnown(subscription: Subscription, reason: string): Promise<void> {
    const relay = this.#relay;
    const known = await relay?.authentication.ready();
    if (relay !== this.#relay || !this.#open.has(subscription.id)) return;
    if (known && subscription.refusals === 1) this.#ask(subscription);
    else this.#postpone(subscription, refused(reason));
  }

  #postpone(subscription: Subscription, error: NetworkError): void {
    const { retryMs, retryMaxMs } = this.#limits;
    const delayMs = retryDelayMs(subscription.refusals, retryMs, retryMaxMs);
    stopRetry(subscription);
    subscription.retryTimer = setTimeout(() => this.#ask(subscription), delayMs);
    this.#tell(() => subscription.handlers.onFailure?.(error));
  }

  #remove(subscription: Subscription): void {
    if (!this.#open.delete(subscription.id)) return;
    stopRetry(subscription);
    this.#relay?.socket.send({ type: "CLOSE", id: subscription.id });
  }

  #remember({ seenIds }: Subscription, eventId: string): void {
    seenIds.add(eventId);
    if (seenIds.size <= this.#limits.seenIds) return;
    for (const oldest of seenIds) {
      seenIds.delete(oldest);
      return;
    }
  }

  /** Calls back. What a listener throws is its own failure and must not cost us the connection. */
  #tell<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#log.error({ error: error instanceof Error ? error.name : "unknown" }, "a subscriber failed");
      return undefined;
    }
  }
}

/** Hands on an event that a relay told. False if nothing proves that it is what it says. */
export function takeEvent(
  event: NostrEvent,
  { claim, onEvent }: Pick<SubscriptionHandlers, "claim" | "onEvent">,
): boolean {
  const hashed = verifyId(event);
  if (hashed && claim?.(hashed)) return true;
  const verified = hashed && verifySignature(hashed);
  if (verified) onEvent(verified);
  return verified !== null;
}

function stopRetry(subscription: Subscription): void {
  if (subscription.retryTimer) clearTimeout(subscription.retryTimer);
  subscription.retryTimer = null;
}
