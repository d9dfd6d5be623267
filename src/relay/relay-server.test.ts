/** The relay as its clients see it, over real sockets: NIP-01, 09, 11, 40 and 42. */

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { WebSocket } from "ws";
import { RELAY_LIMITS } from "../core/limits.ts";
import { wrapText } from "../nostr/gift-wrap.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import {
  idsOf,
  newFolder,
  nowS,
  recordingLog,
  signed,
  startTestRelay,
  TestClient,
  TestClock,
  testKey,
} from "./testing.ts";

const [alice, bob] = [testKey(1), testKey(2)];
const bobPublic = publicKeyOf(bob);

test("NIP-01: published events are found and come live, each once", async (t) => {
  const relay = await startTestRelay(t);
  const [writer, reader] = [await TestClient.connect(t, relay.url), await TestClient.connect(t, relay.url)];
  const [first, second] = [signed({ content: "1", created_at: nowS() - 1 }), signed({ content: "2" })];
  assert.deepEqual(await writer.publish(first), [true, ""]);
  assert.deepEqual(await reader.query({ kinds: [1] }, "live"), [first]);
  assert.deepEqual(await writer.publish(second), [true, ""]);
  assert.deepEqual(await reader.hear("EVENT", "live"), [second]);
  const [accepted, reason] = await writer.publish(second);
  assert.ok(accepted && reason.startsWith("duplicate:"));
  reader.say("CLOSE", "live");
  await reader.settle();
  await writer.publish(signed({ content: "3" }));
  await reader.settle();
  assert.deepEqual(reader.unread(), []);
  assert.equal(relay.connections(), 2);
});

test("NIP-01: the newest come first, as many as asked, and a request replaces its namesake", async (t) => {
  const { url } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  const startS = nowS();
  const events = Array.from({ length: 5 }, (_, i) => signed({ created_at: startS - i, content: String(i) }));
  for (const event of events) await client.publish(event);
  assert.deepEqual(await client.query({ limit: 2 }), events.slice(0, 2));
  assert.deepEqual(await client.query({ limit: 0 }), []);
  const both = [{ ids: idsOf(events.slice(0, 2)) }, { ids: idsOf(events.slice(1, 3)) }];
  assert.deepEqual(idsOf(await client.query(both)).sort(), idsOf(events.slice(0, 3)).sort(), "each once");
  await client.query({ kinds: [1] }, "same");
  await client.query({ kinds: [7] }, "same");
  await client.publish(signed({ content: "unwanted" }));
  const reaction = signed({ kind: 7 });
  await client.publish(reaction);
  assert.deepEqual(await client.hear("EVENT", "same"), [reaction]);
});

test("NIP-01: ephemeral events pass and leave nothing", async (t) => {
  const { url } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  await client.query({ kinds: [20_001] }, "live");
  const event = signed({ kind: 20_001 });
  assert.deepEqual(await client.publish(event), [true, ""]);
  assert.deepEqual(await client.hear("EVENT", "live"), [event]);
  assert.deepEqual(await client.query({ kinds: [20_001] }), []);
});

test("NIP-01: replaceable events are replaced", async (t) => {
  const { url } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  const [old, recent] = [signed({ kind: 0, created_at: nowS() - 5 }), signed({ kind: 0 })];
  await client.publish(recent);
  const [accepted, reason] = await client.publish(old);
  assert.ok(accepted && reason.startsWith("duplicate:"));
  assert.deepEqual(await client.query({ kinds: [0] }), [recent]);
});

test("NIP-01: wrong messages are answered by name, and the connection lives on", async (t) => {
  const { url } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  const event = signed();
  assert.match((await client.publish({ ...event, kind: -1 }))[1], /^invalid:/);
  await assert.rejects(client.query({ kinds: ["x"] } as never), /^Error: invalid:/);
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '["COUNT","x",{}]',
    '["EVENT"]',
    '["REQ"]',
    `["REQ","${"\\u0000".repeat(99)}",{}]`,
  ]) {
    client.socket.send(text);
    assert.match(String(await client.hear("NOTICE")), /^invalid:/, text);
  }
  assert.deepEqual(await client.publish(event), [true, ""]);
});

test("NIP-01: a wrong request ends the subscription of its name", async (t) => {
  const { url } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  await client.query({ kinds: [1] }, "s");
  client.say("REQ", "s", { search: "x" });
  await client.hear("CLOSED", "s");
  await client.publish(signed());
  await client.settle();
  assert.deepEqual(client.unread(), []);
});

