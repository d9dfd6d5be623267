/**
 * Bytes leave by `src/route` alone. Here the sources are read for whatever else could open a connection; that a running
 * node opens none is watched in test/scenario/.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

/** Modules that connect or resolve. Of those that also serve, only what connects counts. */
const MODULES =
  /from "(undici|socks|node:tls|node:dgram|node:dns(\/promises)?|node:http2|node:https|libp2p|@libp2p\/(tcp|mdns))"/;
const CALLS =
  /(?<![\w.#])(fetch|connect|createConnection|request)\(|new (WebSocket|EventSource|Socket|Agent)\(|\b(net|http|https|tls|dgram)\.(connect|request|get|createConnection)\(/;

/** Each of these reaches this machine only, takes a connection that was handed in, or is told why. */
const LOCAL: Readonly<Record<string, string>> = {
  "src/api/agent-call.ts": "asks the agent of this data directory, over loopback",
  "src/api/listeners.ts": "asks a Unix socket whether a node answers",
  "src/cli/node-client.ts": "speaks to the node over its Unix socket",
  "src/mesh/exchange/testing.ts": "is a client for tests",
  "src/mesh/exchange/tls.ts": "wraps a socket that was handed in",
  "src/mesh/network/libp2p-node.ts": "libp2p dials by itself: a mesh is joined only where the usual way is direct",
  "src/mesh/rooms.ts": "declares a method of that name",
  "src/relay/testing.ts": "is a client for tests",
};

/** Why this line of a source could be a way out; null if it could not. */
function wayOut(line: string): string | null {
  const code = line.replace(/\/\/.*$|^\s*\*.*$|\basync \*?fetch\(/g, "");
  return MODULES.exec(code)?.[0] ?? CALLS.exec(code)?.[0] ?? null;
}

test("no source outside the routes opens a connection", () => {
  const sources = globSync("src/**/*.ts").filter(
    (path) => !path.endsWith(".test.ts") && !path.startsWith("src/route/"),
  );
  assert.ok(sources.length > 200, "the sources were not found");
  const found = sources.flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .flatMap((line, index) => (wayOut(line) === null ? [] : [{ path, at: `${path}:${index + 1} ${wayOut(line)}` }])),
  );
  const elsewhere = found.filter(({ path }) => !(path in LOCAL));
  // A `fetch` that was handed in is a route's.
  const open = elsewhere.filter(({ path, at }) => !(at.endsWith(" fetch(") && takesFetch(path)));
  assert.deepEqual(
    open.map(({ at }) => at),
    [],
  );
  assert.deepEqual(
    Object.keys(LOCAL).sort(),
    [...new Set(found.map(({ path }) => path).filter((path) => path in LOCAL))].sort(),
  );
});

/** Whether every `fetch` of a file is a parameter, never the global one. */
function takesFetch(path: string): boolean {
  return /\bfetch[,:}]|, fetch\b/.test(readFileSync(path, "utf8"));
}

test("the reader sees what opens connections", () => {
  const open = [
    'import { fetch } from "undici";',
    'import { lookup } from "node:dns/promises";',
    "const answer = await fetch(url);",
    "const socket = connect(443, host);",
    "new WebSocket(url)",
    "http.get(url)",
    "const { body } = await request(url);",
  ];
  for (const line of open) assert.notEqual(wayOut(line), null, line);
  const closed = [
    "this.#fetch(url)",
    "pool.fetch(url)",
    "await receiver.fetch(told)",
    "  async fetch(ref: BlobRef): Promise<Uint8Array> {",
    "  #connect(url: string): RelayConnection {",
    "reconnect(url)",
    "// fetch(url)",
    " * fetch(url) asks",
    "new WebSocketServer({})",
  ];
  for (const line of closed) assert.equal(wayOut(line), null, line);
});
