/** Header streams against relays that know them, do not, or lie; and against our own, over a restart, down to 500 bodies. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { createPool } from "../../test/support/route.ts";
import { type ScriptedClient, startScriptedRelay } from "../../test/support/scripted-relay.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { encodeHeaderFrame } from "../nostr/header-stream.ts";
import { createCell, idsIn, idsOf, startTestRelay } from "../relay/testing.ts";

const START = { after: null, since: 0 };
const CURSORS = ["01".repeat(16), "02".repeat(16), "03".repeat(16)] as const;
const header = (n: number) => new Uint8Array(96).fill(n);

/** Collects what a stream tells. */
function collector() {
  const ids: string[] = [];
  const cursors: string[] = [];
  const failures: string[] = [];
  const seen = { stored: 0 };
  const handlers = {
    onHeaders: (headers: Uint8Array, cursor: string) => {
      ids.push(...idsIn(headers));
      cursors.push(cursor);
    },
    onStored: () => void seen.stored++,
    onFailure: (error: { code: string }) => void failures.push(error.code),
  };
  return { ids, cursors, failures, seen, handlers };
}

function sendFrame(client: ScriptedClient | undefined, id: string, cursor: string, headers: Uint8Array): void {
  client?.socket.send(encodeHeaderFrame({ id, cursor, headers }));
}

/** A relay that answers a request for headers with these words. */
function startUnknowing(t: TestContext, answer: (id: string) => unknown[] | null) {
  return startScriptedRelay(t, {
    onMessage: ([type, id], client) => {
      const words = type === "HEADERS" ? answer(id) : null;
      if (words) client.say(...words);
    },
  });
}

test("headers of our own relay, stored and live, once, over a restart; and 500 bodies of them in one question", async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await startTestRelay(t, { headerBatchMs: 20 }, { dataDir });
  const { url, port } = first;
  const [reader, sender] = [createPool(t), createPool(t)];
  const cells = Array.from({ length: 600 }, () => createCell({ content: "AQ".padEnd(2_812, "A") }));
  await Promise.all(cells.map((cell) => sender.publish(url, cell)));
  const { ids, cursors, failures, seen, handlers } = collector();
  reader.headers(url, START, handlers);
  await waitUntil("the stored headers", () => seen.stored === 1);
  assert.deepEqual(ids.toSorted(), idsOf(cells).toSorted());
  const live = createCell();
  await sender.publish(url, live);
  await waitUntil("the live header", () => ids.length === 601);

  const wanted = ids.slice(0, 500);
  const bodies = await reader.fetch(url, [{ ids: wanted }], 10_000);
  assert.deepEqual(idsOf(bodies).toSorted(), wanted.toSorted());

  await first.close();
  await startTestRelay(t, { headerBatchMs: 20 }, { dataDir, port });
  await waitUntil("the stream is back", () => seen.stored === 2);
  const later = createCell();
  await sender.publish(url, later).catch(() => sender.publish(url, later)); // it may still be coming back, too
  await waitUntil("the later header", () => ids.length === 602);
  assert.deepEqual(ids.slice(600), [live.id, later.id]);
  assert.ok(failures.every((code) => code === "relay_unreachable"));

  const { ids: rest, seen: restSeen, handlers: restHandlers } = collector();
  createPool(t).headers(url, { after: cursors.at(-2) ?? null, since: 0 }, restHandlers);
  await waitUntil("the rest", () => restSeen.stored === 1);
  assert.deepEqual(rest, [later.id]);
});

test("a relay that does not know header streams is found out by what it says or does not say, once", async (t) => {
  const limits = { headerAnswerMs: 150, headerNoticeMs: 30 };
  const answers: Record<string, (id: string) => unknown[] | null> = {
    notice: () => ["NOTICE", "ERROR: bad msg: unknown cmd"],
    closed: (id) => ["CLOSED", id, "unsupported: HEADERS"],
    invalid: (id) => ["CLOSED", id, "invalid: what?"],
    silence: () => null,
  };
  for (const [name, answer] of Object.entries(answers)) {
    const relay = await startUnknowing(t, answer);
    const { failures, handlers } = collector();
    const pool = createPool(t, { limits: name === "notice" ? { ...limits, headerAnswerMs: 60_000 } : limits });
    pool.headers(relay.url, START, handlers);
    await waitUntil(`no_headers after ${name}`, () => failures.length > 0);
    await sleep(250);
    assert.deepEqual([name, failures, relay.received.length], [name, ["no_headers"], 1]);
    assert.equal(relay.connections(), 1);
  }
});

test("our own relay of before, which answered with a notice, is asked again once it has come back", async (t) => {
  const learnt = { yet: false };
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id], client) => {
      if (type !== "HEADERS") return;
      if (!learnt.yet) return client.say("NOTICE", "invalid: This is not a valid relay message.");
      sendFrame(client, id, CURSORS[0], header(1));
      client.say("EOSE", id);
    },
  });
  const { cursors, failures, seen, handlers } = collector();
  createPool(t, { limits: { headerNoticeMs: 20 } }).headers(relay.url, START, handlers);
  await waitUntil("no_headers", () => failures.length === 1);
  learnt.yet = true;
  relay.drop();
  await waitUntil("EOSE", () => seen.stored === 1);
  assert.deepEqual([failures, cursors], [["no_headers", "relay_unreachable"], [CURSORS[0]]]);
});

