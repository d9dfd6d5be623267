import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { RELAY_LIMITS } from "../core/limits.ts";
import { Connection } from "./connection.ts";
import type { RelayLimits } from "./relay-info.ts";

interface Pair {
  readonly client: WebSocket;
  readonly connection: Connection;
  /** What the connection handed on. */
  readonly heard: string[];
}

/** Both ends of one WebSocket, ours wrapped in a Connection. */
async function connectPair(t: TestContext, limits: Partial<RelayLimits> = {}): Promise<Pair> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [socket] = (await once(server, "connection")) as [WebSocket];
  if (client.readyState !== WebSocket.OPEN) await once(client, "open");
  t.after(() => {
    client.terminate();
    server.close();
  });
  const heard: string[] = [];
  const handlers = {
    onMessage: (text: string) => {
      if (text === "fault") throw new Error("a mistake of ours");
      heard.push(text);
    },
    onFault: () => void heard.push("fault"),
    onClose: () => void heard.push("closed"),
  };
  return { client, heard, connection: new Connection(socket, { ...RELAY_LIMITS, ...limits }, handlers) };
}

/** A promise to settle by hand. */
function task(): { promise: Promise<void>; finish: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, finish: resolve };
}

test("messages are handled in their order", async (t) => {
  const { client, heard } = await connectPair(t);
  const texts = Array.from({ length: 50 }, (_, i) => String(i));
  for (const text of texts) client.send(text);
  while (heard.length < 50) await delay(5);
  assert.deepEqual(heard, texts);
});

test("too much that waits for the disk stops the reading, and its end resumes it", async (t) => {
  const { client, connection, heard } = await connectPair(t, { pendingBytes: 100 });
  const [first, second] = [task(), task()];
  const [one, two] = [connection.whilePending(60, first.promise), connection.whilePending(60, second.promise)];
  for (const text of ["a", "b"]) client.send(text);
  await delay(100);
  assert.deepEqual(heard, []);
  first.finish();
  await one;
  while (heard.length < 2) await delay(5);
  assert.deepEqual(heard, ["a", "b"], "60 bytes are within the limit");
  second.finish();
  await two;
});

test("nothing is handled while the connection is held", async (t) => {
  const { client, connection, heard } = await connectPair(t);
  const login = task();
  const held = connection.whileHeld(login.promise);
  client.send("a");
  await delay(100);
  assert.deepEqual(heard, []);
  login.finish();
  await held;
  while (heard.length === 0) await delay(5);
  assert.deepEqual(heard, ["a"]);
});

test("a failing task lets go all the same", async (t) => {
  const { client, connection, heard } = await connectPair(t, { pendingBytes: 1 });
  await assert.rejects(connection.whilePending(9, Promise.reject(new Error("x"))));
  await assert.rejects(connection.whileHeld(Promise.reject(new Error("x"))));
  client.send("a");
  while (heard.length === 0) await delay(5);
});

test("a mistake in handling costs this connection only", async (t) => {
  const { client, heard } = await connectPair(t);
  for (const text of ["fault", "a"]) client.send(text);
  await once(client, "close");
  while (!heard.includes("closed")) await delay(5);
  assert.equal(heard[0], "fault");
});

test("binary frames end the connection", async (t) => {
  const { client } = await connectPair(t);
  client.send(Buffer.of(1));
  const [code] = (await once(client, "close")) as [number];
  assert.equal(code, 1003);
});

test("a page that is being sent does not outlive its reader", async (t) => {
  const { client, connection, heard } = await connectPair(t);
  client.pause();
  const sending = connection.sendAll(Array.from({ length: 400 }, () => "x".repeat(100_000)));
  await delay(50);
  client.terminate();
  await sending;
  while (!heard.includes("closed")) await delay(5);
  connection.send("into the void");
  await connection.sendAll(["into the void"]);
});
