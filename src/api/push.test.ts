import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { API_LIMITS } from "../core/limits.ts";
import { socketPath } from "../node/socket-path.ts";
import { PushServer } from "./push.ts";
import { Sessions } from "./sessions.ts";

let node: ApiNode;
before(async () => {
  node = await startApiNode();
});
after(() => node.close());

const url = (): string => `ws://localhost:${node.port}/api/push`;
const origin = (): string => `http://localhost:${node.port}`;

/** The status with which an upgrade is refused. */
async function refusal(
  target: string,
  options: { origin?: string; headers?: Record<string, string> },
): Promise<number> {
  const socket = new WebSocket(target, options);
  socket.on("error", () => {});
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
  socket.terminate();
  return response.statusCode;
}

/** A socket after its first frame, with all that it hears. */
async function open(first?: string): Promise<{ socket: WebSocket; heard: unknown[]; closed: Promise<number> }> {
  const socket = new WebSocket(url(), { origin: origin() });
  const heard: unknown[] = [];
  socket.on("message", (data) => heard.push(JSON.parse((data as Buffer).toString())));
  const closed = once(socket, "close").then(([code]) => code as number);
  await once(socket, "open");
  if (first !== undefined) socket.send(first);
  return { socket, heard, closed };
}

test("pages of other origins, other hosts and other paths get no WebSocket", async () => {
  assert.equal(await refusal(url(), { origin: "https://evil.test" }), 403);
  assert.equal(await refusal(url(), { origin: `http://localhost:${node.port + 1}` }), 403);
  assert.equal(await refusal(url(), { headers: { "sec-fetch-site": "cross-site" } }), 403);
  assert.equal(await refusal(url(), { headers: { host: "evil.test" } }), 421);
  assert.equal(await refusal(`${url()}/other`, { origin: origin() }), 404);
  assert.equal(await refusal(`${url()}?session=${node.session}`, { origin: origin() }), 404);
});

test("a first frame without the session closes the socket", async () => {
  for (const frame of [
    "",
    "{}",
    '{"session":null}',
    '{"session":["x"]}',
    `{"session":"${node.session}x"}`,
    node.session,
  ]) {
    const { heard, closed } = await open(frame);
    assert.equal(await closed, 1008);
    assert.deepEqual(heard, []);
  }
});

test("a silent socket is closed in time", async () => {
  const push = new PushServer(node.services, new Sessions(node.services.clock), 20);
  const server = createServer().on("upgrade", (request, socket, head) =>
    push.upgrade(request, socket, head, false, port),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const [code] = (await once(new WebSocket(`ws://127.0.0.1:${port}/api/push`), "close")) as [number];
  assert.equal(code, 1008);
  await push.close();
  server.close();
});

test("with the session it hears what changes", async () => {
  const { socket, heard } = await open(JSON.stringify({ session: node.session }));
  await waitUntil("the welcome", () => heard.length > 0);
  assert.deepEqual(heard[0], { event: "welcome" });
  await node.call("PATCH", "/api/settings", { displayName: "Ada" });
  await waitUntil("the event", () => heard.some((event) => (event as { event: string }).event === "settings"));
  socket.close();
});

test("whoever does not read is dropped", async () => {
  const { socket, closed, heard } = await open(JSON.stringify({ session: node.session }));
  await waitUntil("the welcome", () => heard.length > 0);
  socket.pause();
  const flood = { event: "message-state", id: "x".repeat(65_536), conversation: "", state: "sent" } as const;
  for (let sent = 0; sent < 8 * API_LIMITS.socketBufferBytes; sent += 65_536) node.services.bus.emit(flood);
  socket.resume();
  assert.equal(await closed, 1006);
});

test("on the Unix socket no session is asked for", async () => {
  const socket = new WebSocket(`ws+unix://${socketPath(node.config.dataDir)}:/api/push`);
  const [data] = (await once(socket, "message")) as [Buffer];
  assert.deepEqual(JSON.parse(data.toString()), { event: "welcome" });
  socket.close();
});

test("only so many sockets at once", async () => {
  const sockets = await Promise.all(Array.from({ length: API_LIMITS.sockets }, () => open().catch(() => null)));
  assert.equal(await refusal(url(), { origin: origin() }), 503);
  for (const each of sockets) each?.socket.terminate();
});
