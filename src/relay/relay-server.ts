/**
 * The relay: stores and forwards what it cannot read, for whoever asks (NIP-01, 09, 11, 40, 42).
 *
 *   HTTP server  --GET, Accept: application/nostr+json-->  what the relay says about itself
 *        |
 *     upgrade -> Connection (flow) -> Session (protocol) -> StoreClient -> thread -> SQLite
 *                                          \-> Subscriptions -> other sessions
 *
 * It logs counts; never an address, a key or a word of an event.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../core/clock.ts";
import { isSystemError } from "../core/errors.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { Connection } from "./connection.ts";
import { FrontDoor } from "./front-door.ts";
import { HeaderSource } from "./header-source.ts";
import { Intake } from "./intake.ts";
import { isOwnUrl, relayUrl } from "./relay-address.ts";
import { type CellSource, Mirror } from "./mirror.ts";
import { describeRelay, type RelayLimits } from "./relay-info.ts";
import { Retrieval } from "./retrieval/retrieval.ts";
import { Session, type SessionContext, type Subscription } from "./session.ts";
import { StoreClient } from "./store-client.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface RelayOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** `ws:` or `wss:` URL under which clients elsewhere know the relay; they log in to it by that name (NIP-42). */
  readonly publicUrl?: string | undefined;
  /** The store lies in `<dataDir>/relay/`. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** What NIP-11 shows. */
  readonly name: string;
  /** A relay of somebody else that holds the same cells, or will: this one follows its cells (NEP-14). */
  readonly mirror?: { readonly url: string; readonly source: CellSource } | undefined;
  readonly limits?: RelayLimits;
}

export interface RunningRelay {
  /** ws:// address for programs on this machine. */
  readonly url: string;
  readonly port: number;
  /** Open WebSockets. */
  connections(): number;
  /**
   * A port of this machine for what brings people here from elsewhere, such as an onion service, who all come from one
   * address then: they have places of their own, so that they take none of those of this machine. Made at the first call.
   */
  backDoor(): Promise<number>;
  /** URLs under which clients elsewhere know the relay, beside `publicUrl`; they log in to it by these names. */
  knownAs(urls: readonly string[]): void;
  /** Says goodbye, commits what is waiting and lets go of port and store. */
  close(): Promise<void>;
}

const GOING_AWAY = 1001;
const GOODBYE_MS = 1_000;
const INFO_TYPE = "application/nostr+json";
// Web clients of any origin read what the relay says about itself. (NIP-11)
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*",
  "access-control-allow-methods": "GET, OPTIONS",
};

/** Starts a relay. Throws InternalError `relay_store_unusable`, or the system's error when the port is taken. */
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const { dataDir, clock, limits = RELAY_LIMITS } = options;
  const log = options.log.child({ component: "relay" });
  const store = await StoreClient.open({ folder: join(dataDir, "relay"), maxBytes: limits.storeBytes, clock, log });
  const headers = new HeaderSource({ store, limits, clock });
  const subscriptions = new Subscriptions<Subscription>();
  const retrieval = new Retrieval({ store, limits, clock });
  const shared = { store, subscriptions, headers, retrieval, limits, clock };
  const intake = new Intake(shared);
  const mirror = options.mirror ? new Mirror({ ...shared, intake, log, source: options.mirror.source }) : null;
  const relay = new RelayServer({ ...options, log }, { ...shared, intake }, mirror);
  try {
    await relay.listen();
  } catch (error) {
    await store.close();
    throw error;
  }
  return relay;
}

class RelayServer implements RunningRelay {
  readonly #options: RelayOptions;
  readonly #context: SessionContext;
  readonly #mirror: Mirror | null;
  readonly #http: Server;
  #back: Promise<Server> | null = null;
  #names: readonly string[] = [];
  readonly #sockets: WebSocketServer;
  readonly #connections: Set<Connection> = new Set();
  readonly #timers: NodeJS.Timeout[] = [];
  #closed: Promise<void> | undefined;
  port = 0;

