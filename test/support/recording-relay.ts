/**
 * A real relay that keeps all it ever sees: every connection in its order, and every frame that came or went on it.
 *
 *   client -> recorder (the address that people know) -> the relay
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { startRelay } from "../../src/relay/relay-server.ts";
import { atEnd, temporaryFolder } from "./cleanup.ts";

export interface Seen {
  /** Number of the connection, in the order in which they came. */
  readonly connection: number;
  readonly from: "client" | "relay";
  readonly frame: string;
}

export interface RecordingRelay {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** What each connection said about itself before the first frame. */
  readonly headers: readonly string[];
}

export async function startRecordingRelay(t: TestContext): Promise<RecordingRelay> {
  const door = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(door, "listening");
  const url = `ws://127.0.0.1:${(door.address() as AddressInfo).port}`;
  const relay = await startRelay({
    host: "127.0.0.1",
    port: 0,
    publicUrl: url,
    dataDir: temporaryFolder(t),
    log: createLogger("silent"),
    clock: systemClock,
    name: "recording",
  });
  atEnd(t, () => relay.close());
  atEnd(t, () => {
    for (const client of door.clients) client.terminate();
    door.close();
  });
  const seen: Seen[] = [];
  const headers: string[] = [];
  door.on("connection", (client, request) => {
    const connection = headers.push(JSON.stringify(request.headers)) - 1;
    const upstream = new WebSocket(relay.url);
    const waiting: string[] = [];
    const note = (from: Seen["from"], frame: string): void => void seen.push({ connection, from, frame });
    client.on("message", (data) => {
      const frame = (data as Buffer).toString();
      note("client", frame);
      if (upstream.readyState === WebSocket.OPEN) upstream.send(frame);
      else waiting.push(frame);
    });
    upstream.on("open", () => waiting.forEach((frame) => upstream.send(frame)));
    upstream.on("message", (data) => {
      const frame = (data as Buffer).toString();
      note("relay", frame);
      client.send(frame);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on("error", () => other.terminate());
      one.on("close", () => other.close());
    }
  });
  return { url, seen, headers };
}

/** The public keys that proved themselves on each connection (NIP-42). */
export function authenticated({ seen, headers }: RecordingRelay): string[][] {
  const keys = headers.map(() => new Set<string>());
  for (const { connection, from, frame } of seen) {
    if (from !== "client") continue;
    const [type, event] = JSON.parse(frame) as [string, { pubkey: string }];
    if (type === "AUTH") keys[connection]?.add(event.pubkey);
  }
  return keys.map((set) => [...set]);
}
