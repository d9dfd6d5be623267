import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createEvent, createPool } from "../../test/support/route.ts";
import { type Script, type ScriptedRelay, startScriptedRelay } from "../../test/support/scripted-relay.ts";
import { waitUntil } from "../../test/support/wait.ts";
import type { Logger } from "../core/log.ts";
import { type Carrier, directCarrier } from "./carrier.ts";
import type { Decision } from "./policy.ts";
import type { NostrEvent } from "../nostr/event.ts";

const accepting: Script = {
  onMessage: ([type, first], client) => {
    if (type === "EVENT") client.say("OK", (first as NostrEvent).id, true, "");
    if (type === "REQ") client.say("EOSE", first);
  },
};

test("exactly the kept relays are held, each once, however its address is spelt", async (t) => {
  const relays = await Promise.all(Array.from({ length: 3 }, () => startScriptedRelay(t, accepting)));
  const [one, two, used] = relays as [ScriptedRelay, ScriptedRelay, ScriptedRelay];
  const pool = createPool(t);
  pool.keep([one.url, `${one.url}/`, ` ${one.url.toUpperCase()}`]);
  await waitUntil("connected", () => one.clients().size === 1);
  await pool.publish(`${one.url}/`, createEvent());
  await pool.publish(used.url, createEvent());
  pool.keep([two.url]);
  await waitUntil("the other", () => one.clients().size === 0 && two.clients().size === 1);
  assert.deepEqual([one.connections(), two.connections(), used.clients().size], [1, 1, 1]);
  assert.deepEqual(
    pool.states().map(({ url, state }) => [url, state]),
    [
      [used.url, "connected"],
      [two.url, "connected"],
    ],
  );
});

test("a relay that is not kept any more stays while it is subscribed to", async (t) => {
  const relay = await startScriptedRelay(t, accepting);
  const pool = createPool(t, { limits: { unusedMs: 50 } });
  pool.keep([relay.url]);
  const subscription = pool.subscribe(relay.url, () => [{}], { onEvent: () => {} });
  await waitUntil("connected", () => relay.clients().size === 1);
  pool.keep([]);
  await sleep(100);
  assert.equal(relay.clients().size, 1);
  subscription.close();
  await waitUntil("it is let go", () => relay.clients().size === 0);
});

test("what is no relay, and more relays than allowed, are refused before anything changes", async (t) => {
  const pool = createPool(t);
  assert.throws(() => pool.keep(["ws://127.0.0.1:9", "http://127.0.0.1"]), { code: "bad_relay_url" });
  assert.throws(() => pool.keep(Array.from({ length: 21 }, (_, i) => `ws://127.0.0.1:${i + 1}`)), {
    code: "too_many_relays",
  });
  await assert.rejects(pool.publish("not an address", createEvent()), { code: "bad_relay_url" });
  assert.throws(() => pool.subscribe("ws://a#b", () => [], { onEvent: () => {} }), { code: "bad_relay_url" });
  assert.deepEqual(pool.states(), []);
});

test("stored events are fetched, and the relay is told that we are done", async (t) => {
  const stored = [createEvent(), createEvent()];
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id], client) => {
      if (type !== "REQ") return;
      for (const event of stored) client.say("EVENT", id, event);
      client.say("EOSE", id);
    },
  });
  assert.deepEqual(await createPool(t).fetch(relay.url, [{ kinds: [1] }], 2_000), stored);
  await waitUntil("CLOSE", () => relay.received.at(-1)?.[0] === "CLOSE");
});

test("a relay that never says that it is done: what it told in time, or unreachable", async (t) => {
  const stored = createEvent();
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id], client) => type === "REQ" && client.say("EVENT", id, stored),
  });
  const pool = createPool(t);
  assert.deepEqual(await pool.fetch(relay.url, [{ kinds: [1] }], 100), [stored]);
  await assert.rejects(pool.fetch(relay.url, [{ kinds: [2] }], 100), { code: "relay_unreachable" });
});

test("a relay that never stops telling does not fill our memory", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id], client) => {
      if (type === "REQ") for (let i = 0; i < 20; i++) client.say("EVENT", id, createEvent());
    },
  });
  const events = await createPool(t, { limits: { fetchedEvents: 5 } }).fetch(relay.url, [{}], 60_000);
  assert.equal(events.length, 5);
});

test("a refused or unreachable fetch fails at once", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id], client) => type === "REQ" && client.say("CLOSED", id, "restricted: members only"),
  });
  const pool = createPool(t);
  await assert.rejects(pool.fetch(relay.url, [{}], 60_000), { code: "relay_refused" });
  await relay.close();
  await assert.rejects(pool.fetch(relay.url, [{}], 60_000), { code: "relay_unreachable" });
});

test("contacts with many relays cannot make us open connections without bound", async (t) => {
  const relays = await Promise.all(Array.from({ length: 4 }, () => startScriptedRelay(t, accepting)));
  const [a, b, c, d] = relays.map(({ url }) => url) as [string, string, string, string];
  const pool = createPool(t, { limits: { connections: 2 } });
  pool.keep([a]);
  await pool.publish(b, createEvent());
  await pool.publish(c, createEvent()); // b gives way: it is unused
  assert.deepEqual(
    pool.states().map(({ url }) => url),
    [a, c],
  );
  const subscription = pool.subscribe(c, () => [{}], { onEvent: () => {} });
  await assert.rejects(pool.publish(d, createEvent()), { code: "relay_busy" });
  subscription.close();
  await pool.publish(d, createEvent());
});

