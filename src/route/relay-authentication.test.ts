import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createEvent, createPool } from "../../test/support/route.ts";
import {
  type ClientFrame,
  type Script,
  type ScriptedClient,
  startScriptedRelay,
} from "../../test/support/scripted-relay.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { createAuthEvent } from "../nostr/authentication.ts";
import { type NostrEvent, tagValue, verifyEvent } from "../nostr/event.ts";

const SECRET_KEY = new Uint8Array(32).fill(9);
const authenticate = (url: string, challenge: string) => createAuthEvent(url, challenge, SECRET_KEY, 1_700_000_000);
const typesOf = (frames: readonly ClientFrame[]) => frames.map(([type]) => type);

/** A relay that serves only whom it knows. `challengeFirst`: it asks at once; else when it refuses. */
function gatedScript(options: { challengeFirst: boolean; knows?: boolean }): Script {
  const known = new Set<ScriptedClient>();
  return {
    onConnect: (client) => options.challengeFirst && client.say("AUTH", "c1"),
    onMessage: ([type, first], client) => {
      const event = first as NostrEvent;
      if (type === "AUTH") {
        if (options.knows ?? true) known.add(client);
        client.say("OK", event.id, known.has(client), "");
      } else if (known.has(client)) {
        client.say(...(type === "REQ" ? ["EOSE", first] : ["OK", event.id, true, ""]));
      } else {
        client.say(...(type === "REQ" ? ["CLOSED", first] : ["OK", event.id, false]), "auth-required: who are you");
        if (!options.challengeFirst) client.say("AUTH", "c1");
      }
    },
  };
}

for (const challengeFirst of [true, false]) {
  test(`publish and subscribe at a relay that asks who we are ${challengeFirst ? "at once" : "when it refuses"}`, async (t) => {
    const relay = await startScriptedRelay(t, gatedScript({ challengeFirst }));
    const pool = createPool(t, { authenticate });
    await Promise.all([pool.publish(relay.url, createEvent()), pool.fetch(relay.url, [{}], 2_000)]);
    const answers = relay.received.filter(([type]) => type === "AUTH");
    assert.equal(answers.length, 1);
    const answer: NostrEvent | undefined = answers[0]?.[1];
    assert.ok(answer && verifyEvent(answer));
    assert.deepEqual([tagValue(answer, "relay"), tagValue(answer, "challenge")], [relay.url, "c1"]);
  });
}

test("who does not tell, or is not accepted, is refused and not tried for ever", async (t) => {
  const silent = await startScriptedRelay(t, gatedScript({ challengeFirst: true }));
  await assert.rejects(createPool(t).publish(silent.url, createEvent()), { code: "relay_refused" });
  assert.deepEqual(typesOf(silent.received), ["EVENT"]);

  const strict = await startScriptedRelay(t, gatedScript({ challengeFirst: false, knows: false }));
  const pool = createPool(t, { authenticate });
  await assert.rejects(pool.publish(strict.url, createEvent()), { code: "relay_refused" });
  await assert.rejects(pool.fetch(strict.url, [{}], 2_000), { code: "relay_refused" });
  await waitUntil("CLOSE", () => strict.received.length === 4);
  assert.deepEqual(typesOf(strict.received), ["EVENT", "AUTH", "REQ", "CLOSE"]);
});

test("a relay that refuses even those whom it knows gets two tries", async (t) => {
  const relay = await startScriptedRelay(t, {
    onConnect: (client) => client.say("AUTH", "c1"),
    onMessage: ([type, event], client) =>
      client.say("OK", (event as NostrEvent).id, type === "AUTH", "auth-required: again"),
  });
  await assert.rejects(createPool(t, { authenticate }).publish(relay.url, createEvent()), { code: "relay_refused" });
  assert.equal(relay.received.filter(([type]) => type === "EVENT").length, 2);
});

test("a relay that wants to know us but never asks is given up in time", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, first], client) => {
      if (type === "REQ") client.say("CLOSED", first, "auth-required: guess");
      else client.say("OK", (first as NostrEvent).id, false, "auth-required: guess");
    },
  });
  const pool = createPool(t, { authenticate, limits: { publishMs: 100 } });
  await assert.rejects(pool.publish(relay.url, createEvent()), { code: "relay_unreachable" });
  const startMs = performance.now();
  await assert.rejects(pool.fetch(relay.url, [{}], 60_000), { code: "relay_refused" });
  assert.ok(performance.now() - startMs < 5_000);
});

test("a subscription that is refused although the relay knows us is asked again ever more slowly", async (t) => {
  const relay = await startScriptedRelay(t, {
    onConnect: (client) => client.say("AUTH", "c1"),
    onMessage: ([type, first], client) => {
      if (type === "AUTH") client.say("OK", (first as NostrEvent).id, true, "");
      if (type === "REQ") client.say("CLOSED", first, "auth-required: again");
    },
  });
  const pool = createPool(t, { authenticate, limits: { retryMs: 40, retryMaxMs: 10_000 } });
  pool.subscribe(relay.url, () => [{}], { onEvent: () => {} });
  await sleep(500);
  const asked = relay.received.filter(([type]) => type === "REQ").length;
  assert.ok(asked >= 2 && asked <= 6, `asked ${asked} times`);
});

test("a locked vault answers nothing; once open, the next refusal leads to an answer", async (t) => {
  const relay = await startScriptedRelay(t, gatedScript({ challengeFirst: true }));
  let locked = true;
  const pool = createPool(t, {
    authenticate: (url, challenge) => {
      if (locked) throw new Error("locked");
      return authenticate(url, challenge);
    },
  });
  let stored = 0;
  const failures: string[] = [];
  pool.subscribe(relay.url, () => [{}], {
    onEvent: () => {},
    onStored: () => void stored++,
    onFailure: (error) => void failures.push(error.code),
  });
  await waitUntil("the refusal", () => failures.length > 0);
  locked = false;
  await waitUntil("EOSE", () => stored === 1);
  assert.equal(relay.connections(), 1);
});

test("a new challenge is answered anew, the same one once, and no relay makes us sign without end", async (t) => {
  const relay = await startScriptedRelay(t, {
    onConnect: (client) => {
      client.say("AUTH", "x".repeat(2_000));
      for (let i = 0; i < 50; i++) {
        client.say("AUTH", `c${i}`);
        client.say("AUTH", `c${i}`);
      }
    },
    onMessage: ([type, id], client) => type === "REQ" && client.say("EOSE", id),
  });
  await createPool(t, { authenticate, limits: { challenges: 4 } }).fetch(relay.url, [{}], 2_000);
  const challenges = relay.received
    .filter(([type]) => type === "AUTH")
    .map(([, event]) => tagValue(event, "challenge"));
  assert.deepEqual(challenges, ["c0", "c1", "c2", "c3"]);
});
