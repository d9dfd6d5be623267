/**
 * What one client and the relay say to each other (NIP-01, NIP-42; headers of cells: header-streams.ts; private
 * retrieval: retrieval/questions.ts).
 *
 * A subscription is served in three steps: pages of stored events, EOSE, live events. It goes live
 * with its first page, whose snapshot parts the two: each event comes once, stored or live.
 */

import { toHex } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { CodecError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { findAuthFault } from "../nostr/authentication.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import {
  type ClientMessage,
  encodeRelayMessage,
  type InvalidMessage,
  parseClientMessage,
  type RelayMessage,
} from "../nostr/relay-message.ts";
import type { Connection } from "./connection.ts";
import type { Page, PageRequest } from "./event-query.ts";
import type { HeaderSource } from "./header-source.ts";
import { HeaderStreams } from "./header-streams.ts";
import type { Intake } from "./intake.ts";
import type { RelayLimits } from "./relay-info.ts";
import { Questions } from "./retrieval/questions.ts";
import type { Retrieval } from "./retrieval/retrieval.ts";
import type { StoreClient } from "./store-client.ts";
import type { Subscriber, Subscriptions } from "./subscriptions.ts";
import { asksOnlyForWraps, mayShowWraps } from "./visibility.ts";

/** What all sessions share. */
export interface SessionContext {
  readonly store: StoreClient;
  readonly subscriptions: Subscriptions<Subscription>;
  readonly headers: HeaderSource;
  readonly retrieval: Retrieval;
  readonly intake: Intake;
  readonly limits: RelayLimits;
  readonly clock: Clock;
}

/** What the session knows of its own connection. */
export interface SessionOptions {
  readonly context: SessionContext;
  readonly connection: Connection;
  /** Is this URL one by which the client can have reached us? */
  readonly isOwnUrl: (url: URL) => boolean;
  /** Called at the first valid message. */
  readonly onValid: () => void;
}

export interface Subscription extends Subscriber {
  readonly id: string;
  readonly session: Session;
  /** Ids already sent, when several filters may find the same event. */
  readonly sent: Set<string> | null;
  /** The filter being answered, and how far. */
  filterIndex: number;
  progress: Pick<PageRequest, "from" | "remaining"> | null;
  snapshot: number | null;
}

const CHALLENGE_BYTES = 16;

