/**
 * The one way of an event into the relay, whoever brings it: a client, or a mirror.
 *
 *   admission -> signature, disk (store thread) -> whoever follows: subscriptions, header streams, epochs
 */

import type { Clock } from "../core/clock.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { findEventFault } from "./admission.ts";
import type { HeaderSource } from "./header-source.ts";
import type { RelayLimits } from "./relay-info.ts";
import type { Retrieval } from "./retrieval/retrieval.ts";
import type { Subscription } from "./session.ts";
import type { StoreClient } from "./store-client.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface IntakeOptions {
  readonly store: StoreClient;
  readonly subscriptions: Subscriptions<Subscription>;
  readonly headers: HeaderSource;
  readonly retrieval: Retrieval;
  readonly limits: RelayLimits;
  readonly clock: Clock;
}

/** What the OK message says. */
export type Answer = (accepted: boolean, reason: string) => void;

export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Takes an event, whose JSON is `json`; answers once it is on disk or refused, and then tells all who follow. */
  async take(event: NostrEvent, json: string, answer: Answer): Promise<void> {
    const { clock, headers, limits, retrieval, store, subscriptions } = this.#options;
    const fault = findEventFault(event, clock.nowMs(), limits);
    if (fault !== null) return answer(false, fault);
    const { accepted, reason, lid } = await store.put(json);
    answer(accepted, reason);
    if (lid === null) return;
    headers.stored(event);
    retrieval.stored(event);
    for (const reader of subscriptions.readersOf(event)) reader.session.deliver(reader, json, lid);
  }
}
