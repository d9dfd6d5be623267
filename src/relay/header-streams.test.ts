/** Headers of cells over real sockets from a real store: paging, live, resuming, expiry, deletion, and what a cursor tells. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../../test/support/wait.ts";
import { systemClock } from "../core/clock.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import { type NostrEvent, tagValue } from "../nostr/event.ts";
import { wrapText } from "../nostr/gift-wrap.ts";
import { decodeHeaderFrame } from "../nostr/header-stream.ts";
import { publicKeyOf } from "../nostr/keys.ts";
import type { Connection } from "./connection.ts";
import { EventStore } from "./event-store.ts";
import { HeaderSource } from "./header-source.ts";
import { HeaderStreams } from "./header-streams.ts";
import type { RelayLimits } from "./relay-info.ts";
import { StoreClient } from "./store-client.ts";
import {
  createCell,
  createUnsignedCells,
  idsIn,
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

const QUICK = { headerBatchMs: 20 };

/** Puts events into the store of a relay that is not running. */
function fill(dataDir: string, events: readonly NostrEvent[]): void {
  const store = new EventStore(join(dataDir, "relay"), RELAY_LIMITS.storeBytes);
  store.putAll(events);
  store.close();
}

/** The ids of the next `count` headers of a live stream. */
async function hearIds(client: TestClient, id: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) ids.push(...idsIn((await client.hear("HEADERS", id))[1] as Uint8Array));
  return ids;
}

async function start(t: TestContext) {
  const relay = await startTestRelay(t, QUICK);
  return { relay, client: await TestClient.connect(t, relay.url) };
}

test("stored headers in the order in which they came, EOSE, then new ones; to somebody who has not logged in", async (t) => {
  const { relay, client } = await start(t);
  const cells = [createCell(), createCell({ created_at: nowS() - 600 }), createCell()];
  for (const cell of cells) await client.publish(cell);
  client.say("HEADERS", "s");
  const [cursor, headers] = (await client.hear("HEADERS", "s")) as [string, Uint8Array];
  await client.hear("EOSE", "s");
  const ephemeral = (content: string) => Buffer.from(content, "base64").toString("hex", 1, 33);
  const expected = cells.map(({ content, tags, id }) => `${ephemeral(content)}${tags[0]?.[1]}${id}`).join("");
  assert.equal(Buffer.from(headers).toString("hex"), expected);
  assert.match(cursor, /^[0-9a-f]{32}$/);
  const sender = await TestClient.connect(t, relay.url);
  const fresh = [createCell(), createCell()];
  for (const cell of fresh) await sender.publish(cell);
  assert.deepEqual(await hearIds(client, "s", 2), idsOf(fresh));
  client.say("CLOSE", "s");
  await client.settle();
  await sender.publish(createCell());
  await delay(100);
  assert.deepEqual(client.unread(), []);
});

test("12,000 cells of one minute come in pages, each once, with others stored meanwhile", async (t) => {
  const dataDir = newFolder(t);
  const cells = createUnsignedCells(12_000);
  fill(dataDir, cells);
  const relay = await startTestRelay(t, QUICK, { dataDir });
  const [client, sender] = [await TestClient.connect(t, relay.url), await TestClient.connect(t, relay.url)];
  const late = [createCell(), createCell()];
  const reading = client.headers({}, "s");
  for (const cell of late) await sender.publish(cell);
  const { ids, frames, cursor } = await reading;
  ids.push(...(await hearIds(client, "s", 12_002 - ids.length)));
  assert.deepEqual(ids, idsOf([...cells, ...late]));
  assert.ok(frames >= Math.ceil(12_000 / RELAY_LIMITS.headersPerFrame));
  assert.ok((await client.headers({ after: cursor })).ids.length <= 2);
});

test("a stream goes on behind its cursor after the relay was restarted", async (t) => {
  const dataDir = newFolder(t);
  const first = await startTestRelay(t, QUICK, { dataDir });
  const before = await TestClient.connect(t, first.url);
  const [old, missed] = [createCell(), createCell()];
  await before.publish(old);
  const { cursor } = await before.headers();
  await before.publish(missed);
  await first.close();
  const again = await startTestRelay(t, QUICK, { dataDir });
  const after = await TestClient.connect(t, again.url);
  assert.deepEqual((await after.headers({ after: cursor })).ids, [missed.id]);
});

test("a cursor of another store, or of a later state of this one, begins anew: nothing is missed", async (t) => {
  const { client } = await start(t);
  const cell = createCell();
  await client.publish(cell);
  const { cursor } = await client.headers();
  assert.deepEqual((await client.headers({ after: cursor })).ids, []);
  const ahead = `${cursor?.slice(0, 16)}${"f".repeat(16)}`;
  for (const after of ["00".repeat(16), ahead]) assert.deepEqual((await client.headers({ after })).ids, [cell.id]);
});

