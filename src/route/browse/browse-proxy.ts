/**
 * The proxy of one window of private browsing: SOCKS5 and HTTP on one port of 127.0.0.1, told apart by the first byte.
 *
 *   program -> 127.0.0.1:port -> whose is it? -> 0x05: socks-door | a letter: http-door -> browse-dialer -> route
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { BROWSE_LIMITS } from "../../core/route-limits.ts";
import { type Admission, isOwnUser } from "./admission.ts";
import { BrowseDialer, type BrowseDialerOptions, type ReachedSite } from "./browse-dialer.ts";
import { createHttpDoor } from "./http-door.ts";
import { createSocksDoor } from "./socks-door.ts";

export interface BrowseProxyOptions extends BrowseDialerOptions {
  readonly admission: Admission;
  /** 0, and if left out: any free one. */
  readonly port?: number;
  /** A connection whose first request is not whole by then is closed. */
  readonly greetingMs?: number;
  /** Asked for `own-user`. */
  readonly isOwn?: (socket: Socket) => Promise<boolean>;
}

const SOCKS5 = 5;

export class BrowseProxy {
  readonly #server: Server;
  readonly #dialer: BrowseDialer;
  readonly #options: BrowseProxyOptions;
  readonly #connections = new Set<Socket>();
  /** End the time for greetings; by connection. */
  readonly #waiting = new Map<Duplex, NodeJS.Timeout>();
  readonly #socks: (connection: Duplex) => void;
  readonly #http: ReturnType<typeof createHttpDoor>;

  private constructor(options: BrowseProxyOptions) {
    this.#options = options;
    this.#dialer = new BrowseDialer(options);
    const greeted = (connection: Duplex) => this.#endWaiting(connection);
    this.#socks = createSocksDoor(this.#dialer, options.admission, greeted);
    this.#http = createHttpDoor(this.#dialer, options.admission, greeted);
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      void this.#accept(socket);
    });
    this.#server.maxConnections = BROWSE_LIMITS.connections;
  }

  /** Throws what listening throws, such as EADDRINUSE. */
  static async listen(options: BrowseProxyOptions): Promise<BrowseProxy> {
    const proxy = new BrowseProxy(options);
    proxy.#server.listen(options.port ?? 0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** Sites that were reached, the newest first. */
  sites(): ReachedSite[] {
    return this.#dialer.sites();
  }

  /** Breaks off every connection. */
  async close(): Promise<void> {
    this.#dialer.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#connections) socket.destroy();
    this.#http.close();
    await closed;
  }

  async #accept(socket: Socket): Promise<void> {
    this.#connections.add(socket);
    socket.on("error", () => {}); // what breaks one connection is nobody else's matter
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#endWaiting(socket);
    });
    const greetingMs = this.#options.greetingMs ?? BROWSE_LIMITS.greetingMs;
    this.#waiting.set(
      socket,
      setTimeout(() => socket.destroy(), greetingMs),
    );
    socket.once("end", () => {
      if (this.#waiting.has(socket)) socket.destroy(); // nothing more of its greeting will come
    });
    const { admission, isOwn = isOwnUser } = this.#options;
    if (admission.kind === "own-user" && !(await isOwn(socket))) return void socket.destroy();
    socket.once("data", (first) => {
      socket.pause();
      socket.unshift(first);
      this.#enter(socket, first[0] ?? 0);
    });
    socket.resume();
  }

  /** All that is not SOCKS5 goes to Node's HTTP parser, which refuses what is not HTTP. */
  #enter(socket: Socket, firstByte: number): void {
    if (firstByte === SOCKS5) return this.#socks(socket);
    this.#http.emit("connection", socket);
    socket.resume();
  }

  #endWaiting(connection: Duplex): void {
    clearTimeout(this.#waiting.get(connection));
    this.#waiting.delete(connection);
  }
}
