/**
 * All connections to relays over one carrier: one for each relay, and one more for each single question where the
 * carrier can keep them apart.
 *
 *   keep(own relays) ---+
 *   subscribe, headers -+
 *   publish, ask -------+-> RelayConnection per URL -> Carrier -> relay
 *   fetch -> hides its asker? -> a RelayConnection of its own -> another circuit -> relay
 *
 * A relay named by a contact is as little trusted as the contact: connections are bounded in number, and
 * one that nobody uses any more is let go.
 */

import type { Clock } from "../core/clock.ts";
import { type NetworkError, ValidationError } from "../core/errors.ts";
import { ROUTE_LIMITS } from "../core/limits.ts";
import { DIAL_LIMITS } from "../core/route-limits.ts";
import type { Logger } from "../core/log.ts";
import type { NostrEvent, VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { HeaderRequest } from "../nostr/header-stream.ts";
import { type Carrier, unreachable } from "./carrier.ts";
import type { HeaderHandlers } from "./header-streams.ts";
import type { Decision } from "./policy.ts";
import { busy } from "./publications.ts";
import type { AnswerTo, Question } from "./questions.ts";
import { type ConnectionState, RelayConnection } from "./relay-connection.ts";
import type { RouteLimits } from "./relay-socket.ts";
import type { SubscriptionHandlers } from "./subscriptions.ts";

export interface RelayPoolOptions {
  readonly carrier: Carrier;
  readonly log: Logger;
  readonly clock: Clock;
  /**
   * The signed answer (kind 22242) to a relay's challenge, or null to stay unknown to that relay. It is asked
   * at every challenge, of relays that we only publish to as well.
   */
  readonly authenticate?: (relayUrl: string, challenge: string) => VerifiedEvent | null;
  /** Other numbers than ROUTE_LIMITS, for tests that cannot wait. */
  readonly limits?: Partial<RouteLimits>;
}

export interface PoolState {
  readonly url: string;
  readonly state: ConnectionState;
  /** By what it goes now; null while nothing is open or dialled. */
  readonly route: Decision | null;
  /** The last measured round trip; null before the first. */
  readonly latencyMs: number | null;
}

export class RelayPool {
  readonly #options: RelayPoolOptions;
  readonly #limits: RouteLimits;
  /** By URL in one spelling; the one used last comes last. */
  readonly #connections = new Map<string, RelayConnection>();
  /** Of single questions. */
  readonly #apart = new Set<RelayConnection>();
  readonly #listeners = new Set<() => void>();
  /** Single questions that wait for one of these to end. */
  readonly #waiting: (() => void)[] = [];
  #questions = 0;
  #closed = false;

  constructor(options: RelayPoolOptions) {
    this.#options = options;
    this.#limits = { ...ROUTE_LIMITS, ...options.limits };
  }

  /**
   * Holds exactly these relays open, at most ROUTE_LIMITS.relays, and dials them again after each loss.
   * Throws ValidationError `bad_relay_url` or `too_many_relays`, NetworkError `relay_busy`.
   */
  keep(urls: readonly string[]): void {
    const wanted = new Set(urls.map(normalize));
    if (wanted.size > this.#limits.relays) {
      throw new ValidationError("too_many_relays", `At most ${this.#limits.relays} relays can be used at once.`, {
        hint: "Remove a relay first.",
      });
    }
    for (const [url, connection] of this.#connections) {
      if (wanted.has(url) || !connection.kept) continue;
      connection.keep(false);
      if (!connection.needed) this.#drop(url, connection);
    }
    for (const url of wanted) this.#connect(url).keep(true);
  }

  /**
   * Resolves when the relay has accepted the event. Throws NetworkError `relay_refused`, `relay_unreachable`
   * (the relay may have it nevertheless) or `relay_busy`, ValidationError `bad_relay_url`, or the signal's reason.
   */
  async publish(url: string, event: NostrEvent, signal?: AbortSignal): Promise<void> {
    await this.#connect(normalize(url)).publish(event, signal);
  }

  /** True if the relay is connected; else it is dialled, and nothing said to it. Throws as `publish` before it sends. */
  reach(url: string): boolean {
    return this.#connect(normalize(url)).reach();
  }

  /**
   * Asks a relay from now on, over all losses; `filters` is evaluated anew for each connection. Events come once, and
   * verified if `handlers` does not claim them. Throws ValidationError `bad_relay_url`, NetworkError `relay_busy`.
   */
  subscribe(url: string, filters: () => readonly Filter[], handlers: SubscriptionHandlers): { close(): void } {
    return this.#connect(normalize(url)).subscribe(filters, handlers);
  }

  /**
   * The headers of a relay's cells from now on, over all losses: those behind `start`, then new ones (NEP-13). Nothing
   * in them is proven. Throws ValidationError `bad_relay_url`, NetworkError `relay_busy`.
   */
  headers(url: string, start: HeaderRequest, handlers: HeaderHandlers): { close(): void } {
    return this.#connect(normalize(url)).headers(start, handlers);
  }

  /** A question of private retrieval; see `Questions.ask`. Throws what that throws, and ValidationError `bad_relay_url`. */
  async ask<Q extends Question>(url: string, question: Q): Promise<AnswerTo<Q>> {
    return await this.#connect(normalize(url)).ask(question);
  }

  /**
   * What a relay has stored, at most ROUTE_LIMITS.fetchedEvents. A relay that does not say in time that this
   * was all counts as done if it told something. By a route that hides who asks it has a connection and a circuit of its
   * own, so that a relay cannot tell which questions one person asks. Throws NetworkError `relay_unreachable`,
   * `relay_refused` or `relay_busy`, ValidationError `bad_relay_url`.
   */
  async fetch(url: string, filters: readonly Filter[], timeoutMs: number): Promise<VerifiedEvent[]> {
    const place = normalize(url);
    const route = this.#options.carrier.routeOf(place);
    if (route !== "tor" && route !== "i2p") return await this.#collect(this.#connect(place), filters, timeoutMs);
    if (this.#closed) throw unreachable();
    await this.#seat();
    const connection = this.#make(place, `${new URL(place).host}|${++this.#questions}`);
    this.#apart.add(connection);
    try {
      return await this.#collect(connection, filters, Math.max(timeoutMs, DIAL_LIMITS.questionMs));
    } finally {
      this.#apart.delete(connection);
      this.#waiting.shift()?.();
      void connection.close();
    }
  }

  /** Waits until a connection of its own may be made. Throws NetworkError `relay_busy`, `relay_unreachable` once closed. */
  async #seat(): Promise<void> {
    if (this.#apart.size < DIAL_LIMITS.apart) return;
    if (this.#waiting.length >= DIAL_LIMITS.apartWaiting) throw busy();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#closed) throw unreachable();
  }

  async #collect(connection: RelayConnection, filters: readonly Filter[], timeoutMs: number): Promise<VerifiedEvent[]> {
    const events: VerifiedEvent[] = [];
    const done = Promise.withResolvers<void>();
    const subscription = connection.subscribe(() => filters, {
      onEvent: (event) => {
        if (events.push(event) < this.#limits.fetchedEvents) return;
        subscription.close();
        done.resolve();
      },
      onStored: () => done.resolve(),
      onFailure: (error: NetworkError) => done.reject(error),
    });
    const timer = setTimeout(() => (events.length > 0 ? done.resolve() : done.reject(unreachable())), timeoutMs);
    try {
      await done.promise;
      return events;
    } finally {
      clearTimeout(timer);
      subscription.close();
    }
  }

  states(): PoolState[] {
    return [...this.#connections].map(([url, { state, route, latencyMs }]) => ({ url, state, route, latencyMs }));
  }

  /** Calls back after a state or a latency changed. Returns how to stop it. */
  onStateChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Cuts all connections: what follows is said on new ones. A relay would otherwise hear of another identity on a socket
   * on which an earlier one was proven, and serve it as that.
   */
  cut(): void {
    for (const [url, connection] of this.#connections) this.#drop(url, connection);
  }

  /**
   * Call after the policy changed, or when a route came up: what goes another way than it should is cut at once, and
   * dialled anew with what waits for it.
   */
  followRoutes(cameUp: Decision | null = null): void {
    for (const connection of [...this.#connections.values(), ...this.#apart]) connection.followRoute(cameUp);
  }

  /** Dials anew what goes these ways, so that it comes by other circuits. */
  redial(isMeant: (route: Decision) => boolean): void {
    for (const connection of this.#connections.values()) {
      if (connection.route !== null && isMeant(connection.route)) connection.redial();
    }
  }

  /** Ends all connections; what waits fails with `relay_unreachable`. Resolves when all sockets are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    for (const waiting of this.#waiting.splice(0)) waiting();
    const connections = [...this.#connections.values(), ...this.#apart];
    this.#connections.clear();
    await Promise.all(connections.map((connection) => connection.close()));
  }

  #connect(url: string): RelayConnection {
    if (this.#closed) throw unreachable();
    const connection = this.#connections.get(url) ?? this.#create(url);
    this.#connections.delete(url);
    this.#connections.set(url, connection);
    return connection;
  }

  #create(url: string): RelayConnection {
    this.#makeRoom();
    return this.#make(url, new URL(url).host);
  }

  #make(url: string, isolation: string): RelayConnection {
    const { carrier, log, clock, authenticate } = this.#options;
    const connection = new RelayConnection({
      url,
      carrier,
      isolation,
      clock,
      limits: this.#limits,
      log: log.child({ component: "route" }),
      authenticate: authenticate ?? (() => null),
      onChange: () => this.#announce(),
      onUnused: () => this.#drop(url, connection),
    });
    return connection;
  }

  /** Lets the longest unused connection go when there are as many as there may be. */
  #makeRoom(): void {
    if (this.#connections.size < this.#limits.connections) return;
    const unused = [...this.#connections].find(([, connection]) => !connection.needed);
    if (!unused) throw busy();
    this.#drop(...unused);
  }

  #drop(url: string, connection: RelayConnection): void {
    if (this.#connections.get(url) === connection) this.#connections.delete(url);
    void connection.close();
    this.#announce();
  }

  #announce(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#options.log.error({ error: error instanceof Error ? error.name : "unknown" }, "a listener failed");
      }
    }
  }
}

/** One spelling for each relay: two spellings must not make two connections. */
function normalize(text: string): string {
  const url = URL.parse(text.trim());
  if (!url || (url.protocol !== "wss:" && url.protocol !== "ws:") || url.hash !== "") {
    throw new ValidationError("bad_relay_url", "This is not the address of a relay.", {
      hint: "A relay's address begins with wss:// or ws://.",
    });
  }
  return url.pathname === "/" && url.search === "" ? url.href.replace(/\/$/, "") : url.href;
}
