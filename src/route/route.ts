/**
 * A route is a way by which bytes leave this machine. All have one shape:
 *
 *     dial(target, isolation) -> an open stream          health: what its attempts and probes have shown
 *
 * A route never stands in for another: if it cannot be used, `dial` throws, and its caller waits.
 */
import type { Socket } from "node:net";
import type { Hedging } from "./hedged-dial.ts";

export type RouteName = "direct" | "tor" | "i2p";

/** A place to connect to. */
export interface Target {
  /** As `URL` writes it: a name (also `.onion`, `.i2p`), an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
}

export interface DialOptions {
  /** Streams with different labels must not be linkable by what carries them. */
  readonly isolation: string;
  /** Gives the attempt up; once the stream is handed over it has no effect. */
  readonly signal: AbortSignal;
}

/**
 * `off`: not asked for yet. `missing`: a program that it needs is not on this machine. `starting`: on its way.
 * `up`: it can be dialled. `down`: it cannot now, and comes back by itself.
 */
export type RouteState = "off" | "missing" | "starting" | "up" | "down";

/** Why a route cannot be used, in plain words. */
export interface RouteProblem {
  readonly code: string;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

export interface RouteHealth {
  readonly state: RouteState;
  /** 0 to 100 while it starts; null otherwise. */
  readonly progress: number | null;
  /** What it does while it starts, in the words of what carries it; null otherwise. */
  readonly doing: string | null;
  /** Of the last attempts, the part that failed. */
  readonly loss: number;
  /** Median of the last attempts that succeeded, until the stream was open; null before the first. */
  readonly latencyMs: number | null;
  readonly problem: RouteProblem | null;
}

/** Something that happened to a route, for the network page. */
export interface RouteEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly route: RouteName;
  /** In plain words, without addresses of people. */
  readonly text: string;
}

export interface Route {
  readonly name: RouteName;
  /**
   * Where an open stream does not show that the other side is there: how its greeting is tried by more streams beside it.
   * Absent: an open stream has reached the other side.
   */
  readonly greeting?: Hedging;
  /**
   * An open stream to the target, which nobody has read from. Throws NetworkError `target_unreachable` when the route
   * works and the target does not answer, `route_down` when it does not work now, PolicyError `route_missing` when this
   * machine lacks what it needs, or the signal's reason.
   */
  dial(target: Target, options: DialOptions): Promise<Socket>;
  /** Begins to make the route usable, if it was not asked for before; does not wait. */
  start(): void;
  health(): RouteHealth;
  /** Calls back after health changed. Returns how to stop it. */
  onChange(listener: () => void): () => void;
  /** Calls back when something happened that a person may want to see. Returns how to stop it. */
  onEvent(listener: (event: RouteEvent) => void): () => void;
  /** Ends it and what it started. */
  close(): Promise<void>;
}