test("NIP-09: authors delete, also for those who ask later", async (t) => {
  const { url } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  const event = signed();
  await client.publish(event);
  assert.deepEqual(await client.publish(signed({ kind: 5, tags: [["e", event.id]] }, bob)), [true, ""]);
  assert.deepEqual(await client.query({ kinds: [1] }), [event], "not by a stranger");
  assert.deepEqual(await client.publish(signed({ kind: 5, tags: [["e", event.id]] })), [true, ""]);
  assert.deepEqual(await client.query({ kinds: [1] }), []);
  const [accepted, reason] = await client.publish(event);
  assert.ok(!accepted && reason.startsWith("blocked:"));
});

test("NIP-11: the relay describes itself with its live limits", async (t) => {
  const { url } = await startTestRelay(t, { subscriptionsPerConnection: 3, frameBytes: 1234 });
  const response = await fetch(url.replace("ws:", "http:"), { headers: { accept: "application/nostr+json" } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/nostr+json");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  const info = (await response.json()) as {
    name: string;
    supported_nips: number[];
    limitation: Record<string, number>;
  };
  assert.equal(info.name, "test");
  for (const nip of [1, 9, 11, 40, 42]) assert.ok(info.supported_nips.includes(nip));
  assert.equal(info.limitation["max_subscriptions"], 3);
  assert.equal(info.limitation["max_message_length"], 1234);
  assert.equal(info.limitation["max_limit"], RELAY_LIMITS.eventsPerFilter);
});

test("NIP-11: other HTTP requests get a plain answer", async (t) => {
  const { url } = await startTestRelay(t);
  const address = url.replace("ws:", "http:");
  assert.match(await (await fetch(address)).text(), /Nostr relay/);
  assert.equal((await fetch(address, { method: "OPTIONS" })).status, 204);
  assert.equal((await fetch(address, { method: "POST", body: "x" })).status, 405);
});

test("NIP-40: an expired event is refused, and a stored one is gone when its time comes", async (t) => {
  const clock = new TestClock();
  const { url } = await startTestRelay(t, {}, { clock });
  const client = await TestClient.connect(t, url);
  const [accepted, reason] = await client.publish(signed({ tags: [["expiration", String(nowS() - 1)]] }));
  assert.ok(!accepted && reason.startsWith("invalid:"));
  const event = signed({ tags: [["expiration", String(nowS() + 60)]] });
  await client.publish(event);
  assert.deepEqual(await client.query({ kinds: [1] }), [event]);
  clock.move(61_000);
  assert.deepEqual(await client.query({ kinds: [1] }), []);
});

test("NIP-42: wraps are served to their recipient, stored and live", async (t) => {
  const { url } = await startTestRelay(t);
  const [writer, reader] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  const [stored, live] = [wrapText("1", bobPublic, nowS()), wrapText("2", bobPublic, nowS())];
  assert.deepEqual(await writer.publish(stored), [true, ""]);
  const filter = { kinds: [1059], "#p": [bobPublic] };
  await assert.rejects(reader.query(filter), /^Error: auth-required:/);
  assert.deepEqual(await reader.hear("AUTH"), [reader.challenge], "the challenge comes again");
  assert.deepEqual(await reader.login(bob), [true, ""]);
  assert.deepEqual(await reader.query(filter, "mine"), [stored]);
  assert.deepEqual(await writer.publish(live), [true, ""]);
  assert.deepEqual(await reader.hear("EVENT", "mine"), [live]);
});

test("NIP-42: a request right behind the login is answered to the one who logged in", async (t) => {
  const { url } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  const wrap = wrapText("1", bobPublic, nowS());
  await client.publish(wrap);
  const [login, answer] = [client.login(bob), client.query({ kinds: [1059], "#p": [bobPublic] })];
  assert.deepEqual(await login, [true, ""]);
  assert.deepEqual(await answer, [wrap]);
});

test("NIP-42: a wider question is answered without the wraps, stored and live", async (t) => {
  const { url } = await startTestRelay(t);
  const [writer, reader] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  const note = signed({ tags: [["p", bobPublic]] });
  const wrap = wrapText("1", bobPublic, nowS());
  await writer.publish(note);
  await writer.publish(wrap);
  const questions = [{}, { kinds: [1, 1059] }, { "#p": [bobPublic] }, { ids: [note.id, wrap.id] }];
  for (const question of questions) {
    assert.deepEqual(await reader.query(question), [note], JSON.stringify(question));
  }
  const mixed = await reader.query([{ kinds: [1059], "#p": [bobPublic] }, { kinds: [1] }], "mixed");
  assert.deepEqual(mixed, [note]);
  await reader.query({}, "all");
  await writer.publish(wrapText("2", bobPublic, nowS()));
  const second = signed({ content: "2" });
  await writer.publish(second);
  assert.deepEqual(await reader.hear("EVENT", "all"), [second]);
  await reader.login(bob);
  assert.deepEqual(new Set(idsOf(await reader.query({ "#p": [bobPublic], limit: 9 }))).has(wrap.id), true);
  assert.deepEqual(idsOf(await reader.query({ limit: 9 })).includes(wrap.id), false, "without #p not even then");
});

test("a recipient deletes his wraps, and nobody learns which they were", async (t) => {
  const { url } = await startTestRelay(t);
  const [reader, stranger] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  const wrap = wrapText("1", bobPublic, nowS());
  await reader.publish(wrap);
  await reader.login(bob);
  await stranger.query({}, "all");
  const deletion = signed(
    {
      kind: 5,
      tags: [
        ["e", wrap.id],
        ["k", "1059"],
      ],
    },
    bob,
  );
  assert.deepEqual(await reader.publish(deletion), [true, ""]);
  assert.deepEqual(await reader.query({ "#p": [bobPublic] }), []);
  assert.deepEqual(await reader.query({ kinds: [5] }), [deletion]);
  assert.deepEqual(await stranger.query({ kinds: [5] }), []);
  await stranger.settle();
  assert.deepEqual(stranger.unread(), []);
});

test("a burst from many is answered whole, and what is stored equals what was acknowledged", async (t) => {
  const { url } = await startTestRelay(t);
  const clients = await Promise.all(Array.from({ length: 4 }, () => TestClient.connect(t, url)));
  const startS = nowS();
  const events = Array.from({ length: 200 }, (_, i) => signed({ created_at: startS - i, content: String(i) }, alice));
  const answers = await Promise.all(events.map((event, i) => (clients[i % 4] as TestClient).publish(event)));
  assert.ok(answers.every(([accepted]) => accepted));
  assert.deepEqual(await clients[0]?.query({}), events);
});

test("stored and live events of one subscription come once each while others publish", async (t) => {
  const { url } = await startTestRelay(t);
  const [writer, reader] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  const events = Array.from({ length: 120 }, (_, i) => signed({ content: String(i) }));
  const published = Promise.all(events.map((event) => writer.publish(event)));
  const stored = await reader.query({ kinds: [1] }, "all");
  await published;
  const live: string[] = [];
  await reader.settle();
  for (const [type, , event] of reader.unread()) if (type === "EVENT") live.push((event as { id: string }).id);
  assert.deepEqual([...idsOf(stored), ...live].sort(), idsOf(events).sort());
});

test("closing says goodbye and frees port and store", async (t) => {
  const dataDir = newFolder(t);
  const relay = await startTestRelay(t, {}, { dataDir });
  const client = await TestClient.connect(t, relay.url);
  const event = signed();
  await client.publish(event);
  const ended = client.ended();
  await relay.close();
  assert.equal(await ended, 1001);
  const again = await startTestRelay(t, {}, { dataDir, port: relay.port });
  const [back] = await (await TestClient.connect(t, again.url)).query({});
  assert.deepEqual(back, event);
});

test("a taken port and a taken store are told apart, and leave nothing behind", async (t) => {
  const dataDir = newFolder(t);
  const relay = await startTestRelay(t, {}, { dataDir });
  await assert.rejects(startTestRelay(t, {}, { port: relay.port }), { code: "EADDRINUSE" });
  await assert.rejects(startTestRelay(t, {}, { dataDir }), { code: "relay_store_unusable" });
});

test("what the relay logs names nobody and nothing", async (t) => {
  const lines: string[] = [];
  const relay = await startTestRelay(t, {}, { log: recordingLog(lines) });
  const client = await TestClient.connect(t, relay.url);
  const event = signed({ content: "a secret word" });
  await client.publish(event);
  client.socket.send("nonsense");
  await client.login(bob);
  await client.query({ kinds: [1059], "#p": [bobPublic] });
  await relay.close();
  const text = lines.join("\n");
  assert.match(text, /listens/);
  for (const secret of ["secret word", event.id, event.pubkey, bobPublic, "127.0.0.1", "nonsense"]) {
    assert.ok(!text.includes(secret), secret);
  }
});

test("a plain HTTP upgrade to something else is refused", async (t) => {
  const { url, port } = await startTestRelay(t);
  const status = await new Promise((resolve, reject) => {
    const headers = { connection: "upgrade", upgrade: "h2c" };
    const upgrade = request({ host: "127.0.0.1", port, headers }, (response) => resolve(response.statusCode));
    upgrade.on("error", reject).end();
  });
  assert.equal(status, 400);
  assert.equal((await TestClient.connect(t, url)).socket.readyState, WebSocket.OPEN);
});
