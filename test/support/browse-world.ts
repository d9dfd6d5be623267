/**
 * A little internet on loopback for tests of private browsing: a route that leads names to servers of this process, and
 * notes what was dialled. In the product that route is Tor.
 */
import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { targetUnreachable } from "../../src/route/errors.ts";
import type { DialOptions, Route, RouteHealth, Target } from "../../src/route/route.ts";
import { BrowseProxy, type BrowseProxyOptions } from "../../src/route/browse/browse-proxy.ts";
import { atEnd } from "./cleanup.ts";

export interface Dialled {
  readonly target: Target;
  readonly isolation: string;
}

const UP: RouteHealth = { state: "up", progress: null, doing: null, loss: 0, latencyMs: null, problem: null };

/** Leads every name to where `lead` says; fails with what it throws. */
export class LoopbackRoute implements Route {
  readonly name = "tor";
  readonly dialled: Dialled[] = [];
  readonly #lead: (target: Target) => number | Promise<number>;

  constructor(lead: (target: Target) => number | Promise<number>) {
    this.#lead = lead;
  }

  async dial(target: Target, { isolation, signal }: DialOptions): Promise<Socket> {
    this.dialled.push({ target, isolation });
    const socket = connect(await this.#lead(target), "127.0.0.1");
    try {
      await once(socket, "connect", { signal });
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      throw targetUnreachable(error);
    }
    return socket.pause(); // as those of Tor are handed over
  }

  start(): void {}
  health(): RouteHealth {
    return UP;
  }
  onChange(): () => void {
    return () => {};
  }
  onEvent(): () => void {
    return () => {};
  }
  async close(): Promise<void> {}
}

export const OPEN_TO_ALL = { kind: "own-user" } as const;
export const PASSWORD = { kind: "password", user: "nocturne", password: "correct horse" } as const;

/** A proxy that closes with the test. */
export async function startProxy(
  t: TestContext,
  route: Route,
  more: Partial<BrowseProxyOptions> = {},
): Promise<BrowseProxy> {
  const options = { window: "w1", epoch: "e1", routeOf: () => route, admission: OPEN_TO_ALL, ...more };
  const proxy = await BrowseProxy.listen(options);
  atEnd(t, () => proxy.close());
  return proxy;
}

/** A web server on loopback; its port. */
export function startSite(t: TestContext, listener: RequestListener): Promise<number> {
  return listening(t, createHttpServer(listener));
}

/** A server of plain connections on loopback; its port. */
export function startService(t: TestContext, listener: (socket: Socket) => void): Promise<number> {
  const onConnection = (socket: Socket) => {
    socket.on("error", () => {});
    listener(socket);
  };
  return listening(t, createServer(onConnection));
}

async function listening(t: TestContext, server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => open.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(t, async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}
