/**
 * A relay that does exactly what a test tells it to, good or bad, over real sockets.
 *
 *   const relay = await startScriptedRelay(t, {
 *     onMessage: ([type, event], client) => client.say("OK", event.id, true, ""),
 *   });
 */
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";

export interface ScriptedClient {
  readonly socket: WebSocket;
  /** Sends one frame, a JSON list. */
  say(...message: readonly unknown[]): void;
}

/** `["EVENT", event]`, `["REQ", id, filter]` and so on, unread. */
export type ClientFrame = readonly [type: string, first: never, ...rest: never[]];

export interface Script {
  readonly onConnect?: (client: ScriptedClient, request: IncomingMessage) => void;
  readonly onMessage?: (frame: ClientFrame, client: ScriptedClient) => void;
  /** A fixed port, to come back where another relay was. */
  readonly port?: number;
}

export interface ScriptedRelay {
  readonly url: string;
  readonly port: number;
  /** Everything that clients said, in order. */
  readonly received: ClientFrame[];
  /** Connections ever made. */
  connections(): number;
  /** Connections now. */
  clients(): Set<WebSocket>;
  /** Cuts all connections and goes on listening. */
  drop(): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 until the test ends. */
export async function startScriptedRelay(t: TestContext, script: Script = {}): Promise<ScriptedRelay> {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const received: ClientFrame[] = [];
  let connections = 0;
  http.on("upgrade", (request, stream, head) => {
    // Corked, so that what a relay says at once travels with its handshake.
    stream.cork();
    sockets.handleUpgrade(request, stream, head, (socket) => {
      connections++;
      socket.on("error", () => {});
      const client: ScriptedClient = { socket, say: (...message) => socket.send(JSON.stringify(message)) };
      script.onConnect?.(client, request);
      socket.on("message", (data) => {
        const frame = JSON.parse((data as Buffer).toString()) as ClientFrame;
        received.push(frame);
        script.onMessage?.(frame, client);
      });
      stream.uncork();
    });
  });
  await new Promise<void>((resolve) => http.listen(script.port ?? 0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const drop = () => {
    for (const socket of sockets.clients) socket.terminate();
  };
  const close = () =>
    new Promise<void>((resolve) => {
      drop();
      http.close(() => resolve());
    });
  t.after(close);
  const url = `ws://127.0.0.1:${port}`;
  return { url, port, received, connections: () => connections, clients: () => sockets.clients, drop, close };
}