export class Session {
  readonly #options: SessionOptions;
  readonly #challenge: string = toHex(randomBytes(CHALLENGE_BYTES));
  readonly #keys: Set<string> = new Set();
  readonly #subscriptions: Map<string, Subscription> = new Map();
  readonly #headers: HeaderStreams;
  readonly #questions: Questions;
  /** Subscriptions with stored events to come, served in turns, one page at a time. */
  readonly #unserved: Set<Subscription> = new Set();
  #serving = false;
  #values = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { headers, retrieval, limits } = options.context;
    this.#headers = new HeaderStreams(headers, options.connection);
    this.#questions = new Questions(retrieval, options.connection, limits);
    this.#say({ type: "AUTH", challenge: this.#challenge });
  }

  /** Answers one message of the client, however malformed. */
  handle(text: string): void {
    const { limits } = this.#options.context;
    try {
      const message = parseClientMessage(text, limits);
      if (message.type === "INVALID") return this.#refuse(message);
      this.#options.onValid();
      this.#obey(message);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#say({ type: "NOTICE", text: `invalid: ${error.message}` });
    }
  }

  /** Hands a new event to a subscription, unless it has or will come as a stored one. */
  deliver(subscription: Subscription, json: string, lid: number): void {
    if (lid > (subscription.snapshot ?? 0)) this.#options.connection.send(eventMessage(subscription.id, json));
  }

  /** Forgets the subscriptions of a client that is gone. */
  end(): void {
    for (const id of this.#subscriptions.keys()) this.#unsubscribe(id);
    this.#headers.end();
  }

  #obey(message: ClientMessage): void {
    switch (message.type) {
      case "EVENT":
        return void this.#publish(message.event);
      case "AUTH":
        return void this.#authenticate(message.event);
      case "REQ":
        return this.#subscribe(message.id, message.filters);
      case "HEADERS":
        this.#unsubscribe(message.id);
        if (!this.#isFull(message.id)) this.#headers.open(message.id, message.start);
        return;
      case "PIR-EPOCHS":
      case "PIR-HEADERS":
      case "PIR":
        return void this.#questions.ask(message);
      case "CLOSE":
        return this.#unsubscribe(message.id);
    }
  }

  async #publish(event: NostrEvent): Promise<void> {
    const { connection, context } = this.#options;
    const json = JSON.stringify(event);
    const taken = context.intake.take(event, json, (accepted, reason) =>
      this.#say({ type: "OK", id: event.id, accepted, reason }),
    );
    await connection.whilePending(json.length, taken);
  }

  async #authenticate(event: NostrEvent): Promise<void> {
    // Held, so that a request sent right behind the login is answered to the one who logged in.
    await this.#options.connection.whileHeld(this.#checkLogin(event));
  }

  async #checkLogin(event: NostrEvent): Promise<void> {
    const { store } = this.#options.context;
    const fault = this.#findLoginFault(event);
    const genuine = fault === null && (await store.check(JSON.stringify(event)));
    if (genuine) this.#keys.add(event.pubkey);
    const reason = genuine ? "" : `invalid: ${fault ?? "the id or the signature is wrong"}`;
    this.#say({ type: "OK", id: event.id, accepted: genuine, reason });
  }

  #findLoginFault(event: NostrEvent): string | null {
    const { clock, limits } = this.#options.context;
    if (this.#keys.size >= limits.keysPerConnection) return "too many keys on one connection";
    const nowS = Math.floor(clock.nowMs() / 1000);
    return findAuthFault(event, { challenge: this.#challenge, nowS, isOwnUrl: this.#options.isOwnUrl });
  }

  #subscribe(id: string, filters: readonly Filter[]): void {
    const { limits } = this.#options.context;
    this.#unsubscribe(id);
    if (filters.every((filter) => asksOnlyForWraps(filter) && !mayShowWraps(filter, this.#keys))) {
      return this.#demandLogin(id);
    }
    if (this.#isFull(id)) return;
    const values = countValues(filters);
    if (this.#values + values > limits.valuesPerConnection) {
      const reason = `error: more than ${limits.valuesPerConnection} values in all your filters`;
      return this.#say({ type: "CLOSED", id, reason });
    }
    this.#values += values;
    const sent = filters.length > 1 ? new Set<string>() : null;
    const start = { filterIndex: 0, progress: null, snapshot: null };
    const subscription: Subscription = { id, filters, keys: this.#keys, session: this, sent, ...start };
    this.#subscriptions.set(id, subscription);
    this.#unserved.add(subscription);
    void this.#serve();
  }

  /** Refuses one more subscription, of either kind, when the client has as many as it may. */
  #isFull(id: string): boolean {
    const { subscriptionsPerConnection } = this.#options.context.limits;
    if (this.#subscriptions.size + this.#headers.size < subscriptionsPerConnection) return false;
    this.#say({ type: "CLOSED", id, reason: `error: more than ${subscriptionsPerConnection} subscriptions` });
    return true;
  }

  #unsubscribe(id: string): void {
    this.#headers.close(id);
    const subscription = this.#subscriptions.get(id);
    if (!subscription) return;
    this.#subscriptions.delete(id);
    this.#unserved.delete(subscription);
    this.#values -= countValues(subscription.filters);
    this.#options.context.subscriptions.delete(subscription);
  }

  #demandLogin(id: string): void {
    if (this.#keys.size > 0) {
      const reason = "restricted: wraps are served to the proven key that is the only #p of the filter";
      return this.#say({ type: "CLOSED", id, reason });
    }
    this.#say({ type: "AUTH", challenge: this.#challenge });
    this.#say({ type: "CLOSED", id, reason: "auth-required: wraps are served to their recipient alone" });
  }

  /** One page in flight at a time: a client cannot have more than its share of the store. */
  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    for (const next of this.#unserved) {
      // Taken out and put back in at the end: they take turns.
      this.#unserved.delete(next);
      if (await this.#servePage(next)) this.#unserved.add(next);
    }
    this.#serving = false;
  }

  /** Sends the next page of a subscription. Resolves to whether there are more. */
  async #servePage(subscription: Subscription): Promise<boolean> {
    if (!this.#isCurrent(subscription)) return false;
    const { store, subscriptions } = this.#options.context;
    const page = await store.page(this.#nextRequest(subscription));
    if (!this.#isCurrent(subscription)) return false;
    if (page === null) {
      this.#unsubscribe(subscription.id);
      this.#say({ type: "CLOSED", id: subscription.id, reason: "error: the relay's store has failed" });
      return false;
    }
    if (subscription.snapshot === null) {
      subscription.snapshot = page.snapshot;
      subscriptions.add(subscription);
    }
    await this.#options.connection.sendAll(newMessages(subscription, page));
    subscription.progress = page.next;
    if (page.next === null) subscription.filterIndex++;
    if (subscription.filterIndex < subscription.filters.length) return true;
    subscription.sent?.clear();
    if (this.#isCurrent(subscription)) this.#say({ type: "EOSE", id: subscription.id });
    return false;
  }

  #nextRequest({ filters, filterIndex, progress, snapshot }: Subscription): PageRequest {
    const { eventsPerFilter } = this.#options.context.limits;
    const filter = filters[filterIndex] as Filter;
    const remaining = Math.min(filter.limit ?? eventsPerFilter, eventsPerFilter);
    return { filter, keys: [...this.#keys], from: null, remaining, ...progress, snapshot };
  }

  #isCurrent(subscription: Subscription): boolean {
    return this.#subscriptions.get(subscription.id) === subscription;
  }

  #refuse({ answer, id, reason }: InvalidMessage): void {
    const text = `invalid: ${reason}`;
    if (answer === "OK") return this.#say({ type: "OK", id, accepted: false, reason: text });
    this.#unsubscribe(id);
    this.#say({ type: "CLOSED", id, reason: text });
  }

  #say(message: RelayMessage): void {
    this.#options.connection.send(encodeRelayMessage(message));
  }
}

function countValues(filters: readonly Filter[]): number {
  return filters.flatMap((filter) => Object.values(filter)).reduce((sum, field) => sum + [field].flat().length, 0);
}

/** The page's events as messages, without those that an earlier filter of the same request found. */
function newMessages({ id, sent }: Subscription, page: Page): string[] {
  const fresh = sent ? page.events.filter((event) => !sent.has(event.id)) : page.events;
  for (const event of fresh) sent?.add(event.id);
  return fresh.map(({ json }) => eventMessage(id, json));
}

// The event's JSON is made once, however many read it.
function eventMessage(id: string, json: string): string {
  return `["EVENT",${JSON.stringify(id)},${json}]`;
}
