/**
 * One open WebSocket to one relay: text frames in and out, binary ones in, a heartbeat, and exactly one end.
 *
 *   relay -> text   -> RelayMessage -> onMessage         (what cannot be read is dropped)
 *   relay -> binary -> HeaderFrame  -> onHeaders         (the same; NEP-13)
 *   every idleProbeMs: ping -> pong -> onLatency         (silence for idleDropMs after it: cut)
 */

import type { WebSocket } from "ws";
import type { Clock } from "../core/clock.ts";
import type { ROUTE_LIMITS } from "../core/limits.ts";
import { decodeHeaderFrame, type HeaderFrame } from "../nostr/header-stream.ts";
import {
  type ClientMessage,
  encodeClientMessage,
  parseRelayMessage,
  type RelayMessage,
} from "../nostr/relay-message.ts";

/** ROUTE_LIMITS, or other numbers where a test cannot wait for those. */
export type RouteLimits = { readonly [Name in keyof typeof ROUTE_LIMITS]: number };

export interface RelaySocketOptions {
  readonly onMessage: (message: RelayMessage) => void;
  readonly onHeaders: (frame: HeaderFrame) => void;
  /** Milliseconds of a round trip. */
  readonly onLatency: (latencyMs: number) => void;
  /** The socket is of no use any more, whoever ended it. Called once. */
  readonly onEnd: () => void;
  readonly clock: Clock;
  readonly limits: RouteLimits;
}

export class RelaySocket {
  readonly #socket: WebSocket;
  readonly #options: RelaySocketOptions;
  readonly #gone = Promise.withResolvers<void>();
  readonly #heartbeat: NodeJS.Timeout;
  #silenceTimer: NodeJS.Timeout | null = null;
  #pingedAtMs = 0;
  #ended = false;

  /** Takes over an open socket that a carrier handed out paused. */
  constructor(socket: WebSocket, options: RelaySocketOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("message", (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.on("pong", () => this.#measure());
    socket.on("ping", () => this.#heard());
    socket.on("error", () => void this.end()); // a frame that is too large or malformed; `close` follows
    socket.on("close", () => this.#release());
    this.#heartbeat = setInterval(() => this.#probe(), options.limits.idleProbeMs);
    socket.resume();
    this.#probe();
  }

  /** False when it was not sent: the socket has ended, or the relay does not read what was sent before. */
  send(message: ClientMessage): boolean {
    if (this.#ended || this.#socket.bufferedAmount > this.#options.limits.sendBufferBytes) return false;
    this.#socket.send(encodeClientMessage(message));
    return true;
  }

  /** Says goodbye, and cuts if the relay does not answer. Resolves when the socket is gone. */
  end(): Promise<void> {
    if (this.#ended) return this.#gone.promise;
    this.#finish();
    const cut = setTimeout(() => this.#socket.terminate(), this.#options.limits.closeMs);
    void this.#gone.promise.then(() => clearTimeout(cut));
    this.#socket.close();
    return this.#gone.promise;
  }

  /** Ends it without a word: nothing more leaves by it. */
  cut(): void {
    this.#socket.terminate();
    this.#finish();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return;
    this.#heard();
    const { onHeaders, onMessage } = this.#options;
    if (isBinary) handOn(() => decodeHeaderFrame(data), onHeaders);
    else handOn(() => parseRelayMessage(data.toString()), onMessage);
  }

  #probe(): void {
    this.#pingedAtMs = this.#options.clock.nowMs();
    // A relay that hangs does not answer a goodbye either.
    this.#silenceTimer ??= setTimeout(() => this.cut(), this.#options.limits.idleDropMs);
    this.#socket.ping();
  }

  #measure(): void {
    if (this.#ended) return;
    this.#heard();
    this.#options.onLatency(Math.max(0, this.#options.clock.nowMs() - this.#pingedAtMs));
  }

  #heard(): void {
    if (this.#silenceTimer) clearTimeout(this.#silenceTimer);
    this.#silenceTimer = null;
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#heard();
    this.#options.onEnd();
  }

  #release(): void {
    this.#finish();
    this.#socket.removeAllListeners();
    this.#gone.resolve();
  }
}

function handOn<T>(read: () => T, handler: (message: T) => void): void {
  let message: T;
  try {
    message = read();
  } catch {
    return;
  }
  handler(message);
}
