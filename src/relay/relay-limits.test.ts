/** Every limit of RELAY_LIMITS, broken on purpose; those of private retrieval in retrieval/. */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { RELAY_LIMITS } from "../core/limits.ts";
import { eventBytes } from "../nostr/event.ts";
import { wrapText } from "../nostr/gift-wrap.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import type { RelayLimits } from "./relay-info.ts";
import type { RunningRelay } from "./relay-server.ts";
import { createCell, idsIn, nowS, signed, startTestRelay, TestClient, TestClock, testKey } from "./testing.ts";

const tested = new Set<string>();

/** A test of one limit: the relay runs with it set to `value`, or as it is. */
function testLimit(
  name: keyof RelayLimits,
  value: number,
  run: (t: TestContext, url: string, relay: RunningRelay) => Promise<void>,
): void {
  tested.add(name);
  test(`${name} is enforced`, async (t) => {
    const relay = await startTestRelay(t, { [name]: value });
    await run(t, relay.url, relay);
  });
}

/** An event of exactly so many bytes. */
function sized(bytes: number): ReturnType<typeof signed> {
  return signed({ content: "x".repeat(bytes - eventBytes(signed())) });
}

/** Does a new connection get as far as the challenge? */
async function isLetIn(t: TestContext, url: string): Promise<boolean> {
  const socket = new WebSocket(url);
  t.after(() => socket.terminate());
  return new Promise((resolve) => {
    socket.on("message", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
  });
}

testLimit("frameBytes", RELAY_LIMITS.frameBytes, async (t, url) => {
  const client = await TestClient.connect(t, url);
  client.socket.send(" ".repeat(RELAY_LIMITS.frameBytes));
  await client.hear("NOTICE");
  client.socket.send(" ".repeat(RELAY_LIMITS.frameBytes + 1));
  assert.equal(await client.ended(), 1009);
});

testLimit("eventBytes", RELAY_LIMITS.eventBytes, async (t, url) => {
  const client = await TestClient.connect(t, url);
  assert.deepEqual(await client.publish(sized(RELAY_LIMITS.eventBytes)), [true, ""]);
  const [accepted, reason] = await client.publish(sized(RELAY_LIMITS.eventBytes + 1));
  assert.ok(!accepted && reason.startsWith("invalid:"));
});

testLimit("tagsPerEvent", 3, async (t, url) => {
  const client = await TestClient.connect(t, url);
  const tags = [["a"], ["b"], ["c"], ["d"]];
  assert.deepEqual(await client.publish(signed({ tags: tags.slice(1) })), [true, ""]);
  assert.match((await client.publish(signed({ tags })))[1], /^invalid:/);
});

testLimit("tagValueBytes", 10, async (t, url) => {
  const client = await TestClient.connect(t, url);
  assert.deepEqual(await client.publish(signed({ tags: [["t", "é".repeat(5)]] })), [true, ""]);
  assert.match((await client.publish(signed({ tags: [["t", "é".repeat(6)]] })))[1], /^invalid:/);
  await assert.rejects(client.query({ "#t": ["x".repeat(11)] }), /invalid:/);
});

testLimit("futureMs", 60_000, async (t, url) => {
  const client = await TestClient.connect(t, url);
  assert.deepEqual(await client.publish(signed({ created_at: nowS() + 50 })), [true, ""]);
  assert.match((await client.publish(signed({ created_at: nowS() + 70 })))[1], /^invalid: .*future/);
});

testLimit("connections", 2, async (t, url) => {
  const [first] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  assert.equal(await isLetIn(t, url), false);
  first.socket.terminate();
  await delay(100);
  assert.equal(await isLetIn(t, url), true);
});

testLimit("connectionsPerAddress", 2, async (t, url) => {
  const [first] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  assert.equal(await isLetIn(t, url), false);
  assert.ok(await TestClient.connect(t, url, { localAddress: "127.0.0.2" }), "another address is another guest");
  first.socket.terminate();
  await delay(100);
  assert.equal(await isLetIn(t, url), true);
});

test("backDoorConnections is kept, and takes no places of this machine", async (t) => {
  tested.add("backDoorConnections");
  const relay = await startTestRelay(t, { connectionsPerAddress: 1, backDoorConnections: 2 });
  const back = `ws://127.0.0.1:${await relay.backDoor()}`;
  assert.equal(await relay.backDoor(), Number(new URL(back).port), "one back door");
  for (let i = 0; i < 2; i++) await TestClient.connect(t, back);
  assert.equal(await isLetIn(t, back), false);
  const client = await TestClient.connect(t, relay.url);
  assert.deepEqual(await client.publish(signed()), [true, ""]);
});

testLimit("subscriptionsPerConnection", 2, async (t, url) => {
  const client = await TestClient.connect(t, url);
  await client.query({}, "1");
  await client.query({}, "2");
  await assert.rejects(client.query({}, "3"), /^Error: error:/);
  await client.query({}, "2");
  client.say("CLOSE", "1");
  await client.query({}, "3");
});

testLimit("subscriptionIdBytes", 8, async (t, url) => {
  const client = await TestClient.connect(t, url);
  await client.query({}, "x".repeat(8));
  client.say("REQ", "x".repeat(9), {});
  assert.match(String(await client.hear("NOTICE")), /^invalid:/);
});

testLimit("filtersPerRequest", 2, async (t, url) => {
  const client = await TestClient.connect(t, url);
  await client.query([{ limit: 1 }, { limit: 2 }]);
  await assert.rejects(client.query([{}, {}, {}]), /^Error: invalid:/);
});

testLimit("filterValues", 3, async (t, url) => {
  const client = await TestClient.connect(t, url);
  await client.query({ kinds: [1, 2, 3] });
  await assert.rejects(client.query({ kinds: [1, 2], "#t": ["x", "y"] }), /^Error: invalid:/);
});

testLimit("eventsPerFilter", 3, async (t, url) => {
  const client = await TestClient.connect(t, url);
  for (let i = 0; i < 5; i++) await client.publish(signed({ content: String(i) }));
  assert.equal((await client.query({})).length, 3);
  assert.equal((await client.query({ limit: 100 })).length, 3);
});

testLimit("sendBufferBytes", 1_000_000, async (t, url, relay) => {
  const [writer, reader] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  await reader.query({ limit: 0 }, "all");
  reader.socket.pause();
  // The kernel's own buffers take some megabytes before any of it waits in the relay.
  for (let i = 0; i < 400 && relay.connections() === 2; i++) {
    await writer.publish(signed({ kind: 20_000, content: `${i}${"x".repeat(60_000)}` }));
  }
  assert.equal(relay.connections(), 1);
  assert.deepEqual(await writer.publish(signed()), [true, ""], "the others notice nothing");
});

testLimit("messagesPerSecond", 20, async (t, url) => {
  const client = await TestClient.connect(t, url);
  const burst = 200;
  const startMs = performance.now();
  for (let i = 0; i < burst + 20; i++) client.say("REQ", "s", { ids: [], limit: i });
  client.say("CLOSE", "s");
  client.say("REQ", "last", { ids: [] });
  assert.match(String(await client.hear("NOTICE")), /^rate-limited:/);
  await client.hear("EOSE", "last");
  assert.ok(performance.now() - startMs > 900, "the last ones had to wait");
});

testLimit("handshakeMs", 300, async (t, url) => {
  const { port } = new URL(url);
  const silent = connect(Number(port), "127.0.0.1");
  const halting = connect(Number(port), "127.0.0.1");
  halting.write("GET / HTTP/1.1\r\nHost:");
  const idle = await TestClient.connect(t, url);
  const talking = await TestClient.connect(t, url);
  const babbling = await TestClient.connect(t, url);
  talking.say("CLOSE", "x");
  babbling.socket.send("not a message");
  for (const socket of [silent, halting]) socket.on("error", () => undefined).resume();
  await Promise.all([once(silent, "close"), once(halting, "close"), idle.ended(), babbling.ended()]);
  await delay(100);
  assert.equal(talking.socket.readyState, WebSocket.OPEN);
});

testLimit("pingMs", 150, async (t, url) => {
  const [alive, dead] = [await TestClient.connect(t, url), await TestClient.connect(t, url, { autoPong: false })];
  for (const client of [alive, dead]) client.say("CLOSE", "x");
  await dead.ended();
  assert.equal(alive.socket.readyState, WebSocket.OPEN);
});

// That the socket is not read meanwhile is shown in connection.test.ts; here, that nobody waits for ever.
testLimit("pendingBytes", 1, async (t, url) => {
  const client = await TestClient.connect(t, url);
  const events = Array.from({ length: 20 }, (_, i) => signed({ content: String(i) }));
  for (const event of events) client.say("EVENT", event);
  for (const event of events) assert.deepEqual(await client.hear("OK", event.id), [true, ""]);
});

testLimit("valuesPerConnection", 5, async (t, url) => {
  const client = await TestClient.connect(t, url);
  await client.query({ kinds: [1, 2, 3] }, "1");
  await assert.rejects(client.query([{ kinds: [1] }, { "#t": ["x", "y"] }], "2"), /^Error: error:/);
  await client.query({ kinds: [1, 2, 3, 4, 5] }, "1");
  client.say("CLOSE", "1");
  await client.query([{ kinds: [1], since: 1 }, { "#t": ["x", "y"] }], "2");
});

testLimit("keysPerConnection", 2, async (t, url) => {
  const client = await TestClient.connect(t, url);
  assert.deepEqual(await client.login(testKey(1)), [true, ""]);
  assert.deepEqual(await client.login(testKey(2)), [true, ""]);
  assert.equal((await client.login(testKey(3)))[0], false);
  const recipient = publicKeyOf(testKey(2));
  const wrap = wrapText("x", recipient, nowS());
  await client.publish(wrap);
  assert.deepEqual(await client.query({ kinds: [1059], "#p": [recipient] }), [wrap]);
});

testLimit("storeBytes", 300_000, async (t, url) => {
  const client = await TestClient.connect(t, url);
  const answers: [boolean, string][] = [];
  for (let i = 0; i < 10; i++) answers.push(await client.publish(sized(60_000 + i)));
  const refused = answers.filter(([accepted]) => !accepted);
  assert.ok(refused.length > 3 && refused.length < 10);
  assert.ok(refused.every(([, reason]) => reason.startsWith("error:")));
  assert.equal((await client.query({})).length, 10 - refused.length);
});

testLimit("headersPerFrame", 2, async (t, url) => {
  const client = await TestClient.connect(t, url);
  for (let i = 0; i < 5; i++) await client.publish(createCell());
  const { ids, frames } = await client.headers();
  assert.deepEqual([ids.length, frames], [5, 3]);
});

testLimit("headerBatchMs", 250, async (t, url) => {
  const [writer, reader] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  await reader.headers({}, "live");
  const cells = Array.from({ length: 30 }, () => createCell());
  const startMs = performance.now();
  for (const cell of cells) await writer.publish(cell);
  let [told, frames] = [0, 0];
  for (; told < cells.length; frames++) told += idsIn((await reader.hear("HEADERS", "live"))[1] as Uint8Array).length;
  const beats = Math.ceil((performance.now() - startMs) / 250) + 1;
  assert.ok(frames <= beats && frames < 30, `${frames} frames in ${beats} beats`);
});

test("sweepMs is kept", async (t) => {
  tested.add("sweepMs");
  const clock = new TestClock();
  const relay = await startTestRelay(t, { sweepMs: 50 }, { clock });
  const client = await TestClient.connect(t, relay.url);
  const event = signed({ kind: 10_000, tags: [["expiration", String(nowS() + 60)]] });
  const older = signed({ kind: 10_000, created_at: nowS() - 60 });
  await client.publish(event);
  assert.match((await client.publish(older))[1], /^duplicate:/);
  clock.move(61_000);
  // Swept, not hidden: its place is free for an older one.
  let reason = "duplicate:";
  for (let i = 0; i < 100 && reason !== ""; i++) {
    await delay(50);
    [, reason] = await client.publish(older);
  }
  assert.equal(reason, "");
});

/** Of these, the tests are in retrieval/ and mirror.test.ts. */
const ELSEWHERE = [
  "cellsPerRead",
  "databaseBytes",
  "epochBeatMs",
  "epochHeaderBytes",
  "epochReplacedMs",
  "mirrorFetch",
  "mirrorQueue",
  "mirrorRetryMaxMs",
  "mirrorRetryMs",
  "questionsPerConnection",
  "waitingQueries",
];

test("no limit is left out", () => {
  assert.deepEqual([...tested, ...ELSEWHERE].sort(), Object.keys(RELAY_LIMITS).sort());
});