test("what is expired, deleted or no cell is not told", async (t) => {
  const clock = new TestClock();
  const relay = await startTestRelay(t, QUICK, { clock });
  const client = await TestClient.connect(t, relay.url);
  const address = ["x", "ab".repeat(32)];
  const kept = createCell();
  const expiring = createCell({ tags: [address, ["expiration", String(nowS() + 60)]] });
  const deleted = createCell({}, testKey(5));
  const others = [
    createCell({ tags: [] }),
    createCell({ tags: [["x", "AB".repeat(32)]] }),
    createCell({ tags: [["x", "ab".repeat(31)]] }),
    createCell({ content: "no ephemeral" }),
    signed({ tags: [address] }),
  ];
  for (const event of [expiring, deleted, ...others, kept]) await client.publish(event);
  assert.deepEqual((await client.headers()).ids, idsOf([expiring, deleted, kept]), "control");
  await client.publish(signed({ kind: 5, tags: [["e", deleted.id]] }, testKey(6)));
  assert.deepEqual((await client.headers()).ids, idsOf([expiring, deleted, kept]), "a stranger deletes nothing");
  await client.publish(signed({ kind: 5, tags: [["e", deleted.id]] }, testKey(5)));
  assert.deepEqual((await client.headers()).ids, idsOf([expiring, kept]));
  clock.move(61_000);
  assert.deepEqual((await client.headers()).ids, [kept.id]);
});

test("only cells dated since a second are told, live too, whatever the order in which they came", async (t) => {
  const { client } = await start(t);
  const sinceS = nowS() - 3_600;
  const dated = (seconds: number) => createCell({ created_at: sinceS + seconds });
  const cells = [dated(0), dated(-1), dated(600), dated(1)] as const;
  for (const cell of cells) await client.publish(cell);
  assert.deepEqual((await client.headers({ since: sinceS }, "s")).ids, idsOf([cells[0], cells[2], cells[3]]));
  const fresh = dated(7);
  await client.publish(dated(-7));
  await client.publish(fresh);
  assert.deepEqual(await hearIds(client, "s", 1), [fresh.id]);
});

// With the place of an event in the store for a cursor, a stranger who puts in a cell from time to time
// would count the mail of the relay's owner.
test("a cursor does not tell how many other events came between two cells", async (t) => {
  const { client } = await start(t);
  const place = async () => {
    await client.publish(createCell());
    return Number.parseInt((await client.headers()).cursor?.slice(16) ?? "", 16);
  };
  const before = await place();
  for (let i = 0; i < 5; i++) await client.publish(wrapText("hello", publicKeyOf(testKey(2)), nowS()));
  assert.equal(await place(), before + 1);
});

test("requests that say nonsense are refused by name, and streams count as subscriptions", async (t) => {
  const relay = await startTestRelay(t, { subscriptionsPerConnection: 2 });
  const client = await TestClient.connect(t, relay.url);
  for (const start of [[], "x", 1, { after: "00" }, { after: 7 }, { since: -1 }, { since: "1" }, { since: 1.5 }]) {
    await assert.rejects(client.headers(start as object), /^Error: invalid:/);
  }
  await client.headers({}, "1");
  await client.query({}, "2");
  await assert.rejects(client.headers({}, "3"), /^Error: error:/);
  await assert.rejects(client.query({}, "3"), /^Error: error:/);
  await client.query({}, "1"); // a request of either kind takes the place of one of the same name
  client.say("CLOSE", "1");
  await client.headers({}, "3");
});

/** Streams of a real store to a connection whose frames leave when the test says so. */
async function startByHand(t: TestContext, cells: readonly NostrEvent[], limits: Partial<RelayLimits>) {
  const folder = newFolder(t);
  fill(folder, cells);
  const options = { maxBytes: RELAY_LIMITS.storeBytes, clock: systemClock, log: recordingLog() };
  const store = await StoreClient.open({ folder: join(folder, "relay"), ...options });
  t.after(() => store.close());
  const [left, frames, said]: [(() => void)[], Uint8Array[], string[]] = [[], [], []];
  const connection = {
    sendAll: ([frame]: Uint8Array[]) => {
      frames.push(frame as Uint8Array);
      return new Promise<void>((resolve) => left.push(resolve));
    },
    send: (text: string) => void said.push(text),
  };
  const source = new HeaderSource({ store, limits: { ...RELAY_LIMITS, ...limits }, clock: systemClock });
  const streams = new HeaderStreams(source, connection as unknown as Connection);
  t.after(() => streams.end());
  return { store, source, streams, left, frames, said };
}

