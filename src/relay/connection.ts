/**
 * One WebSocket with manners: it takes messages as fast as they may be worked on, and drops a peer
 * that does not read, does not answer or sends anything but text.
 *
 *   socket -> inbox -> handler      the inbox waits, and the socket is not read, while
 *                                   the rate is used up | too much waits for the disk | a login is checked
 */

import type { WebSocket } from "ws";
import type { RelayLimits } from "./relay-info.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface ConnectionHandlers {
  onMessage(text: string): void;
  /** Handling a message threw: our own mistake, which costs this connection and no other. */
  onFault(error: unknown): void;
  onClose(): void;
}

const BURST_S = 10;
const UNSUPPORTED_DATA = 1003;

export class Connection {
  readonly #socket: WebSocket;
  readonly #limits: RelayLimits;
  readonly #handlers: ConnectionHandlers;
  readonly #bucket: TokenBucket;
  readonly #inbox: string[] = [];
  #wakeUp: NodeJS.Timeout | undefined;
  #slowed = false;
  #pendingBytes = 0;
  #holds = 0;
  #alive = true;

  constructor(socket: WebSocket, limits: RelayLimits, handlers: ConnectionHandlers) {
    this.#socket = socket;
    this.#limits = limits;
    this.#handlers = handlers;
    const { messagesPerSecond } = limits;
    this.#bucket = new TokenBucket(messagesPerSecond, messagesPerSecond * BURST_S, performance.now());
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) return socket.close(UNSUPPORTED_DATA, "only text");
      this.#inbox.push(data.toString("utf8"));
      this.#drain();
    });
    socket.on("pong", () => (this.#alive = true));
    // What follows an error is a close; a broken frame is nothing to tell anybody about.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(this.#wakeUp);
      this.#inbox.length = 0;
      handlers.onClose();
    });
  }

  get open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Sends, or ends the connection when too much is waiting for its reader already. */
  send(text: string): void {
    if (this.#isWithinBuffer()) this.#socket.send(text);
  }

  /** Sends all and resolves when the last one has left for the network, or the connection is gone. */
  sendAll(messages: readonly (string | Uint8Array)[]): Promise<void> {
    const last = messages.at(-1);
    if (last === undefined || !this.#isWithinBuffer()) return Promise.resolve();
    for (const message of messages.slice(0, -1)) this.#socket.send(message);
    return new Promise((resolve) => {
      this.#socket.send(last, () => {
        this.#alive = true; // a slow reader still reads
        resolve();
      });
    });
  }

  /** Counts bytes that wait for the disk until `work` is done. */
  async whilePending<T>(bytes: number, work: Promise<T>): Promise<T> {
    this.#pendingBytes += bytes;
    try {
      return await work;
    } finally {
      this.#pendingBytes -= bytes;
      this.#drain();
    }
  }

  /** Handles no further message until `work` is done. */
  async whileHeld<T>(work: Promise<T>): Promise<T> {
    this.#holds++;
    try {
      return await work;
    } finally {
      this.#holds--;
      this.#drain();
    }
  }

  /** Pings the peer, or ends the connection if it gave no sign of life since the last call. */
  probe(): void {
    // Unread, a pong cannot be seen.
    if (!this.#alive && !this.#socket.isPaused) return this.#socket.terminate();
    this.#alive = false;
    if (this.open) this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #drain(): void {
    while (this.#inbox.length > 0) {
      if (!this.#mayGoOn()) return this.#socket.pause();
      this.#handle(this.#inbox.shift() as string);
    }
    if (this.#socket.isPaused) this.#socket.resume();
  }

  #handle(text: string): void {
    try {
      this.#handlers.onMessage(text);
    } catch (error) {
      this.#handlers.onFault(error);
      this.#socket.terminate();
    }
  }

  #mayGoOn(): boolean {
    if (this.#holds > 0 || this.#pendingBytes >= this.#limits.pendingBytes || this.#wakeUp) return false;
    const waitMs = this.#bucket.take(performance.now());
    if (waitMs === 0) return true;
    this.#wakeUp = setTimeout(() => {
      this.#wakeUp = undefined;
      this.#drain();
    }, waitMs);
    if (!this.#slowed) this.send(JSON.stringify(["NOTICE", this.#slowDownNotice()]));
    this.#slowed = true;
    return false;
  }

  #slowDownNotice(): string {
    return `rate-limited: you are slowed down to ${this.#limits.messagesPerSecond} messages a second`;
  }

  #isWithinBuffer(): boolean {
    if (!this.open) return false;
    if (this.#socket.bufferedAmount <= this.#limits.sendBufferBytes) return true;
    this.#socket.terminate();
    return false;
  }
}
