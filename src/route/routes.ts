/**
 * The one door by which the program's bytes leave: each target is judged by the policy, and dialled by its route or not
 * at all.
 *
 *   dial(target, label) -> own service? -> this machine
 *                       -> decide(target, policy) -> local | direct | tor | i2p -> stream
 *                                                 -> unknown, or the route is down -> throws: the caller waits
 *
 * The policy is read for each stream; what is open already is told of a change by `onChange`, and cut by its owner.
 */
import type { Socket } from "node:net";
import { isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { LockedError, type NocturneError } from "../core/errors.ts";
import { DIAL_LIMITS } from "../core/route-limits.ts";
import { dialDirectly } from "./direct-route.ts";
import { targetUnreachable } from "./errors.ts";
import type { Hedging } from "./hedged-dial.ts";
import { type Decision, decide, type RoutePolicy, targetOf } from "./policy.ts";
import type { DialOptions, Route, RouteName, Target } from "./route.ts";

export interface LeaveOptions extends DialOptions {
  /** Never by a route that shows where we are, whatever the policy says. */
  readonly hidden?: boolean;
}

export interface RoutesOptions {
  readonly routes: readonly Route[];
  readonly policy: () => RoutePolicy;
}

export class Routes {
  readonly #o: RoutesOptions;
  readonly #byName: ReadonlyMap<RouteName, Route>;
  /** Ports of this machine by the host under which others reach them. */
  readonly #own = new Map<string, number>();
  readonly #listeners = new Set<(cameUp: RouteName | null) => void>();

  constructor(options: RoutesOptions) {
    this.#o = options;
    this.#byName = new Map(options.routes.map((route) => [route.name, route]));
    for (const route of options.routes) this.#watch(route);
  }

  /** What this node serves under `host` is reached on this machine, at `port`; null takes that back. */
  serve(host: string, port: number | null): void {
    if (port === null) this.#own.delete(host);
    else this.#own.set(host, port);
  }

  /** By what a target is reached now. */
  decide(target: Target): Decision {
    return this.#own.has(target.host.toLowerCase()) ? "local" : decide(target, this.#o.policy());
  }

  /** How a greeting to this target is repeated, by the route that it goes; null: one stream is enough. */
  greeting(target: Target): Hedging | null {
    const name = this.decide(target);
    return (name !== "local" && name !== "unknown" && this.#byName.get(name)?.greeting) || null;
  }

  /**
   * An open stream. Throws NetworkError `target_unreachable`, `route_down`; PolicyError `route_missing`; LockedError while
   * it is not known what may leave; or the signal's reason.
   */
  async dial(target: Target, options: LeaveOptions): Promise<Socket> {
    const own = this.#own.get(target.host.toLowerCase());
    if (own !== undefined) return dialDirectly({ host: "127.0.0.1", port: own }, options.signal);
    const judged = this.decide(target);
    const name = options.hidden && judged === "direct" ? "tor" : judged;
    if (name === "unknown") throw new LockedError();
    if (name === "local") return dialDirectly(target, options.signal);
    const route = this.#byName.get(name);
    if (!route) throw notHere(name);
    route.start();
    return route.dial(target, options);
  }

  /** The same for a ws, wss, http or https URL, with TLS where it says so. Throws as `dial`. */
  async dialUrl(url: URL, options: LeaveOptions): Promise<Socket> {
    const target = targetOf(url);
    if (!target) throw targetUnreachable();
    const socket = await this.dial(target, options);
    if (url.protocol === "ws:" || url.protocol === "http:") return socket;
    return secure(socket, target.host, options.signal);
  }

  /** Calls back after the policy or a route's state changed, with the route that came up by it. Returns how to stop it. */
  onChange(listener: (cameUp: RouteName | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Of its state alone: every attempt to dial changes the rest, and whoever is told dials again. */
  #watch(route: Route): void {
    let { state } = route.health();
    route.onChange(() => {
      const before = state;
      state = route.health().state;
      if (state !== before) this.announce(state === "up" ? route.name : null);
    });
  }

  /** Call after the policy changed. */
  announce(cameUp: RouteName | null = null): void {
    for (const listener of this.#listeners) listener(cameUp);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await Promise.all(this.#o.routes.map((route) => route.close()));
  }
}

/** TLS over an open stream, for HTTP/1.1; the certificate must be that of `host`. */
function secure(socket: Socket, host: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const name = host.replace(/^\[|\]$/g, "");
    const servername = isIP(name) === 0 ? { servername: name } : {};
    const tls = connectTls({ socket, host: name, ...servername, ALPNProtocols: ["http/1.1"] });
    const late = setTimeout(() => giveUp(), DIAL_LIMITS.greetingMs);
    const settle = (outcome: () => void): void => {
      clearTimeout(late);
      signal.removeEventListener("abort", giveUp);
      tls.removeListener("error", failed);
      outcome();
    };
    const failed = (error?: unknown): void =>
      settle(() => {
        tls.on("error", () => {}).destroy();
        reject(signal.aborted ? signal.reason : targetUnreachable(error));
      });
    const giveUp = (): void => failed();
    signal.addEventListener("abort", giveUp, { once: true });
    tls.once("error", failed);
    tls.once("secureConnect", () => settle(() => resolve(tls)));
  });
}

function notHere(name: RouteName): NocturneError {
  return targetUnreachable(new Error(`no route ${name}`));
}
