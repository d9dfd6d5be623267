import assert from "node:assert/strict";
import { test } from "node:test";
import { createEvent, createPool } from "../../test/support/route.ts";
import { type ScriptedClient, startScriptedRelay } from "../../test/support/scripted-relay.ts";
import { waitUntil } from "../../test/support/wait.ts";
import type { NostrEvent, VerifiedEvent } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";

/** Collects what a subscription tells. */
function collector() {
  const events: VerifiedEvent[] = [];
  const failures: string[] = [];
  const seen = { stored: 0 };
  return {
    events,
    failures,
    seen,
    handlers: {
      onEvent: (event: VerifiedEvent) => void events.push(event),
      onStored: () => void seen.stored++,
      onFailure: (error: { code: string }) => void failures.push(error.code),
    },
  };
}

test("stored events, then the end of them, then new ones", async (t) => {
  const [old, recent] = [createEvent(), createEvent()];
  let client: ScriptedClient | undefined;
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id], from) => {
      if (type !== "REQ") return;
      client = from;
      client.say("EVENT", id, old);
      client.say("EOSE", id);
    },
  });
  const { events, seen, handlers } = collector();
  const subscription = createPool(t).subscribe(relay.url, () => [{ kinds: [1], limit: 10 }], handlers);
  await waitUntil("EOSE", () => seen.stored === 1);
  assert.deepEqual(events, [old]);
  client?.say("EVENT", relay.received[0]?.[1], recent);
  await waitUntil("the new event", () => events.length === 2);
  subscription.close();
  await waitUntil("CLOSE", () => relay.received.length === 2);
  const id = relay.received[0]?.[1];
  assert.deepEqual(relay.received, [
    ["REQ", id, { kinds: [1], limit: 10 }],
    ["CLOSE", id],
  ]);
  client?.say("EVENT", id, createEvent());
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(events.length, 2);
});

test("forged, unasked, repeated and unreadable events do not get through, and the connection goes on", async (t) => {
  const good = createEvent();
  const relay = await startScriptedRelay(t, {
    onMessage: ([, id], client) => {
      client.socket.send("garbage");
      client.socket.send("[]");
      client.socket.send('["EVENT"]');
      client.socket.send("null");
      client.socket.send(Buffer.from([0xff, 0xfe]), { binary: true });
      client.say("EVENT", id, { ...good, content: "altered" }); // under the id of the real one
      client.say("EVENT", id, { ...good, sig: "0".repeat(128) });
      client.say("EVENT", id, createEvent(2)); // answers another question
      client.say("EVENT", "unknown", createEvent());
      client.say("EVENT", id, { ...createEvent(), tags: "none" });
      client.say("NOTICE", "hello");
      client.say("EVENT", id, good);
      client.say("EVENT", id, good);
      client.say("EOSE", id);
    },
  });
  const { events, seen, handlers } = collector();
  createPool(t).subscribe(relay.url, () => [{ kinds: [1] }], handlers);
  await waitUntil("EOSE", () => seen.stored === 1);
  assert.deepEqual(events, [good]);
  assert.equal(relay.connections(), 1);
});

test("who asks may claim events by their content: then the signature is not checked, the id always", async (t) => {
  const [proven, other] = [createEvent(1, "proven"), createEvent(1, "other")];
  const sig = "0".repeat(128);
  const relay = await startScriptedRelay(t, {
    onMessage: ([, id], client) => {
      client.say("EVENT", id, { ...proven, id: other.id }); // would hide the other one
      client.say("EVENT", id, { ...proven, sig });
      client.say("EVENT", id, proven);
      client.say("EVENT", id, { ...other, sig });
      client.say("EVENT", id, other);
      client.say("EVENT", id, createEvent(1, "bad luck"));
      client.say("EOSE", id);
    },
  });
  const { events, seen, handlers } = collector();
  const claimed: string[] = [];
  const claim = ({ id, content }: NostrEvent) => {
    if (content === "bad luck") throw new Error("locked");
    if (content !== "proven") return false;
    claimed.push(id);
    return true;
  };
  createPool(t).subscribe(relay.url, () => [{ kinds: [1] }], { ...handlers, claim });
  await waitUntil("EOSE", () => seen.stored === 1);
  assert.deepEqual(claimed, [proven.id]);
  assert.deepEqual(events, [other]);
  assert.equal(relay.connections(), 1);
});