test("no line of the log names a relay or what its address holds", async (t) => {
  const lines: unknown[] = [];
  const note = (...line: unknown[]) => void lines.push(line);
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  const relay = await startScriptedRelay(t, {
    onConnect: (client) => client.say("AUTH", "challenge"),
    onMessage: ([type, id], client) => {
      if (type === "REQ") client.say("EVENT", id, { ...createEvent(), content: "altered" });
      else client.socket.terminate();
    },
  });
  const url = `ws://user:pass-word@127.0.0.1:${relay.port}/?key=query-key`;
  const pool = createPool(t, {
    log,
    authenticate: () => {
      throw new Error("secret");
    },
  });
  await assert.rejects(pool.fetch(url, [{}], 100), (error) => !/pass-word|query-key/.test(String(error)));
  await assert.rejects(pool.publish(url, createEvent()), (error) => !/pass-word|query-key/.test(String(error)));
  await relay.close();
  await assert.rejects(pool.publish(url, createEvent()), (error) => !/pass-word|query-key/.test(String(error)));
  assert.ok(lines.length > 0);
  assert.doesNotMatch(JSON.stringify(lines), /pass-word|query-key|127\.0\.0\.1|secret|altered/);
});

test("a listener that fails or is taken away does not disturb the others", async (t) => {
  const relay = await startScriptedRelay(t);
  const pool = createPool(t);
  let calls = 0;
  const stop = pool.onStateChange(() => assert.fail("taken away"));
  stop();
  pool.onStateChange(() => {
    throw new Error("the listener's own failure");
  });
  pool.onStateChange(() => void calls++);
  pool.keep([relay.url]);
  await waitUntil("connected", () => pool.states()[0]?.state === "connected");
  assert.ok(calls >= 2);
});

/** A relay that is reached straight or by another way, as a test says, with the labels that were asked for. */
function changingCarrier(): { carrier: Carrier; go: (route: Decision) => void; labels: string[]; ways: Decision[] } {
  let route: Decision = "direct";
  const labels: string[] = [];
  const ways: Decision[] = [];
  const carrier: Carrier = {
    routeOf: () => route,
    dial: (url, options) => {
      labels.push(options.isolation);
      ways.push(route);
      return directCarrier.dial(url, options);
    },
  };
  return { carrier, go: (next) => void (route = next), labels, ways };
}

test("what goes another way than it should is cut at once, and what waits goes the new way", async (t) => {
  const relay = await startScriptedRelay(t, accepting);
  const { carrier, go, ways } = changingCarrier();
  const pool = createPool(t, { carrier });
  pool.subscribe(relay.url, () => [{}], { onEvent: () => {} });
  await waitUntil("told", () => relay.received.length === 1);
  go("tor");
  pool.followRoutes();
  assert.notEqual(pool.states()[0]?.state, "connected", "nothing more is said on the old socket");
  await waitUntil("told again", () => relay.received.length === 2 && relay.clients().size === 1);
  assert.deepEqual(ways, ["direct", "tor"]);
  pool.followRoutes();
  assert.equal(pool.states()[0]?.state, "connected", "the same way is left alone");
});

test("a relay that waits is dialled when its route comes up, and for nothing else", async (t) => {
  const { carrier, ways } = changingCarrier();
  const pool = createPool(t, { carrier, limits: { retryMs: 60_000, retryMaxMs: 60_000 } });
  pool.keep(["ws://127.0.0.1:1"]);
  await waitUntil("it waits", () => pool.states()[0]?.state === "waiting");
  for (const cameUp of [null, "tor", null] as const) pool.followRoutes(cameUp);
  await sleep(50);
  assert.equal(ways.length, 1, "whoever makes policies change cannot make us storm it");
  pool.followRoutes("direct");
  await waitUntil("it is dialled again", () => ways.length === 2);
});

test("a socket that came by a way that is forbidden meanwhile is not used", async (t) => {
  const relay = await startScriptedRelay(t, accepting);
  const { carrier, go } = changingCarrier();
  const late: Carrier = {
    routeOf: carrier.routeOf,
    dial: async (url, options) => {
      const socket = await carrier.dial(url, options);
      if (relay.connections() === 1) go("tor");
      return socket;
    },
  };
  const pool = createPool(t, { carrier: late });
  await assert.rejects(pool.publish(relay.url, createEvent()), { code: "relay_unreachable" });
  assert.equal(relay.received.length, 0);
  await pool.publish(relay.url, createEvent());
  assert.equal(relay.connections(), 2);
  assert.equal(relay.received.length, 1);
});

test("by a way that hides who asks, each single question has a connection and a label of its own", async (t) => {
  const relay = await startScriptedRelay(t, accepting);
  const { carrier, go, labels } = changingCarrier();
  const pool = createPool(t, { carrier });
  await pool.fetch(relay.url, [{ kinds: [1] }], 1_000);
  await pool.fetch(relay.url, [{ kinds: [2] }], 1_000);
  assert.equal(relay.connections(), 1, "straight they come from one address anyway");
  go("tor");
  pool.followRoutes();
  await Promise.all(Array.from({ length: 20 }, (_, kind) => pool.fetch(relay.url, [{ kinds: [kind] }], 5_000)));
  const hidden = labels.slice(1).filter((label) => label.includes("|"));
  assert.equal(hidden.length, 20);
  assert.equal(new Set(hidden).size, 20);
  await waitUntil("all are gone", () => relay.clients().size <= 1);
});