test("for a reader that does not read one page is kept, and no more is asked of the store until it has left", async (t) => {
  const { streams, left, said } = await startByHand(t, createUnsignedCells(5_000), { headersPerFrame: 1_000 });
  streams.open("s", { after: null, since: 0 });
  for (let pages = 1; pages <= 5; pages++) {
    await waitUntil(`page ${pages}`, () => left.length === pages);
    await delay(50);
    assert.equal(left.length, pages);
    left[pages - 1]?.();
  }
  await waitUntil("EOSE", () => said.length > 0);
  assert.deepEqual(said, ['["EOSE","s"]']);
});

test("a cell that is stored while the last page is on its way is told behind it", async (t) => {
  const { store, source, streams, left, frames, said } = await startByHand(t, createUnsignedCells(10), QUICK);
  streams.open("s", { after: null, since: 0 });
  await waitUntil("the page", () => left.length === 1);
  const late = createCell();
  await store.put(JSON.stringify(late));
  source.stored(late);
  await delay(100);
  assert.equal(left.length, 1);
  left[0]?.();
  await waitUntil("the new cell", () => left.length === 2);
  assert.deepEqual(idsIn(decodeHeaderFrame(frames[1] as Uint8Array).headers), [late.id]);
  left[1]?.();
  await waitUntil("EOSE", () => said.length === 1);
});

test("who pauses and reads on has missed nothing", async (t) => {
  const dataDir = newFolder(t);
  const cells = createUnsignedCells(60_000); // 5.8 MB: more than the kernel keeps for a reader
  fill(dataDir, cells);
  const relay = await startTestRelay(t, { ...QUICK, sendBufferBytes: 200_000 }, { dataDir });
  const [slow, sender] = [await TestClient.connect(t, relay.url), await TestClient.connect(t, relay.url)];
  slow.say("HEADERS", "s", {});
  await slow.hear("HEADERS", "s");
  slow.socket.pause();
  const late = Array.from({ length: 20 }, () => createCell());
  for (const cell of late) await sender.publish(cell);
  await delay(300);
  slow.socket.resume();
  const ids = await hearIds(slow, "s", 60_020 - RELAY_LIMITS.headersPerFrame);
  assert.deepEqual(ids, idsOf([...cells.slice(RELAY_LIMITS.headersPerFrame), ...late]));
});

const VERSION_1 = `
  DROP TABLE cell; DROP TABLE header_store;
  DROP INDEX ev_pk; DROP INDEX ev_pk_kind; DROP INDEX ev_kind; DROP INDEX ev_ts;
  CREATE INDEX ev_pk ON ev (pk, ts); CREATE INDEX ev_pk_kind ON ev (pk, kind, ts);
  CREATE INDEX ev_kind ON ev (kind, ts); CREATE INDEX ev_ts ON ev (ts);
  PRAGMA user_version = 1;
`;

test("a store of the version before has its cells taken in, and the indexes of a new one", (t) => {
  const folder = newFolder(t);
  const cells = [createCell(), createCell(), createCell()];
  const store = new EventStore(folder, RELAY_LIMITS.storeBytes);
  store.putAll([...cells, signed()]);
  store.close();
  const older = new DatabaseSync(join(folder, "events.db"));
  older.exec(VERSION_1);
  older.close();
  const migrated = new EventStore(folder, RELAY_LIMITS.storeBytes);
  const page = () => migrated.headers.page({ after: null, since: 0, count: 10 }, nowS());
  assert.deepEqual(idsIn(page().headers), idsOf(cells));
  const indexes = "SELECT sql FROM sqlite_schema WHERE name GLOB 'ev_*' AND sql GLOB '*(*ts DESC, id)'";
  assert.equal(migrated.database.prepare(indexes).all().length, 4);
  migrated.putAll([signed({ kind: 1, tags: [["x", tagValue(cells[0] as NostrEvent, "x") ?? ""]] })]);
  assert.equal(migrated.sweep(nowS() + 700_000), 3);
  assert.deepEqual([idsIn(page().headers), page().more], [[], false]);
  migrated.close();
});

test("the relay says that it has the stream", async (t) => {
  const { url } = await startTestRelay(t);
  const response = await fetch(url.replace("ws:", "http:"), { headers: { accept: "application/nostr+json" } });
  assert.deepEqual(((await response.json()) as { cells: unknown }).cells, { headers: 1 });
});
