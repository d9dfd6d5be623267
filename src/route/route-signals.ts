/**
 * What a route tells: that its health changed, and what happened to it. A part of every route that can fail.
 *
 *   changed() -> up: dials may go on | else: what is being dialled ends with the reason
 *             -> who listens for events: "Tor is connected to its network.", or the problem's words, once
 *             -> who listens for changes
 */
import { setMaxListeners } from "node:events";
import type { Clock } from "../core/clock.ts";
import { routeDown, routeMissing } from "./errors.ts";
import type { RouteEvent, RouteHealth, RouteName, RouteProblem } from "./route.ts";

export interface RouteSignalsOptions {
  readonly route: RouteName;
  readonly clock: Clock;
  readonly health: () => Pick<RouteHealth, "state" | "problem">;
  /** Of which changes are told; another than `health` where somebody else tells of the rest. */
  readonly news: () => Pick<RouteHealth, "state" | "problem">;
  /** Said when it came up. */
  readonly connected: string;
  /** For a state of which no problem is known. */
  readonly unusable: Omit<RouteProblem, "code">;
  /** For a route that is switched off; absent where dialling switches it on. */
  readonly off?: Omit<RouteProblem, "code">;
}

export class RouteSignals {
  readonly #o: RouteSignalsOptions;
  readonly #changes = new Set<() => void>();
  readonly #events = new Set<(event: RouteEvent) => void>();
  /** Ends what is being dialled when the route is lost; null while nothing can be. */
  #usable: AbortController | null = null;
  #told: RouteHealth["state"] = "off";

  constructor(options: RouteSignalsOptions) {
    this.#o = options;
  }

  onChange(listener: () => void): () => void {
    this.#changes.add(listener);
    return () => void this.#changes.delete(listener);
  }

  onEvent(listener: (event: RouteEvent) => void): () => void {
    this.#events.add(listener);
    return () => void this.#events.delete(listener);
  }

  /** For people, in plain words. */
  tell(text: string): void {
    const event: RouteEvent = { at: new Date(this.#o.clock.nowMs()).toISOString(), route: this.#o.route, text };
    for (const listener of this.#events) listener(event);
  }

  /** Call whenever health may have changed. */
  changed(): void {
    const { state, problem } = this.#o.health();
    if (state === "up") {
      this.#usable ??= new AbortController();
      setMaxListeners(0, this.#usable.signal);
    } else {
      this.#usable?.abort(routeDown(problem ?? this.#o.unusable));
      this.#usable = null;
    }
    const news = this.#o.news();
    if (news.state !== this.#told) {
      this.#told = news.state;
      if (news.state === "up") this.tell(this.#o.connected);
      else if (news.problem) this.tell(news.problem.message);
    }
    for (const listener of this.#changes) listener();
  }

  /**
   * Waits while the route starts. Resolves to a signal at which it cannot be used any more. Throws NetworkError
   * `route_down`, PolicyError `route_missing`, or the signal's reason.
   */
  async up(signal: AbortSignal): Promise<AbortSignal> {
    for (;;) {
      const { state, problem } = this.#o.health();
      if (state === "up") return this.#usable?.signal ?? signal;
      if (state === "missing") throw routeMissing(problem ?? this.#o.unusable);
      if (state === "down") throw routeDown(problem ?? this.#o.unusable);
      if (state === "off" && this.#o.off) throw routeDown(this.#o.off);
      await this.#nextChange(signal);
    }
  }

  close(): void {
    this.#changes.clear();
    this.#events.clear();
  }

  async #nextChange(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const giveUp = (): void => resolve();
    const stop = this.onChange(giveUp);
    signal.addEventListener("abort", giveUp, { once: true });
    await promise;
    stop();
    signal.removeEventListener("abort", giveUp);
    signal.throwIfAborted();
  }
}
