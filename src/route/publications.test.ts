import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createEvent, createPool } from "../../test/support/route.ts";
import { type ClientFrame, startScriptedRelay } from "../../test/support/scripted-relay.ts";
import { waitUntil } from "../../test/support/wait.ts";
import type { NostrEvent } from "../nostr/event.ts";

const eventOf = (frame: ClientFrame): NostrEvent => frame[1];

test("an event is published once the relay says OK to it", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: (frame, client) => client.say("OK", eventOf(frame).id, true, ""),
  });
  const event = createEvent();
  const { signal } = new AbortController();
  await createPool(t).publish(relay.url, event, signal);
  assert.deepEqual(relay.received, [["EVENT", event]]);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("many events at once each wait for their own OK, in whatever order it comes", async (t) => {
  const waiting: string[] = [];
  const relay = await startScriptedRelay(t, {
    onMessage: (frame, client) => {
      waiting.unshift(eventOf(frame).id);
      if (waiting.length === 20) for (const id of waiting) client.say("OK", id, id !== waiting[3], "blocked: no");
    },
  });
  const pool = createPool(t);
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => pool.publish(relay.url, createEvent())));
  const refused = results.flatMap((result, index) => (result.status === "rejected" ? [index] : []));
  assert.deepEqual(refused, [16]);
});

test("no OK, or the OK of another event, is no success", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: (_frame, client) => client.say("OK", createEvent().id, true, ""),
  });
  const pool = createPool(t, { limits: { publishMs: 100 } });
  await assert.rejects(pool.publish(relay.url, createEvent()), { code: "relay_unreachable" });
});

test("a refusal is told by its first word, never by the relay's own text", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: (frame, client) => client.say("OK", eventOf(frame).id, false, "blocked: you are known to us"),
  });
  await assert.rejects(createPool(t).publish(relay.url, createEvent()), {
    code: "relay_refused",
    message: "The relay refused this (blocked).",
  });
});

test("a relay that drops the connection before its OK is unreachable at once", async (t) => {
  const relay = await startScriptedRelay(t, { onMessage: (_frame, client) => client.socket.terminate() });
  const pool = createPool(t, { limits: { publishMs: 60_000 } });
  await assert.rejects(pool.publish(relay.url, createEvent()), { code: "relay_unreachable" });
});

test("an aborted publication ends with the signal's reason and leaves nothing on the signal", async (t) => {
  const relay = await startScriptedRelay(t);
  const pool = createPool(t);
  const controller = new AbortController();
  const published = pool.publish(relay.url, createEvent(), controller.signal);
  controller.abort(new Error("changed my mind"));
  await assert.rejects(published, { message: "changed my mind" });
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  await assert.rejects(pool.publish(relay.url, createEvent(), controller.signal), { message: "changed my mind" });
});

test("a relay that answers nothing does not make us hold events without bound", async (t) => {
  const relay = await startScriptedRelay(t);
  const pool = createPool(t, { limits: { pendingEvents: 3, publishMs: 100 } });
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => pool.publish(relay.url, createEvent())));
  const codes = results.map((result) => (result as PromiseRejectedResult).reason.code as string);
  assert.deepEqual(codes.sort(), [...Array(2).fill("relay_busy"), ...Array(3).fill("relay_unreachable")]);
});

test("a relay that does not read does not make us buffer without bound", async (t) => {
  const relay = await startScriptedRelay(t, { onConnect: ({ socket }) => socket.pause() });
  const pool = createPool(t, { limits: { sendBufferBytes: 100_000, publishMs: 60_000 } });
  const event = createEvent(1, "x".repeat(60_000));
  const codes: string[] = [];
  const published = Array.from({ length: 300 }, () =>
    pool.publish(relay.url, event).catch((error: { code: string }) => void codes.push(error.code)),
  );
  await waitUntil("the rest is not sent", () => codes.includes("relay_busy"));
  assert.ok(codes.length < 300); // what the operating system takes is on its way
  await pool.close();
  await Promise.all(published);
});