test("a notice about something else is no refusal", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: ([, id], client) => {
      client.say("NOTICE", "welcome");
      setTimeout(() => {
        client.say("EOSE", id);
        client.say("NOTICE", "maintenance at noon");
      }, 50);
    },
  });
  const { failures, seen, handlers } = collector();
  createPool(t, { limits: { headerNoticeMs: 500 } }).headers(relay.url, START, handlers);
  await waitUntil("EOSE", () => seen.stored === 1);
  await sleep(600);
  assert.deepEqual(failures, []);
});

test("a relay that closes a stream is asked again, ever more slowly, from where it was", async (t) => {
  const askedAtMs: number[] = [];
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id], client) => {
      if (type !== "HEADERS") return;
      askedAtMs.push(performance.now());
      if (askedAtMs.length === 1) sendFrame(client, id, CURSORS[0], header(1));
      if (askedAtMs.length < 5) client.say("CLOSED", id, "rate-limited: slow down");
      else client.say("EOSE", id);
    },
  });
  const { failures, seen, handlers } = collector();
  createPool(t, { limits: { retryMs: 20, retryMaxMs: 10_000 } }).headers(relay.url, START, handlers);
  await waitUntil("EOSE", () => seen.stored === 1);
  assert.deepEqual(failures, Array(4).fill("relay_refused"));
  assert.deepEqual(relay.received[4]?.[2], { after: CURSORS[0] });
  const wholeMs = (askedAtMs.at(-1) ?? 0) - (askedAtMs[0] ?? 0);
  assert.ok(wholeMs >= 10 + 20 + 40 + 80, `asked again within ${wholeMs} ms`);
  assert.equal(relay.connections(), 1);
});

test("malformed frames and those of unknown streams do not get through, and the connection goes on", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: ([, id], client) => {
      const frame = encodeHeaderFrame({ id, cursor: CURSORS[0], headers: header(1) });
      for (const bytes of [[], [1], [1, 200], [2, 2, 104, 49]]) client.socket.send(Buffer.from(bytes));
      client.socket.send(frame.subarray(1));
      client.socket.send(frame.subarray(0, -1));
      client.socket.send(Buffer.concat([frame, Buffer.alloc(95)]));
      client.socket.send(frame, { binary: false }); // as text
      sendFrame(client, "h9", CURSORS[1], header(2));
      sendFrame(client, "1", CURSORS[1], header(2));
      client.say("EOSE", "h9");
      client.say("CLOSED", "h9", "invalid: no");
      sendFrame(client, id, CURSORS[2], header(3));
      client.say("EOSE", id);
    },
  });
  const { ids, cursors, failures, seen, handlers } = collector();
  createPool(t).headers(relay.url, START, handlers);
  await waitUntil("EOSE", () => seen.stored === 1);
  assert.deepEqual([ids, cursors, failures], [["03".repeat(32)], [CURSORS[2]], []]);
  assert.equal(relay.connections(), 1);
});

test("headers that could not be taken come again: the cursor stays where it was", async (t) => {
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id], client) => {
      if (type !== "HEADERS") return;
      sendFrame(client, id, CURSORS[0], header(1));
      sendFrame(client, id, CURSORS[1], header(2));
      sendFrame(client, id, CURSORS[2], header(3));
      client.say("EOSE", id);
    },
  });
  const { seen, handlers } = collector();
  const onHeaders = (headers: Uint8Array) => {
    taken.push(headers[0] ?? 0);
    if (headers[0] === 2 && taken.length < 4) throw new Error("the vault is locked");
  };
  const taken: number[] = [];
  createPool(t).headers(relay.url, { after: null, since: 7 }, { ...handlers, onHeaders });
  await waitUntil("EOSE", () => seen.stored === 1);
  relay.drop();
  await waitUntil("EOSE again", () => seen.stored === 2);
  assert.deepEqual(
    relay.received.map((frame) => frame[2]),
    [{ since: 7 }, { after: CURSORS[0], since: 7 }],
  );
  assert.deepEqual(taken, [1, 2, 3, 1, 2, 3]);
  relay.drop();
  await waitUntil("EOSE once more", () => seen.stored === 3);
  assert.deepEqual(relay.received[2]?.[2], { after: CURSORS[2], since: 7 });
});

test("a closed stream says so and tells nothing more; names do not clash with those of subscriptions", async (t) => {
  let client: ScriptedClient | undefined;
  const relay = await startScriptedRelay(t, { onMessage: (_, from) => void (client = from) });
  const pool = createPool(t);
  const { cursors, handlers } = collector();
  const stream = pool.headers(relay.url, START, handlers);
  pool.subscribe(relay.url, () => [{}], { onEvent: () => {} });
  await waitUntil("both requests", () => relay.received.length === 2);
  const id = relay.received.find(([type]) => type === "HEADERS")?.[1] ?? "";
  assert.notEqual(id, relay.received.find(([type]) => type === "REQ")?.[1]);
  stream.close();
  await waitUntil("CLOSE", () => relay.received.some((frame) => frame[0] === "CLOSE" && frame[1] === id));
  sendFrame(client, id, CURSORS[0], header(1));
  await sleep(30);
  assert.deepEqual(cursors, []);
});