  constructor(options: RelayOptions, context: SessionContext, mirror: Mirror | null) {
    this.#options = options;
    this.#context = context;
    this.#mirror = mirror;
    const { limits } = context;
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: limits.frameBytes, perMessageDeflate: false });
    this.#http = this.#createServer(limits.connections, limits.connectionsPerAddress);
  }

  get url(): string {
    return relayUrl(this.#options.host, this.port);
  }

  connections(): number {
    return this.#connections.size;
  }

  async backDoor(): Promise<number> {
    this.#back ??= this.#openBack();
    return ((await this.#back).address() as AddressInfo).port;
  }

  knownAs(urls: readonly string[]): void {
    this.#names = urls;
  }

  async listen(): Promise<void> {
    const { host, port, log } = this.#options;
    this.#http.listen(port, host);
    await once(this.#http, "listening");
    this.port = (this.#http.address() as AddressInfo).port;
    const { pingMs, sweepMs } = this.#context.limits;
    this.#timers.push(
      setInterval(() => this.#probeAll(), pingMs),
      setInterval(() => void this.#sweep(), sweepMs),
    );
    void this.#sweep();
    this.#context.retrieval.start();
    this.#mirror?.start();
    log.info({ port: this.port }, "the relay listens");
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#mirror?.close();
    const servers = [this.#http, ...(this.#back ? [await this.#back] : [])];
    const closed = Promise.all(servers.map((server) => once(server, "close")));
    for (const server of servers) server.close();
    for (const connection of this.#connections) connection.close(GOING_AWAY, "the relay is closing");
    const impatience = setTimeout(() => {
      for (const connection of this.#connections) connection.terminate();
      for (const server of servers) server.closeAllConnections();
    }, GOODBYE_MS);
    await closed;
    clearTimeout(impatience);
    await this.#context.retrieval.close();
    await this.#context.store.close();
    this.#options.log.info({}, "the relay is closed");
  }

  #createServer(connections: number, perAddress: number): Server {
    const door = new FrontDoor({ ...this.#context.limits, connectionsPerAddress: perAddress });
    const server = createServer((request, response) => this.#answer(request, response));
    server.maxConnections = connections;
    // Also while it listens: the system may run out of handles.
    server.on("error", (error) => this.#options.log.warn({ name: errorName(error) }, "the relay's port failed"));
    server.on("connection", (socket: Socket) => door.admit(socket));
    server.on("upgrade", (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#meet(webSocket, socket as Socket, door));
    });
    return server;
  }

  async #openBack(): Promise<Server> {
    const { backDoorConnections } = this.#context.limits;
    const server = this.#createServer(backDoorConnections, backDoorConnections);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  }

  #meet(webSocket: WebSocket, socket: Socket, door: FrontDoor): void {
    const { host, publicUrl } = this.#options;
    const publicUrls = [...(publicUrl === undefined ? [] : [publicUrl]), ...this.#names];
    const arrival = { host, publicUrls, port: this.port, localAddress: socket.localAddress };
    const connection = new Connection(webSocket, this.#context.limits, {
      onMessage: (text) => session.handle(text),
      onFault: (error) => this.#options.log.error({ name: errorName(error) }, "a message could not be handled"),
      onClose: () => {
        this.#connections.delete(connection);
        session.end();
      },
    });
    this.#connections.add(connection);
    const session = new Session({
      context: this.#context,
      connection,
      isOwnUrl: (url) => isOwnUrl(url, arrival),
      onValid: () => door.welcome(socket),
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const headers = { ...CORS, connection: "close" };
    if (request.method === "OPTIONS") return void response.writeHead(204, headers).end();
    if (request.method !== "GET") return void response.writeHead(405, { ...headers, allow: "GET, OPTIONS" }).end();
    if (request.headers.accept?.includes(INFO_TYPE)) {
      const info = describeRelay(this.#options.name, this.#context.limits, this.#options.mirror?.url);
      return void response.writeHead(200, { ...headers, "content-type": INFO_TYPE }).end(info);
    }
    response.writeHead(200, { ...headers, "content-type": "text/plain" });
    response.end("This is a Nostr relay. Connect with a Nostr client.\n");
  }

  #probeAll(): void {
    for (const connection of this.#connections) connection.probe();
  }

  async #sweep(): Promise<void> {
    while ((await this.#context.store.sweep()) > 0);
  }
}

// Of an unexpected error no more than its kind: the message may repeat what somebody sent.
function errorName(error: unknown): string {
  return isSystemError(error) ? error.code : error instanceof Error ? error.name : "unknown";
}
