/** The relay under attack: what a hostile client or relay would try. */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { createAuthEvent } from "../nostr/authentication.ts";
import { signEvent } from "../nostr/event.ts";
import { wrapText } from "../nostr/gift-wrap.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import { nowS, signed, startTestRelay, TestClient, testKey } from "./testing.ts";

const [bob, mallory] = [testKey(2), testKey(3)];
const [bobPublic, malloryPublic] = [publicKeyOf(bob), publicKeyOf(mallory)];

test("forged signatures and wrong ids are refused and reach nobody", async (t) => {
  const { url } = await startTestRelay(t);
  const [forger, reader] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  await reader.query({}, "all");
  for (const kind of [1, 1059, 20_000]) {
    const event = signed({ kind, content: "genuine", tags: [["p", bobPublic]] });
    const other = signed({ kind, content: "other" });
    const forgeries = [
      { content: "forged" },
      { id: other.id },
      { sig: other.sig },
      { pubkey: malloryPublic },
      { created_at: 1 },
    ];
    for (const change of forgeries) {
      const [accepted, reason] = await forger.publish({ ...event, ...change });
      assert.equal(accepted, false);
      assert.match(reason, /^invalid:/);
    }
  }
  assert.deepEqual(await reader.query({}), []);
  await reader.settle();
  assert.deepEqual(reader.unread(), []);
});

test("no question of a stranger brings a wrap to light", async (t) => {
  const { url } = await startTestRelay(t);
  const writer = await TestClient.connect(t, url);
  const wrap = wrapText("for bob", bobPublic, nowS());
  await writer.publish(wrap);
  const questions = [
    { kinds: [1059] },
    { kinds: [1059], "#p": [bobPublic] },
    { kinds: [1059], "#p": [bobPublic, malloryPublic] },
    { kinds: [1059], "#p": [malloryPublic, malloryPublic] },
    { kinds: [1059], ids: [wrap.id] },
    { kinds: [1059], authors: [wrap.pubkey] },
    { kinds: [1059, 1059] },
    { kinds: [1059, 1] },
    { ids: [wrap.id] },
    { authors: [wrap.pubkey] },
    { "#p": [bobPublic] },
    { since: 0 },
    {},
  ];
  for (const login of [false, true]) {
    const stranger = await TestClient.connect(t, url);
    if (login) assert.deepEqual(await stranger.login(mallory), [true, ""]);
    for (const [i, question] of questions.entries()) {
      const found = await stranger.query(question, `live ${i}`).catch((error: Error) => {
        assert.match(error.message, login ? /^restricted:/ : /^auth-required:/);
        return [];
      });
      assert.deepEqual(found, [], JSON.stringify(question));
    }
    await writer.publish(wrapText("also for bob", bobPublic, nowS()));
    await stranger.settle();
    assert.ok(!stranger.unread().some(([type]) => type === "EVENT"), "live");
  }
});

test("a key proven by one connection opens nothing for another", async (t) => {
  const { url } = await startTestRelay(t);
  const [reader, thief] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  assert.deepEqual(await reader.login(bob), [true, ""]);
  await assert.rejects(thief.query({ kinds: [1059], "#p": [bobPublic] }), /auth-required:/);
});

test("an answer made for another relay, connection or time is no login", async (t) => {
  const { url } = await startTestRelay(t);
  const { port } = new URL(url);
  const client = await TestClient.connect(t, url);
  const other = await TestClient.connect(t, url);
  const others = [
    "wss://evil.example",
    `ws://evil.example:${port}`,
    "ws://127.0.0.1:1",
    `ws://127.0.0.1.evil.example:${port}`,
    "",
  ];
  for (const relayUrl of others) {
    const [accepted, reason] = await client.login(bob, relayUrl);
    assert.ok(!accepted && reason.startsWith("invalid:"), relayUrl);
  }
  const attempts = [
    createAuthEvent(url, other.challenge, bob, nowS()),
    createAuthEvent(url, "", bob, nowS()),
    createAuthEvent(url, client.challenge, bob, nowS() - 700),
    createAuthEvent(url, client.challenge, bob, nowS() + 700),
    { ...createAuthEvent(url, client.challenge, mallory, nowS()), pubkey: bobPublic },
    signEvent({ ...createAuthEvent(url, client.challenge, bob, nowS()), kind: 1 }, bob),
  ];
  for (const event of attempts) {
    client.say("AUTH", event);
    assert.equal((await client.hear("OK", event.id))[0], false);
  }
  await assert.rejects(client.query({ kinds: [1059], "#p": [bobPublic] }), /auth-required:/);
  assert.deepEqual(await client.login(bob, `ws://localhost:${port}/`), [true, ""]);
});

test("challenges do not repeat", async (t) => {
  const { url } = await startTestRelay(t);
  const clients = await Promise.all(Array.from({ length: 20 }, () => TestClient.connect(t, url)));
  assert.equal(new Set(clients.map(({ challenge }) => challenge)).size, 20);
});

test("an answer to a challenge is not passed on", async (t) => {
  const { url } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  await client.query({}, "all");
  const [accepted, reason] = await client.publish(createAuthEvent(url, client.challenge, bob, nowS()));
  assert.ok(!accepted && reason.startsWith("invalid:"));
  await client.settle();
  assert.deepEqual(client.unread(), []);
});

test("a flood of wide questions and forged events keeps nobody else waiting", async (t) => {
  const { url } = await startTestRelay(t);
  const [flooder, bystander] = [await TestClient.connect(t, url), await TestClient.connect(t, url)];
  for (let i = 0; i < 30; i++) await bystander.publish(signed({ content: `${i}${"x".repeat(10_000)}` }));
  const forged = { ...signed(), content: "forged" };
  const values = Array.from({ length: 90 }, (_, i) => i.toString(16).padStart(64, "0"));
  const filters = Array.from({ length: 10 }, () => ({ authors: values }));
  for (let i = 0; i < 300; i++) {
    flooder.say("REQ", `flood ${i % 40}`, ...filters);
    flooder.say("REQ", `wide ${i % 40}`, {});
    flooder.say("EVENT", forged);
  }
  const startMs = performance.now();
  assert.deepEqual(await bystander.publish(signed({ content: "mine" })), [true, ""]);
  assert.equal((await bystander.query({ limit: 5 })).length, 5);
  assert.ok(performance.now() - startMs < 5_000);
});

test("garbage on the port disturbs nobody", async (t) => {
  const { url, port } = await startTestRelay(t);
  const client = await TestClient.connect(t, url);
  const upgrade = `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
  const unmaskedFrame = Buffer.from([0x81, 0x02, 0x7b, 0x7d]);
  const brokenText = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]);
  const attacks = [
    Buffer.alloc(70_000, 0xff),
    Buffer.from("\r\n".repeat(100)),
    unmaskedFrame,
    brokenText,
    Buffer.alloc(0),
  ];
  for (const [i, attack] of attacks.entries()) {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    socket.resume();
    if (i >= 2) socket.write(upgrade);
    socket.end(attack);
    await new Promise((resolve) => socket.once("close", resolve));
  }
  client.socket.send(`${"[".repeat(60_000)}${"]".repeat(60_000)}`);
  assert.match(String(await client.hear("NOTICE")), /^invalid:/);
  client.socket.send(`["EVENT",{"id":"${"0".repeat(64)}","__proto__":{"kind":1},"tags":{"length":1e9}}]`);
  assert.equal((await client.hear("OK"))[1], false);
  assert.deepEqual(await client.publish(signed()), [true, ""]);
});
