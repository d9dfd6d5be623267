/** The pool against our own relay: a person's gift wraps, gated by NIP-42, over a restart of the relay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atEnd, temporaryFolder } from "../../test/support/cleanup.ts";
import { createEvent, createPool } from "../../test/support/route.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { systemClock } from "../core/clock.ts";
import { createLogger } from "../core/log.ts";
import { createAuthEvent } from "../nostr/authentication.ts";
import { signEvent, type VerifiedEvent } from "../nostr/event.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import { startRelay } from "../relay/relay-server.ts";

const RECIPIENT_KEY = new Uint8Array(32).fill(21);
const STRANGER_KEY = new Uint8Array(32).fill(22);
const recipient = publicKeyOf(RECIPIENT_KEY);
const nowS = () => Math.floor(Date.now() / 1000);

let wraps = 0;
/** A gift wrap as the relay sees it: a one-use author, a recipient, and what it cannot read. */
function createWrap(): VerifiedEvent {
  const content = `AgAA${"A".repeat(200)}${++wraps}`;
  const oneUseKey = crypto.getRandomValues(new Uint8Array(32));
  return signEvent({ kind: 1059, created_at: nowS(), tags: [["p", recipient]], content }, oneUseKey);
}

test("gift wraps reach their recipient only, stored and live, once, over a restart of the relay", async (t) => {
  const options = {
    host: "127.0.0.1",
    dataDir: temporaryFolder(t),
    name: "test",
    log: createLogger("silent"),
    clock: systemClock,
  };
  let relay = await startRelay({ ...options, port: 0 });
  atEnd(t, () => relay.close());
  const { url, port } = relay;
  const sender = createPool(t);
  const authenticate = (key: Uint8Array) => (relayUrl: string, challenge: string) =>
    createAuthEvent(relayUrl, challenge, key, nowS());
  const reader = createPool(t, { authenticate: authenticate(RECIPIENT_KEY) });
  const stranger = createPool(t, { authenticate: authenticate(STRANGER_KEY) });
  const filters = [{ kinds: [1059], "#p": [recipient] }];

  const [stored, live, later] = [createWrap(), createWrap(), createWrap()];
  await sender.publish(url, stored);
  const received: string[] = [];
  let complete = 0;
  reader.subscribe(url, () => filters, {
    onEvent: (event) => void received.push(event.id),
    onStored: () => void complete++,
  });
  await waitUntil("the stored wrap", () => complete === 1);
  assert.deepEqual(received, [stored.id]);
  await sender.publish(url, live);
  await waitUntil("the live wrap", () => received.length === 2);

  await assert.rejects(stranger.fetch(url, filters, 5_000), { code: "relay_refused" });
  await assert.rejects(sender.fetch(url, filters, 5_000), { code: "relay_refused" });

  await relay.close();
  relay = await startRelay({ ...options, port });
  await waitUntil("the subscription is back", () => complete === 2);
  await sender.publish(url, later).catch(() => sender.publish(url, later)); // it may still be coming back, too
  await waitUntil("the later wrap", () => received.length === 3);
  assert.deepEqual(received, [stored.id, live.id, later.id]);
});

test("another identity is served once the connections of the earlier one are cut, and not before", async (t) => {
  const dataDir = temporaryFolder(t);
  const options = {
    host: "127.0.0.1",
    port: 0,
    dataDir,
    name: "test",
    log: createLogger("silent"),
    clock: systemClock,
  };
  const relay = await startRelay(options);
  atEnd(t, () => relay.close());
  const identity = { key: STRANGER_KEY };
  const authenticate = (url: string, challenge: string) => createAuthEvent(url, challenge, identity.key, nowS());
  const pool = createPool(t, { authenticate });
  const filters = [{ kinds: [1059], "#p": [recipient] }];
  const wrap = createWrap();
  await createPool(t).publish(relay.url, wrap);
  pool.keep([relay.url]);
  await assert.rejects(pool.fetch(relay.url, filters, 5_000), { code: "relay_refused" });
  identity.key = RECIPIENT_KEY;
  await assert.rejects(
    pool.fetch(relay.url, filters, 5_000),
    { code: "relay_refused" },
    "control: proven as the other",
  );
  pool.cut();
  const found = await pool.fetch(relay.url, filters, 5_000);
  assert.deepEqual(
    found.map(({ id }) => id),
    [wrap.id],
  );
});

test("what the relay refuses is refused, and it goes on", async (t) => {
  const relay = await startRelay({
    host: "127.0.0.1",
    port: 0,
    dataDir: temporaryFolder(t),
    name: "test",
    log: createLogger("silent"),
    clock: systemClock,
  });
  atEnd(t, () => relay.close());
  const pool = createPool(t);
  const event = createEvent();
  await assert.rejects(pool.publish(relay.url, { ...event, content: "altered" }), { code: "relay_refused" });
  await pool.publish(relay.url, event);
  await pool.publish(relay.url, event); // again: no harm
  assert.deepEqual(await pool.fetch(relay.url, [{ ids: [event.id] }], 5_000), [event]);
  assert.equal(relay.connections(), 1);
});
