/**
 * A carrier brings a WebSocket to a relay, by the route that the policy says for it. Everything above it is the same for
 * all routes.
 *
 *   routeCarrier(routes, "root") -> label "root|relay.example" -> Routes.dial -> stream -> WebSocket
 */
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { NetworkError, NocturneError, PolicyError, ValidationError } from "../core/errors.ts";
import { ROUTE_LIMITS } from "../core/limits.ts";
import { DIAL_LIMITS } from "../core/route-limits.ts";
import { dialDirectly } from "./direct-route.ts";
import { dialHedged } from "./hedged-dial.ts";
import { type Decision, targetOf } from "./policy.ts";
import type { DialOptions } from "./route.ts";
import type { Routes } from "./routes.ts";

export type { DialOptions };

export interface Carrier {
  /** By what a relay is reached now: a connection that was made by something else is not used any more. */
  routeOf(url: string): Decision;
  /**
   * An open socket to a ws:// or wss:// URL. It is paused, so that nothing which the relay says at once is
   * lost: listen first, then `resume()`. Throws ValidationError `bad_relay_url`, NetworkError `relay_unreachable`.
   */
  dial(url: string, options: DialOptions): Promise<WebSocket>;
}

/** For one identity: connections of two of them are never told to come from one place, where the route can hide it. */
export function routeCarrier(routes: Routes, identity: string): Carrier {
  return {
    routeOf: (url) => {
      const target = targetOf(url);
      return target ? routes.decide(target) : "unknown";
    },
    dial: (url, { isolation, signal }) => {
      const attempt = (end: AbortSignal): Promise<WebSocket> =>
        open(url, end, (at) => routes.dialUrl(at, { isolation: `${identity}|${isolation}`, signal: end }));
      const target = targetOf(url);
      const greeting = target && routes.greeting(target);
      if (!greeting) return attempt(signal);
      const discard = (late: WebSocket): void => late.terminate();
      return dialHedged((_, end) => attempt(end), discard, greeting, signal);
    },
  };
}

/** Straight from this machine, whatever any policy says: for relays of one's own on it, tests and benches. */
export const directCarrier: Carrier = {
  routeOf: () => "direct",
  dial: (url, { signal }) =>
    open(url, signal, (at) => {
      const target = targetOf(at);
      return target ? dialDirectly(target, signal) : Promise.reject(badUrl());
    }),
};

/** How long a relay may take until it is connected by this route, in milliseconds. */
export function patienceMs(route: Decision, connectMs: number): number {
  return route === "tor" || route === "i2p" ? DIAL_LIMITS.anonymousMs : connectMs;
}

async function open(url: string, signal: AbortSignal, dial: (url: URL) => Promise<Socket>): Promise<WebSocket> {
  const at = URL.parse(url);
  if (!at || (at.protocol !== "ws:" && at.protocol !== "wss:") || at.hash !== "") throw badUrl();
  if (signal.aborted) throw unreachable(signal.reason);
  try {
    return await greet(at, await dial(at), signal);
  } catch (error) {
    throw error instanceof NocturneError ? toUnreachable(error) : unreachable(error);
  }
}

/** A handshake over an open stream. */
function greet(url: URL, stream: Socket, signal: AbortSignal): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(url, stream);
    stream.resume(); // a route hands it over paused, and the client waits for it to flow
    const giveUp = (): void => {
      socket.terminate();
      stream.destroy();
    };
    const late = setTimeout(giveUp, DIAL_LIMITS.greetingMs);
    const settle = (outcome: () => void): void => {
      clearTimeout(late);
      signal.removeEventListener("abort", giveUp);
      socket.removeAllListeners();
      outcome();
    };
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("open", () => {
      socket.pause();
      settle(() => resolve(socket));
    });
    socket.once("error", (error) => {
      settle(() => reject(unreachable(error)));
      socket.on("error", () => {}); // a failed handshake may report more than one error
      stream.destroy();
    });
    if (signal.aborted) giveUp();
  });
}

function openSocket(url: URL, stream: Socket): WebSocket {
  try {
    return new WebSocket(url, {
      createConnection: () => stream,
      maxPayload: ROUTE_LIMITS.receivedFrameBytes,
      // Compressing secrets together with what a stranger chose would let their size tell them (CRIME).
      perMessageDeflate: false,
      followRedirects: false,
    });
  } catch (cause) {
    stream.destroy();
    throw badUrl(cause);
  }
}

function badUrl(cause?: unknown): ValidationError {
  return new ValidationError("bad_relay_url", "This is not the address of a relay.", {
    hint: "A relay's address begins with wss:// or ws://.",
    cause,
  });
}

/** Why the route is of no use is worth telling; that the other side does not answer is said in the words of relays. */
function toUnreachable(error: NocturneError): NocturneError {
  const isRoute = error.code === "route_down" || error instanceof PolicyError || error instanceof ValidationError;
  return isRoute || error.code === "relay_unreachable" ? error : unreachable(error);
}

/** The one error of a relay that cannot be talked to. It does not name the URL, which may hold a password. */
export function unreachable(cause?: unknown): NetworkError {
  return new NetworkError("relay_unreachable", "The relay could not be reached or did not answer.", {
    hint: "Check your connection; Nocturne keeps trying.",
    ...(cause === undefined ? {} : { cause }),
  });
}