test("a lost connection is made again: asked anew, told once", async (t) => {
  const [first, second] = [createEvent(), createEvent()];
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id, filter], client) => {
      if (type !== "REQ") return;
      client.say("EVENT", id, first);
      if ((filter as Filter | undefined)?.since === 2) client.say("EVENT", id, second);
      client.say("EOSE", id);
    },
  });
  const { events, failures, seen, handlers } = collector();
  let since = 0;
  createPool(t).subscribe(relay.url, () => [{ since: ++since }], handlers);
  await waitUntil("EOSE", () => seen.stored === 1);
  relay.drop();
  await waitUntil("EOSE again", () => seen.stored === 2);
  assert.deepEqual(events, [first, second]);
  assert.deepEqual(failures, ["relay_unreachable"]);
});

test("a subscription that the relay closes is asked again, ever more slowly", async (t) => {
  const askedAtMs: number[] = [];
  const relay = await startScriptedRelay(t, {
    onMessage: ([, id], client) => {
      askedAtMs.push(performance.now());
      if (askedAtMs.length < 5) client.say("CLOSED", id, "rate-limited: slow down");
      else client.say("EOSE", id);
    },
  });
  const { failures, seen, handlers } = collector();
  createPool(t, { limits: { retryMs: 20, retryMaxMs: 10_000 } }).subscribe(relay.url, () => [{}], handlers);
  await waitUntil("EOSE", () => seen.stored === 1);
  assert.deepEqual(failures, Array(4).fill("relay_refused"));
  const wholeMs = (askedAtMs.at(-1) ?? 0) - (askedAtMs[0] ?? 0);
  assert.ok(wholeMs >= 20 + 40 + 80 + 160, `asked again within ${wholeMs} ms`);
  assert.equal(relay.connections(), 1);
});

test("what a subscriber throws costs it nothing but that call", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: ([, id], client) => {
      client.say("EVENT", id, createEvent());
      client.say("EVENT", id, createEvent());
      client.say("EOSE", id);
    },
  });
  let calls = 0;
  const done = Promise.withResolvers<void>();
  createPool(t).subscribe(relay.url, () => [{}], {
    onEvent: () => {
      calls++;
      throw new Error("the subscriber's own failure");
    },
    onStored: done.resolve,
  });
  await done.promise;
  assert.equal(calls, 2);
});

test("only so many ids are remembered, the latest", async (t) => {
  const [one, two, three] = [createEvent(), createEvent(), createEvent()];
  const relay = await startScriptedRelay(t, {
    onMessage: ([, id], client) => {
      for (const event of [one, two, three, three, two, one]) client.say("EVENT", id, event);
      client.say("EOSE", id);
    },
  });
  const { events, seen, handlers } = collector();
  createPool(t, { limits: { seenIds: 2 } }).subscribe(relay.url, () => [{}], handlers);
  await waitUntil("EOSE", () => seen.stored === 1);
  assert.deepEqual(events, [one, two, three, one]);
});

test("a subscription without a question says nothing to the relay", async (t) => {
  const relay = await startScriptedRelay(t, { onMessage: ([, id], client) => client.say("EOSE", id) });
  const pool = createPool(t);
  pool.subscribe(relay.url, () => [], { onEvent: () => {} });
  pool.subscribe(
    relay.url,
    () => {
      throw new Error("locked");
    },
    { onEvent: () => {} },
  );
  await pool.fetch(relay.url, [{}], 1_000);
  assert.equal(relay.received.filter(([type]) => type === "REQ").length, 1);
});
