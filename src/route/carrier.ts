/**
 * A carrier brings a WebSocket to a relay: straight through the internet, or by a way that hides where
 * we are. Everything above it is the same for all carriers.
 */

import { WebSocket } from "ws";
import { NetworkError, ValidationError } from "../core/errors.ts";
import { ROUTE_LIMITS } from "../core/limits.ts";

export interface DialOptions {
  /** Connections with different labels must not be linkable by what carries them. */
  readonly isolation: string;
  /** Gives the attempt up; once the socket is handed over it has no effect. */
  readonly signal: AbortSignal;
}

export interface Carrier {
  readonly name: "direct";
  /**
   * An open socket to a ws:// or wss:// URL. It is paused, so that nothing which the relay says at once is
   * lost: listen first, then `resume()`. Throws ValidationError `bad_relay_url`, NetworkError `relay_unreachable`.
   */
  dial(url: string, options: DialOptions): Promise<WebSocket>;
}

/** Straight from this machine: the relay sees its address. */
export const directCarrier: Carrier = { name: "direct", dial: dialDirectly };

function dialDirectly(url: string, { signal }: DialOptions): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) throw unreachable(signal.reason);
    const socket = openSocket(url);
    const giveUp = () => socket.terminate();
    const settle = (outcome: () => void) => {
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
    });
  });
}

function openSocket(url: string): WebSocket {
  try {
    return new WebSocket(url, {
      maxPayload: ROUTE_LIMITS.receivedFrameBytes,
      // Compressing secrets together with what a stranger chose would let their size tell them (CRIME).
      perMessageDeflate: false,
      followRedirects: false,
    });
  } catch (cause) {
    throw new ValidationError("bad_relay_url", "This is not the address of a relay.", {
      hint: "A relay's address begins with wss:// or ws://.",
      cause,
    });
  }
}

/** The one error of a relay that cannot be talked to. It does not name the URL, which may hold a password. */
export function unreachable(cause?: unknown): NetworkError {
  return new NetworkError("relay_unreachable", "The relay could not be reached or did not answer.", {
    hint: "Check your connection; Nocturne keeps trying.",
    ...(cause === undefined ? {} : { cause }),
  });
}
