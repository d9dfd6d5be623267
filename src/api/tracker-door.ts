/**
 * A tracker: tells nodes that know nobody yet some of those that are there (NEP-23). It keeps everything in memory, and no
 * address of whoever asks.
 *
 *   GET  /   a page of announcements, as their nodes signed them
 *   POST /   an announcement -> 204, or 400 for what is none
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../core/clock.ts";
import { toNocturneError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";
import { MESH_LIMITS } from "../core/mesh-limits.ts";
import { TrackerTable } from "../mesh/network/tracker.ts";

export interface RunningTracker extends AsyncDisposable {
  readonly port: number;
  /** Nodes that came by lately. */
  readonly known: () => number;
}

/** Throws InternalError `port_in_use`. */
export async function startTracker(host: string, port: number, clock: Clock): Promise<RunningTracker> {
  const table = new TrackerTable();
  const options = { maxHeaderSize: API_LIMITS.headerBytes, requestTimeout: MESH_LIMITS.dialMs };
  const server = createServer(options, (request, response) => {
    answer(table, request, response, clock.nowMs()).catch(() => response.destroy());
  });
  server.maxConnections = MESH_LIMITS.connections;
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    known: () => table.size,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  table: TrackerTable,
  request: IncomingMessage,
  response: ServerResponse,
  nowMs: number,
): Promise<void> {
  if (request.url !== "/") response.writeHead(404).end();
  else if (request.method === "GET") {
    const headers = { "content-type": "application/octet-stream", "cache-control": "no-store" };
    response.writeHead(200, headers).end(table.page(nowMs));
  } else if (request.method === "POST") {
    const bytes = await readShort(request);
    response.writeHead(bytes !== null && table.tell(bytes, nowMs) ? 204 : 400).end();
  } else response.writeHead(405).end();
}

/** Null for what is longer than any announcement. */
async function readShort(request: IncomingMessage): Promise<Uint8Array | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MESH_LIMITS.announcementBytes) return null;
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw toNocturneError(error);
  }
}
