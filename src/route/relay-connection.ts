/**
 * One relay, for as long as somebody needs it: dialled, kept open, dialled again after a loss.
 *
 *              dial                     open
 *   closed ------------> connecting ------------> connected
 *     ^                      | failed                 | lost
 *     |  nobody needs it     v                        |
 *     +------------------ waiting <-------------------+      a growing, random wait, then dial again
 *
 * It is needed while it is kept, or has subscriptions or header streams, events that wait for the relay's OK, or
 * questions that wait for an answer.
 */

import type { Clock } from "../core/clock.ts";
import { isSystemError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { NostrEvent, VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { HeaderRequest } from "../nostr/header-stream.ts";
import type { RelayMessage } from "../nostr/relay-message.ts";
import { retryDelayMs } from "./backoff.ts";
import { type Carrier, patienceMs, unreachable } from "./carrier.ts";
import { type HeaderHandlers, HeaderStreams } from "./header-streams.ts";
import type { Decision } from "./policy.ts";
import { type OpenRelay, Publications } from "./publications.ts";
import { type AnswerTo, type Question, Questions } from "./questions.ts";
import { RelayAuthentication } from "./relay-authentication.ts";
import { RelaySocket, type RouteLimits } from "./relay-socket.ts";
import { type SubscriptionHandlers, Subscriptions } from "./subscriptions.ts";

export type ConnectionState = "connecting" | "connected" | "waiting" | "closed";

export interface RelayConnectionOptions {
  readonly url: string;
  readonly carrier: Carrier;
  /** What it shares with no other connection. */
  readonly isolation: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly limits: RouteLimits;
  readonly authenticate: (relayUrl: string, challenge: string) => VerifiedEvent | null;
  /** State or latency changed. */
  readonly onChange: () => void;
  /** Nobody needed it for `unusedMs`; it is closed. */
  readonly onUnused: () => void;
}

export class RelayConnection {
  readonly #options: RelayConnectionOptions;
  readonly #publications: Publications;
  readonly #subscriptions: Subscriptions;
  readonly #headers: HeaderStreams;
  readonly #questions: Questions;
  /** The attempt that runs; another way is dialled anew. */
  #dialling = new AbortController();
  /** By what the open socket, or the attempt that runs, goes. */
  #route: Decision = "unknown";
  #state: ConnectionState = "closed";
  #latencyMs: number | null = null;
  #kept = false;
  #closed = false;
  #relay: OpenRelay | null = null;
  #openedAtMs = 0;
  #failures = 0;
  /** Runs after every failure, needed or not, so that nobody can make us storm a relay. */
  #retryTimer: NodeJS.Timeout | null = null;
  #unusedTimer: NodeJS.Timeout | null = null;

  constructor(options: RelayConnectionOptions) {
    this.#options = options;
    this.#publications = new Publications(options.limits);
    this.#subscriptions = new Subscriptions(options.limits, options.log);
    this.#headers = new HeaderStreams(options.limits, options.log);
    this.#questions = new Questions(options.limits);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The last measured round trip in milliseconds; null before the first. */
  get latencyMs(): number | null {
    return this.#latencyMs;
  }

  get kept(): boolean {
    return this.#kept;
  }

  get needed(): boolean {
    const uses = [this.#subscriptions, this.#headers, this.#publications, this.#questions];
    return this.#kept || uses.some(({ size }) => size > 0);
  }

  /** By what it goes now; null while nothing is open or dialled. */
  get route(): Decision | null {
    return this.#state === "connected" || this.#state === "connecting" ? this.#route : null;
  }

  /**
   * Lets go of a socket that goes another way than the policy says now, before anything more is said on it. What waits is
   * dialled at once if it goes another way now, or by the route that has just come up; else its wait counts, so that nobody
   * can make us storm a relay.
   */
  followRoute(cameUp: Decision | null): void {
    if (this.#closed) return;
    const { carrier, url } = this.#options;
    const route = carrier.routeOf(url);
    if (this.#route !== route) this.redial();
    else if (route === cameUp && this.#state === "waiting") this.#retryNow();
  }

  /** Cuts what is open or dialled, and dials anew at once if it is needed. */
  redial(): void {
    if (this.#closed) return;
    this.#failures = 0;
    this.#dialling.abort();
    this.#relay?.socket.cut();
    if (this.#state === "waiting") this.#retryNow();
  }

  /** Held open from now on, or only as long as it is used. */
  keep(kept: boolean): void {
    this.#kept = kept;
    this.#adapt();
  }

  /** Dials unless it is dialled, open, or to wait after a failure; true if it is open. Let go again if nobody uses it. */
  reach(): boolean {
    const isIdle = this.#state === "closed" && !this.#closed && !this.#retryTimer;
    if (isIdle) void this.#dial().then(() => this.#adapt());
    return this.#state === "connected";
  }

  /** See `Publications.publish`. */
  async publish(event: NostrEvent, signal?: AbortSignal): Promise<void> {
    if (this.#closed) throw unreachable();
    const published = this.#publications.publish(event, signal);
    this.#adapt();
    await published.finally(() => this.#adapt());
  }

  /** See `Questions.ask`. */
  async ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    if (this.#closed) throw unreachable();
    const asked = this.#questions.ask(question);
    this.#adapt();
    return await asked.finally(() => this.#adapt());
  }

  /** See `Subscriptions.add`. */
  subscribe(filters: () => readonly Filter[], handlers: SubscriptionHandlers): { close(): void } {
    return this.#use(this.#subscriptions.add(filters, handlers));
  }

  /** See `HeaderStreams.add`. */
  headers(start: HeaderRequest, handlers: HeaderHandlers): { close(): void } {
    return this.#use(this.#headers.add(start, handlers));
  }

  /** Ends everything; what waits fails with `relay_unreachable`. Resolves when the socket is gone. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimers();
    this.#dialling.abort();
    const gone = this.#relay?.socket.end();
    this.#detach();
    this.#setState("closed");
    await gone;
  }

  #use(used: { close(): void }): { close(): void } {
    this.#adapt();
    return {
      close: () => {
        used.close();
        this.#adapt();
      },
    };
  }

  /** Dials if somebody needs it, lets go if nobody does. */
  #adapt(): void {
    if (this.#closed) return;
    if (this.#unusedTimer) clearTimeout(this.#unusedTimer);
    this.#unusedTimer = this.needed ? null : setTimeout(() => this.#letGo(), this.#options.limits.unusedMs);
    if (this.#state === "connecting" || this.#state === "connected") return;
    if (this.#retryTimer) this.#setState(this.needed ? "waiting" : "closed");
    else if (this.needed) void this.#dial();
    else this.#setState("closed");
  }

  async #dial(): Promise<void> {
    const { carrier, url, limits, log, isolation } = this.#options;
    this.#dialling = new AbortController();
    this.#route = carrier.routeOf(url);
    this.#setState("connecting");
    const late = AbortSignal.timeout(patienceMs(this.#route, limits.connectMs));
    const signal = AbortSignal.any([late, this.#dialling.signal]);
    try {
      const socket = await carrier.dial(url, { isolation, signal });
      // The policy may have changed while it was dialled.
      const isOver = this.#closed || signal.aborted || carrier.routeOf(url) !== this.#route;
      if (!isOver) return this.#open(socket);
      socket.terminate();
      throw unreachable();
    } catch (error) {
      log.debug({ code: codeOf(error) }, "a relay could not be reached");
      this.#lost(error);
    }
  }

  #open(socket: Awaited<ReturnType<Carrier["dial"]>>): void {
    const { limits, clock } = this.#options;
    const relay: OpenRelay = {
      socket: new RelaySocket(socket, {
        onMessage: (message) => this.#receive(relay, message),
        onHeaders: (frame) => {
          this.#headers.received(frame);
          this.#questions.received(frame);
        },
        onLatency: (latencyMs) => {
          this.#latencyMs = latencyMs;
          this.#options.onChange();
        },
        onEnd: () => this.#ended(),
        clock,
        limits,
      }),
      authentication: new RelayAuthentication({
        sign: (challenge) => this.#sign(challenge),
        send: (event) => relay.socket.send({ type: "AUTH", event }),
        limits,
      }),
    };
    this.#relay = relay;
    this.#openedAtMs = performance.now();
    this.#setState("connected");
    this.#subscriptions.attach(relay);
    this.#headers.attach(relay);
    this.#publications.attach(relay);
    this.#questions.attach(relay);
  }

  #receive({ authentication }: OpenRelay, message: RelayMessage): void {
    switch (message.type) {
      case "EVENT":
        return this.#subscriptions.received(message.id, message.event);
      case "EOSE":
        this.#subscriptions.stored(message.id);
        this.#headers.stored(message.id);
        return this.#questions.ended(message.id);
      case "CLOSED":
        this.#subscriptions.closed(message.id, message.reason);
        this.#headers.closed(message.id, message.reason);
        return this.#questions.closed(message.id, message.reason);
      case "PIR-EPOCHS":
      case "PIR":
        return this.#questions.answered(message);
      case "OK":
        if (authentication.answered(message.id, message.accepted)) return;
        return this.#publications.answered(message.id, message.accepted, message.reason);
      case "AUTH":
        return authentication.challenged(message.challenge);
      case "NOTICE": // for people who read the traffic; but to some relays an answer to what they do not know
        return this.#headers.noticed();
    }
  }

  /** Without an answer, whatever the reason, we stay unknown to the relay. */
  #sign(challenge: string): VerifiedEvent | null {
    try {
      return this.#options.authenticate(this.#options.url, challenge);
    } catch (error) {
      this.#options.log.debug({ code: codeOf(error) }, "a relay's challenge was not answered");
      return null;
    }
  }

  #ended(): void {
    if (performance.now() - this.#openedAtMs >= this.#options.limits.stableMs) this.#failures = 0;
    this.#lost();
  }

  #lost(cause?: unknown): void {
    const { retryMs, retryMaxMs } = this.#options.limits;
    this.#detach(cause);
    if (this.#closed) return;
    const delayMs = retryDelayMs(this.#failures++, retryMs, retryMaxMs);
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#adapt();
    }, delayMs);
    this.#setState(this.needed ? "waiting" : "closed");
    this.#adapt();
  }

  #retryNow(): void {
    if (!this.#retryTimer) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#adapt();
  }

  #detach(cause?: unknown): void {
    this.#relay?.authentication.end();
    this.#relay = null;
    this.#publications.detach(cause);
    this.#subscriptions.detach(cause);
    this.#headers.detach(cause);
    this.#questions.detach(cause);
  }

  #letGo(): void {
    void this.close();
    this.#options.onUnused();
  }

  #stopTimers(): void {
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    if (this.#unusedTimer) clearTimeout(this.#unusedTimer);
    this.#retryTimer = null;
    this.#unusedTimer = null;
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onChange();
  }
}

function codeOf(error: unknown): string {
  return isSystemError(error) ? error.code : "unknown";
}
