/**
 * The events of the node, over one WebSocket.
 *
 *     upgrade (Host, Origin judged) -> {"session": "..."} within 5 s -> {"event":"welcome"} -> events
 *
 * Whoever does not read is dropped at a bounded buffer: it comes back and fetches everything anew,
 * which is cheaper than to hold its past in memory.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { NocturneError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";
import type { Services } from "../node/services.ts";
import type { PushEvent } from "./contract.ts";
import { errorBody, GuardError, statusOf } from "./errors.ts";
import { judgeRequest, requestFacts } from "./guard.ts";
import type { Sessions } from "./sessions.ts";

const PUSH_PATH = "/api/push";

/** Close codes of RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

export class PushServer {
  readonly #authMs: number;
  readonly #sessions: Sessions;
  readonly #server: WebSocketServer;
  readonly #welcomed: Set<WebSocket> = new Set();
  /** Who gave a sign of life since the last pulse. */
  readonly #alive: WeakSet<WebSocket> = new WeakSet();
  readonly #stopListening: () => void;
  readonly #pulse: NodeJS.Timeout;

  /** `authMs` is how long a socket may stay silent; other than the limit only for tests that cannot wait. */
  constructor(services: Services, sessions: Sessions, authMs: number = API_LIMITS.socketAuthMs) {
    this.#authMs = authMs;
    this.#sessions = sessions;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: API_LIMITS.socketFrameBytes,
      perMessageDeflate: false,
    });
    this.#stopListening = services.bus.listen((event) => this.#tellAll(event));
    this.#pulse = setInterval(() => this.#dropSilent(), API_LIMITS.socketPingMs);
  }

  /** Answers an upgrade. On the trusted socket neither page nor session is asked for; `port` is then not used. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, trusted: boolean, port: number): void {
    socket.on("error", () => socket.destroy());
    try {
      this.#judge(request, trusted, port);
    } catch (error) {
      return refuse(socket, error);
    }
    this.#server.handleUpgrade(request, socket, head, (client) => {
      client.on("error", () => client.terminate());
      if (trusted) this.#welcome(client);
      else this.#awaitSession(client);
    });
  }

  async close(): Promise<void> {
    this.#stopListening();
    clearInterval(this.#pulse);
    for (const client of this.#server.clients) client.close(GOING_AWAY);
    const cut = setTimeout(() => this.#server.clients.forEach((client) => client.terminate()), API_LIMITS.stopMs);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(cut);
  }

  #judge(request: IncomingMessage, trusted: boolean, port: number): void {
    if (!trusted) judgeRequest(requestFacts(request, PUSH_PATH), port);
    if (request.url !== PUSH_PATH) throw new GuardError(404, "unknown_path", "There is no such WebSocket.");
    if (this.#server.clients.size >= API_LIMITS.sockets) {
      throw new GuardError(503, "too_many_sockets", "Too many pages are open.", { hint: "Close some of them." });
    }
  }

  /** The first frame, and in time: an idle stranger must not hold one of the few places. */
  #awaitSession(client: WebSocket): void {
    const late = setTimeout(() => client.close(POLICY_VIOLATION), this.#authMs);
    client.once("close", () => clearTimeout(late));
    client.once("message", (data, isBinary) => {
      clearTimeout(late);
      if (!isBinary && this.#sessions.has(sessionOf((data as Buffer).toString("utf8")))) this.#welcome(client);
      else client.close(POLICY_VIOLATION);
    });
  }

  #welcome(client: WebSocket): void {
    this.#welcomed.add(client);
    this.#alive.add(client);
    client.on("pong", () => this.#alive.add(client));
    client.once("close", () => this.#welcomed.delete(client));
    client.send(JSON.stringify({ event: "welcome" } satisfies PushEvent));
  }

  #tellAll(event: PushEvent): void {
    const text = JSON.stringify(event);
    for (const client of this.#welcomed) {
      if (client.bufferedAmount + text.length > API_LIMITS.socketBufferBytes) client.terminate();
      else client.send(text);
    }
  }

  #dropSilent(): void {
    for (const client of this.#welcomed) {
      if (!this.#alive.delete(client)) client.terminate();
      else client.ping();
    }
  }
}

function sessionOf(frame: string): string {
  try {
    const { session } = JSON.parse(frame) as { session?: unknown };
    return typeof session === "string" ? session : "";
  } catch {
    return "";
  }
}

function refuse(socket: Duplex, thrown: unknown): void {
  const error = thrown instanceof NocturneError ? thrown : new GuardError(400, "bad_request", "This is no WebSocket.");
  const body = JSON.stringify(errorBody(error));
  const head = [`HTTP/1.1 ${statusOf(error)} Refused`, "Connection: close", "Content-Type: application/json"];
  socket.end([...head, `Content-Length: ${Buffer.byteLength(body)}`, "", body].join("\r\n"));
}
