import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { createEvent, createPool } from "../../test/support/route.ts";
import { type Script, startScriptedRelay } from "../../test/support/scripted-relay.ts";
import { waitUntil } from "../../test/support/wait.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { type Carrier, directCarrier } from "./carrier.ts";

test("a kept relay that goes away and comes back is connected again", async (t) => {
  const relay = await startScriptedRelay(t);
  const pool = createPool(t);
  const states: string[] = [];
  pool.onStateChange(() => {
    const state = pool.states()[0]?.state ?? "none";
    if (states.at(-1) !== state) states.push(state);
  });
  pool.keep([relay.url]);
  await waitUntil("connected", () => states.at(-1) === "connected");
  await relay.close();
  await waitUntil("two more tries", () => states.filter((state) => state === "connecting").length >= 3);
  await startScriptedRelay(t, { port: relay.port });
  await waitUntil("connected again", () => states.at(-1) === "connected");
  assert.deepEqual(states.slice(0, 5), ["connecting", "connected", "waiting", "connecting", "waiting"]);
});

test("a relay that takes every connection and drops it is not stormed", async (t) => {
  const relay = await startScriptedRelay(t, { onConnect: ({ socket }) => socket.terminate() });
  createPool(t, { limits: { retryMs: 20, retryMaxMs: 10_000 } }).keep([relay.url]);
  await sleep(700);
  // The waits are at least 10, 20, 40, 80, 160, 320 ms.
  assert.ok(relay.connections() >= 3 && relay.connections() <= 7, `${relay.connections()} connections`);
});

test("after a connection that lived long enough the first wait is short again", async (t) => {
  const relay = await startScriptedRelay(t);
  const pool = createPool(t, { limits: { retryMs: 20, retryMaxMs: 60_000, stableMs: 30 } });
  pool.keep([relay.url]);
  for (let round = 1; round <= 12; round++) {
    await waitUntil(`connection ${round}`, () => relay.connections() === round && relay.clients().size === 1);
    await sleep(40);
    relay.drop();
  }
});

test("publishing to an unreachable relay fails at once, and again only after the wait", async (t) => {
  const relay = await startScriptedRelay(t);
  await relay.close();
  const pool = createPool(t, { limits: { retryMs: 1_000, retryMaxMs: 1_000 } });
  const startMs = performance.now();
  await assert.rejects(pool.publish(relay.url, createEvent()), { code: "relay_unreachable" });
  assert.ok(performance.now() - startMs < 400);
  assert.equal(pool.states()[0]?.state, "closed");
  const again = pool.publish(relay.url, createEvent());
  assert.equal(pool.states()[0]?.state, "waiting");
  await assert.rejects(again, { code: "relay_unreachable" });
  assert.ok(performance.now() - startMs >= 500);
});

test("a relay that hangs without closing is noticed and dialled again", async (t) => {
  const hanging = new Set<WebSocket>();
  const relay = await startScriptedRelay(t, {
    onConnect: ({ socket }) => {
      if (hanging.size > 0) return;
      hanging.add(socket);
      socket.pause(); // answers no ping
    },
  });
  const pool = createPool(t, { limits: { idleProbeMs: 100, idleDropMs: 400 } });
  pool.keep([relay.url]);
  await waitUntil("a second connection", () => relay.connections() === 2);
  await waitUntil("its latency", () => pool.states()[0]?.latencyMs !== null);
  await sleep(600); // several probes later
  assert.deepEqual([relay.connections(), pool.states()[0]?.state], [2, "connected"]);
});

test("the latency is that of the last ping", async (t) => {
  let nowMs = 1_000;
  const relay = await startScriptedRelay(t, { onConnect: ({ socket }) => socket.on("ping", () => (nowMs += 25)) });
  const pool = createPool(t, { clock: { nowMs: () => nowMs } });
  pool.keep([relay.url]);
  assert.equal(pool.states()[0]?.latencyMs, null);
  await waitUntil("a latency", () => pool.states()[0]?.latencyMs === 25);
});

test("an oversized frame costs the relay the connection, not us the memory", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: ([, id], client) => {
      if (relay.connections() === 1) client.socket.send("x".repeat(300_000));
      else client.say("EOSE", id);
    },
  });
  const stored = Promise.withResolvers<void>();
  createPool(t).subscribe(relay.url, () => [{}], { onEvent: () => {}, onStored: stored.resolve });
  await stored.promise;
  assert.equal(relay.connections(), 2);
});

test("a connection that only publishes is let go when unused, a kept one is not", async (t) => {
  const script: Script = { onMessage: ([, event], client) => client.say("OK", (event as NostrEvent).id, true, "") };
  const [kept, used] = await Promise.all([startScriptedRelay(t, script), startScriptedRelay(t, script)]);
  const pool = createPool(t, { limits: { unusedMs: 400 } });
  pool.keep([kept.url]);
  await pool.publish(used.url, createEvent());
  await sleep(250);
  await pool.publish(used.url, createEvent()); // used again in time
  await sleep(250);
  assert.equal(used.clients().size, 1);
  await waitUntil("it is let go", () => used.clients().size === 0);
  assert.deepEqual(
    pool.states().map(({ url }) => url),
    [kept.url],
  );
  assert.equal(kept.clients().size, 1);
  assert.equal(used.connections(), 1);
});

test("closing ends what waits and leaves no listener and no connection behind", async (t) => {
  const sockets: WebSocket[] = [];
  const carrier: Carrier = {
    routeOf: () => "direct",
    dial: async (url, options) => {
      const socket = await directCarrier.dial(url, options);
      sockets.push(socket);
      return socket;
    },
  };
  const relay = await startScriptedRelay(t);
  const pool = createPool(t, { carrier });
  pool.subscribe(relay.url, () => [{}], { onEvent: () => {} });
  const published = pool.publish(relay.url, createEvent());
  const fetched = pool.fetch(relay.url, [{}], 60_000);
  await waitUntil("all of it was asked", () => relay.received.length === 3);
  await Promise.all([
    assert.rejects(published, { code: "relay_unreachable" }),
    assert.rejects(fetched, { code: "relay_unreachable" }),
    pool.close(),
  ]);
  assert.deepEqual(
    sockets.map((socket) => [socket.readyState, socket.eventNames()]),
    [[WebSocket.CLOSED, []]],
  );
  await assert.rejects(pool.publish(relay.url, createEvent()), { code: "relay_unreachable" });
  assert.throws(() => pool.keep([relay.url]), { code: "relay_unreachable" });
  assert.deepEqual(pool.states(), []);
});

test("closing while a relay is being dialled, or hangs, waits for neither and cuts both", async (t) => {
  const hanging = await startScriptedRelay(t, { onConnect: ({ socket }) => socket.pause() });
  const mute = createServer().listen(0, "127.0.0.1");
  await once(mute, "listening");
  t.after(() => mute.close());
  const pool = createPool(t);
  pool.keep([hanging.url]);
  await waitUntil("connected", () => pool.states()[0]?.state === "connected");
  const accepted = once(mute, "connection");
  pool.subscribe(`ws://127.0.0.1:${(mute.address() as AddressInfo).port}`, () => [{}], { onEvent: () => {} });
  const [dialled] = (await accepted) as [Socket];
  dialled.resume();
  const startMs = performance.now();
  await Promise.all([pool.close(), once(dialled, "close")]);
  assert.ok(performance.now() - startMs < 1_500);
});
