import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { routeDown } from "./errors.ts";
import type { RoutePolicy } from "./policy.ts";
import type { DialOptions, Route, RouteHealth, RouteName, RouteState, Target } from "./route.ts";
import { dialDirectly } from "./direct-route.ts";
import { routeFetch } from "./route-fetch.ts";
import { Routes } from "./routes.ts";

/** A route that notes what it is asked for and leads to one port of this machine. */
class NotedRoute implements Route {
  readonly name: RouteName;
  readonly dialled: (Target & { isolation: string })[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #port: number;
  state: RouteState = "up";

  constructor(name: RouteName, port: number) {
    this.name = name;
    this.#port = port;
  }

  async dial(target: Target, { isolation, signal }: DialOptions): Promise<Socket> {
    this.dialled.push({ ...target, isolation });
    if (this.state !== "up") throw routeDown({ message: "Down.", hint: "Wait." });
    return dialDirectly({ host: "127.0.0.1", port: this.#port }, signal);
  }

  change(state: RouteState): void {
    this.state = state;
    for (const listener of this.#listeners) listener();
  }

  start(): void {}
  health(): RouteHealth {
    return { state: this.state, progress: null, doing: null, loss: 0, latencyMs: null, problem: null };
  }
  onChange(listener: () => void): () => void {
    this.#listeners.push(listener);
    return () => {};
  }
  onEvent(): () => void {
    return () => {};
  }
  async close(): Promise<void> {}
}

async function listen(t: TestContext, answer: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function makeRoutes(
  t: TestContext,
  policy: RoutePolicy,
): Promise<{ routes: Routes; direct: NotedRoute; tor: NotedRoute }> {
  const port = await listen(t, "elsewhere");
  const [direct, tor] = [new NotedRoute("direct", port), new NotedRoute("tor", port)];
  const routes = new Routes({ routes: [direct, tor], policy: () => policy });
  t.after(() => routes.close());
  return { routes, direct, tor };
}

const none = { relays: new Map(), demanded: new Set<string>() };
const signal = AbortSignal.timeout(5_000);

test("each target goes by its route, and by no other when that is down", async (t) => {
  const { routes, direct, tor } = await makeRoutes(t, { ...none, usual: "tor" });
  (await routes.dial({ host: "relay.example", port: 443 }, { isolation: "a", signal })).destroy();
  assert.deepEqual(tor.dialled, [{ host: "relay.example", port: 443, isolation: "a" }]);
  tor.change("down");
  await assert.rejects(routes.dial({ host: "relay.example", port: 443 }, { isolation: "a", signal }), {
    code: "route_down",
  });
  await assert.rejects(routes.dial({ host: "x.i2p", port: 80 }, { isolation: "a", signal }), {
    code: "target_unreachable",
  });
  assert.deepEqual(direct.dialled, []);
});

test("nothing leaves before it is known what may, but this machine is reached", async (t) => {
  const { routes, direct, tor } = await makeRoutes(t, { ...none, usual: null });
  await assert.rejects(routes.dial({ host: "relay.example", port: 443 }, { isolation: "a", signal }), {
    code: "locked",
  });
  const port = await listen(t, "here");
  (await routes.dial({ host: "127.0.0.1", port }, { isolation: "a", signal })).destroy();
  assert.deepEqual([...direct.dialled, ...tor.dialled], []);
});

test("what must stay hidden never goes straight", async (t) => {
  const { routes, direct, tor } = await makeRoutes(t, { ...none, usual: "direct" });
  (await routes.dial({ host: "files.example", port: 80 }, { isolation: "a", signal, hidden: true })).destroy();
  assert.equal(tor.dialled.length, 1);
  assert.equal(direct.dialled.length, 0);
});

test("an own service is reached on this machine, under any policy", async (t) => {
  const { routes, tor } = await makeRoutes(t, { ...none, usual: null });
  const port = await listen(t, "here");
  routes.serve("own.onion", port);
  assert.equal(routes.decide({ host: "Own.onion", port: 80 }), "local");
  const answer = await routeFetch(routes, "a")("http://own.onion/");
  assert.equal(await answer.text(), "here");
  routes.serve("own.onion", null);
  assert.equal(routes.decide({ host: "own.onion", port: 80 }), "tor");
  assert.equal(tor.dialled.length, 0);
});

test("fetch names the host to the route and never resolves it", async (t) => {
  const { routes, tor } = await makeRoutes(t, { ...none, usual: "tor" });
  const answer = await routeFetch(routes, "link|7")("http://no-such-name.invalid:81/s/x?y");
  assert.equal(await answer.text(), "elsewhere");
  assert.deepEqual(tor.dialled, [{ host: "no-such-name.invalid", port: 81, isolation: "link|7" }]);
  tor.change("down");
  await assert.rejects(routeFetch(routes, "other")("http://no-such-name.invalid/"), (error: Error) => {
    assert.equal((error.cause as { code: string }).code, "route_down");
    return true;
  });
});

test("a change of state is told, and what every dial changes is not", async (t) => {
  const { routes, tor } = await makeRoutes(t, { ...none, usual: "tor" });
  let told = 0;
  routes.onChange(() => told++);
  for (const state of ["up", "up", "down", "down", "up"] as const) tor.change(state);
  assert.equal(told, 2);
});
