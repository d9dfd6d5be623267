/**
 * Where the API listens: 127.0.0.1 and ::1 on one port, and a Unix socket in the data directory.
 *
 * Both addresses are taken or none: a stranger who held the other half of "localhost" would get the
 * browser's requests, and with them the launch token.
 */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { InternalError, isSystemError, ValidationError } from "../core/errors.ts";
import { API_LIMITS } from "../core/limits.ts";

const ANY_PORT_ATTEMPTS = 20;
/** `sun_path` of Linux, without its final zero byte. */
const SOCKET_PATH_BYTES = 107;

export type MakeServer = () => Server;

export function createHttpServer(listener: RequestListener): Server {
  const server = createServer({ maxHeaderSize: API_LIMITS.headerBytes, requestTimeout: 0, noDelay: true }, listener);
  // An upload may take hours, so there is no bound on a whole request; headers must come soon all the same.
  server.headersTimeout = API_LIMITS.requestHeadersMs;
  const answering = new Set<ServerResponse>();
  server.on("request", (_request, response: ServerResponse) => {
    answering.add(response);
    response.once("close", () => answering.delete(response));
  });
  answers.set(server, answering);
  return server;
}

/** What each server is answering now: a browser also holds connections open on which it has not asked anything. */
const answers: WeakMap<Server, ReadonlySet<ServerResponse>> = new WeakMap();

/**
 * Servers on both loopback addresses, and their port; `port` 0 takes any that is free on both.
 * A machine without IPv6 gets the one it has. Throws InternalError `port_in_use`.
 */
export async function listenOnLoopback(make: MakeServer, port: number): Promise<{ servers: Server[]; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const first = await listen(make(), { host: "127.0.0.1", port });
    const taken = (first.address() as AddressInfo).port;
    try {
      return { servers: [first, await listen(make(), { host: "::1", port: taken })], port: taken };
    } catch (error) {
      if (isSystemError(error) && (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT")) {
        return { servers: [first], port: taken };
      }
      await closeServer(first);
      if (port !== 0 || attempt === ANY_PORT_ATTEMPTS) throw error;
    }
  }
}

/** Listens on any free port of 127.0.0.1. */
export function listenAnywhere(server: Server): Promise<Server> {
  return listen(server, { host: "127.0.0.1", port: 0 });
}

/**
 * A server on a Unix socket that only its owner can open. What a killed node left behind is removed,
 * a socket that still answers is not. Throws ValidationError `vault_in_use`, InternalError `path_too_long`.
 */
export async function listenOnSocket(make: MakeServer, path: string): Promise<Server> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES) throw pathTooLong();
  if (await isAnswered(path)) throw inUse();
  await rm(path, { force: true });
  // The mask, not a later chmod: there is no moment at which another user could connect. The name is made before
  // `listen` first waits, so nothing else of this process ever sees the mask.
  const mask = process.umask(0o177);
  const listening = listen(make(), { path });
  process.umask(mask);
  return listening;
}

/** Takes no new calls and lets running ones end, for `API_LIMITS.stopMs` at most. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const ends = [...(answers.get(server) ?? [])].map((response) => once(response, "close"));
  const limit = new AbortController();
  await Promise.race([Promise.all(ends), delay(API_LIMITS.stopMs, null, { signal: limit.signal }).catch(() => null)]);
  limit.abort();
  server.closeAllConnections();
  await closed;
}

async function listen(server: Server, where: { host: string; port: number } | { path: string }): Promise<Server> {
  try {
    server.listen(where);
    await once(server, "listening");
    return server;
  } catch (error) {
    if ("port" in where && isSystemError(error) && error.code === "EADDRINUSE") throw portInUse(where.port, error);
    throw error;
  }
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function portInUse(port: number, cause: unknown): InternalError {
  return new InternalError("port_in_use", `Another program already uses port ${port} of this machine.`, {
    hint: "Stop the other program, or choose another port with --port.",
    cause,
  });
}

function inUse(): ValidationError {
  return new ValidationError("vault_in_use", "Another Nocturne is running in this data directory.", {
    hint: "Stop it with: nocturne stop - or choose another folder with --data-dir.",
  });
}

function pathTooLong(): InternalError {
  return new InternalError("path_too_long", `The data directory's path is longer than a socket's may be.`, {
    hint: `Choose a folder whose path is shorter than ${SOCKET_PATH_BYTES - "/nocturne.sock".length} bytes with --data-dir.`,
  });
}
