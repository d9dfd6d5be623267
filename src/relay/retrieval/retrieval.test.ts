/** Private retrieval over real sockets from a real store: epochs, late cells, what is refused, what is kept. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { askUntil, waitUntil } from "../../../test/support/wait.ts";
import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import { PIR_LIMITS } from "../../core/cell-limits.ts";
import { RELAY_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import { combine, databaseBytes, makeQueries } from "../../crypto/pir.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { headerOf } from "../../nostr/header-stream.ts";
import { digestOf } from "../../nostr/retrieval.ts";
import type { RelayLimits } from "../relay-info.ts";
import type { RelayOptions } from "../relay-server.ts";
import {
  createCell,
  createFullCell,
  idsIn,
  idsOf,
  newFolder,
  signed,
  startTestRelay,
  TestClient,
  TestClock,
  testKey,
} from "../testing.ts";

const QUICK = { epochBeatMs: 20 };
/** Far enough behind, so that a minute that ends during a test changes nothing. */
const AGO = 5;

type Row = [epoch: number, count: number, ...digests: string[]];

async function start(t: TestContext, limits: Partial<RelayLimits> = {}, change: Partial<RelayOptions> = {}) {
  const relay = await startTestRelay(t, { ...QUICK, ...limits }, change);
  return { relay, client: await TestClient.connect(t, relay.url) };
}

async function publishAll(client: TestClient, cells: readonly NostrEvent[]): Promise<void> {
  for (const cell of cells) assert.deepEqual(await client.publish(cell), [true, ""]);
}

async function rows(client: TestClient, from = 0): Promise<Row[]> {
  client.say("PIR-EPOCHS", "e", from);
  return (await client.hear("PIR-EPOCHS", "e"))[0] as Row[];
}

/** The list, as soon as it is as wanted. */
function rowsWhen(client: TestClient, what: string, isWanted: (found: Row[]) => boolean): Promise<Row[]> {
  return askUntil(what, () => rows(client), isWanted);
}

const byId = (cells: readonly NostrEvent[]) => cells.toSorted((a, b) => (a.id < b.id ? -1 : 1));
const epochOf = ({ created_at }: NostrEvent) => created_at / 60;
const headersOf = (cells: readonly NostrEvent[]) =>
  Buffer.concat(byId(cells).map((cell) => headerOf(cell) ?? new Uint8Array(0)));

async function ask(client: TestClient, [epoch, , digest]: Row, query: Uint8Array, id = "q"): Promise<Uint8Array> {
  client.say("PIR", id, epoch, 0, digest, toBase64Url(query));
  return fromBase64Url((await client.hear("PIR", id))[0] as string);
}

/** Reads one record with both queries at the same relay: what no client does. */
async function read(client: TestClient, row: Row, index: number): Promise<Uint8Array> {
  const [a, b] = makeQueries(row[1], index);
  return combine(await ask(client, row, a), await ask(client, row, b));
}

async function refusal(client: TestClient, ...message: unknown[]): Promise<string> {
  client.say(...message);
  return (await client.hear("CLOSED", message[1]))[0] as string;
}

test("an epoch's cells by id: their number, digest, headers, and each body", async (t) => {
  const { client } = await start(t);
  const cells = Array.from({ length: 41 }, () => createFullCell(AGO));
  await publishAll(client, cells);
  const [row] = (await rowsWhen(client, "the epoch", (found) => found[0]?.[1] === 41)) as [Row];
  assert.deepEqual(row, [epochOf(cells[0] as NostrEvent), 41, digestOf(headersOf(cells))]);

  client.say("PIR-HEADERS", "h", row[0], 0, row[2]);
  const [, headers] = (await client.hear("HEADERS", "h")) as [string, Uint8Array];
  assert.deepEqual(Buffer.from(headers), headersOf(cells));
  assert.deepEqual(await client.hear("EOSE", "h"), []);

  for (const [index, { content }] of byId(cells).entries()) {
    const record = await read(client, row, index);
    assert.equal(Buffer.from(record).toString("base64"), content);
  }
});

test("only whole cells of whole minutes that live as long as their epoch are in it, and nobody deletes them", async (t) => {
  const { client } = await start(t);
  const [kept, own] = [createFullCell(AGO), { ...createFullCell(AGO) }];
  const { created_at, content, tags } = own;
  const expiring = (atS: number) => [tags[0] as string[], ["expiration", String(atS)]];
  const endS = created_at + 60 + PIR_LIMITS.epochs * 60;
  const deletable = createCell({ created_at, content }, testKey(5));
  const [lasting, unending] = [
    createCell({ created_at, content, tags: expiring(endS) }),
    createCell({ created_at, content, tags: tags.slice(0, 1) }),
  ];
  const others = [
    createCell({ created_at, content: "" }),
    createCell({ created_at, content: content.slice(4) }),
    createCell({ created_at, content: `${content}AAAA` }),
    createCell({ created_at, content: content.replaceAll("+", "-").replaceAll("/", "_") }),
    createCell({ created_at: created_at + 1, content }),
    createCell({ created_at, content, tags: expiring(endS - 1) }),
    createCell({ created_at, content, tags: tags.slice(1) }),
    createCell({ created_at, content, tags: [["x", "AB".repeat(32)]] }),
    createCell({ created_at, content, kind: 4521 }),
  ];
  const inside = [kept, deletable, lasting, unending];
  await publishAll(client, [...others, ...inside, signed({ kind: 5, tags: [["e", deletable.id]] }, testKey(5))]);
  const [row] = await rowsWhen(client, "the epoch", (found) => found[0]?.[1] === inside.length);
  client.say("PIR-HEADERS", "h", row?.[0], 0, row?.[2]);
  const [, headers] = (await client.hear("HEADERS", "h")) as [string, Uint8Array];
  assert.deepEqual(idsIn(headers), idsOf(byId(inside)));
});

test("an epoch is served once it is over for a beat, and gone when it is too old", async (t) => {
  const clock = new TestClock();
  const minuteMs = clock.nowMs() - (clock.nowMs() % 60_000);
  const cell = createCell({ ...createFullCell(), created_at: minuteMs / 1000 });
  // At each start all is looked at, the newest first, so no test has to wait for beats.
  const reader = async (atMs: number, older: NostrEvent[]) => {
    const dataDir = newFolder(t);
    clock.move(minuteMs - clock.nowMs());
    const { relay, client } = await start(t, { epochBeatMs: 15_000 }, { clock, dataDir });
    await publishAll(client, [cell, ...older]);
    await relay.close();
    clock.move(atMs);
    return (await start(t, { epochBeatMs: 15_000 }, { clock, dataDir })).client;
  };
  const [epoch, marker] = [epochOf(cell), createFullCell(AGO)];
  const early = await rowsWhen(await reader(74_999, [marker]), "an older epoch", ({ length }) => length > 0);
  assert.deepEqual(
    early.map(([number]) => number),
    [epochOf(marker)],
  );
  const lastMs = 60_000 * (PIR_LIMITS.epochs + 1) - 1;
  for (const atMs of [75_000, lastMs]) {
    const found = await rowsWhen(await reader(atMs, []), `the epoch after ${atMs} ms`, ({ length }) => length > 0);
    assert.equal(found[0]?.[0], epoch);
  }
  const late = await reader(lastMs + 1, []);
  await delay(300);
  assert.deepEqual(await rows(late), []);
});

test("a late cell makes a new version; the one before is answered for a while longer", async (t) => {
  const { client } = await start(t, { epochReplacedMs: 1_500 });
  const [early, late] = [createFullCell(AGO), createFullCell(AGO)];
  await publishAll(client, [early]);
  const [old] = (await rowsWhen(client, "the epoch", (found) => found.length === 1)) as [Row];
  await publishAll(client, [late]);
  const both = await rowsWhen(client, "the second version", (found) => found.length === 2);
  assert.deepEqual(both, [[old[0], 2, digestOf(headersOf([early, late]))], old]);
  assert.equal(Buffer.from(await read(client, old, 0)).toString("base64"), early.content);
  const index = byId([early, late]).indexOf(late);
  assert.equal(Buffer.from(await read(client, both[0] as Row, index)).toString("base64"), late.content);
  await rowsWhen(client, "the end of the first version", (found) => found.length === 1);
  assert.match(await refusal(client, "PIR", "q", old[0], 0, old[2], "AQ"), /^pir_epoch:/);
});

test("late cells trickled in by a stranger: one version a beat, and the others go on", async (t) => {
  const { client } = await start(t, { epochBeatMs: 200, epochReplacedMs: 60_000 });
  for (let i = 0; i < 40; i++) await publishAll(client, [createFullCell(AGO)]);
  const found = await rowsWhen(client, "all 40", ([row]) => row?.[1] === 40);
  assert.ok(found.length <= 12, `${found.length} versions for 40 late cells`);
});

test("what does not fit is refused by name, and the connection goes on", async (t) => {
  const { client } = await start(t);
  await publishAll(
    client,
    Array.from({ length: 9 }, () => createFullCell(AGO)),
  );
  const [row] = (await rowsWhen(client, "the epoch", (found) => found[0]?.[1] === 9)) as [Row];
  const [epoch, , digest] = row;
  const other = toBase64Url(randomBytes(32));
  for (const [code, ...rest] of [
    ["pir_query", epoch, 0, digest, "AA"],
    ["pir_query", epoch, 0, digest, "AAAA"],
    ["pir_query", epoch, 0, digest, "AAI"],
    ["pir_epoch", epoch, 0, other, "AAA"],
    ["pir_epoch", epoch + 1, 0, digest, "AAA"],
    ["pir_epoch", epoch, 1, digest, "AAA"],
    ["invalid", epoch, 0, digest],
    ["invalid", epoch, 0, digest, 7],
    ["invalid", epoch, 0, digest, "A".repeat(22_000)],
    ["invalid", epoch, 0, digest, "AA="],
    ["invalid", epoch, 0, "AAA", "AAA"],
    ["invalid", -1, 0, digest, "AAA"],
    ["invalid", epoch, 0.5, digest, "AAA"],
    ["invalid", String(epoch), 0, digest, "AAA"],
  ]) {
    assert.match(
      await refusal(client, "PIR", "q", ...rest),
      new RegExp(`^${code}:`),
      JSON.stringify(rest).slice(0, 100),
    );
  }
  assert.match(await refusal(client, "PIR-HEADERS", "h", epoch, 0, other), /^pir_epoch:/);
  assert.match(await refusal(client, "PIR-EPOCHS", "e", "all"), /^invalid:/);
  assert.equal((await read(client, row, 8)).length, PIR_LIMITS.recordBytes);
});

test("more questions at once than a connection may have, or queries than may wait, are refused as busy", async (t) => {
  const { client, relay } = await start(t, { questionsPerConnection: 3, waitingQueries: 4 });
  await publishAll(client, [createFullCell(AGO)]);
  const [[epoch, , digest]] = (await rowsWhen(client, "the epoch", (found) => found.length === 1)) as [Row];
  const flood = (one: TestClient, count: number) => {
    for (let i = 0; i < count; i++) one.say("PIR", `q${i}`, epoch, 0, digest, "AQ");
  };
  flood(client, 5);
  for (const i of [3, 4]) assert.match((await client.hear("CLOSED", `q${i}`))[0] as string, /^pir_busy:/);
  for (const i of [0, 1, 2]) assert.equal((await client.hear("PIR", `q${i}`)).length, 1);

  const clients = await Promise.all(Array.from({ length: 8 }, () => TestClient.connect(t, relay.url)));
  for (const one of clients) flood(one, 3);
  const outcomes: string[] = [];
  for (const one of clients) {
    await waitUntil("three outcomes", () => {
      outcomes.push(...one.unread().map(([type, , reason]) => (type === "PIR" ? "answered" : String(reason))));
      return outcomes.length % 3 === 0 && outcomes.length > 0;
    });
  }
  assert.equal(outcomes.length, 24);
  assert.ok(outcomes.every((outcome) => outcome === "answered" || outcome.startsWith("pir_busy:")));
  assert.ok(outcomes.includes("answered"));
  assert.equal((await ask(client, [epoch, 1, digest as string], Uint8Array.of(1))).length, PIR_LIMITS.recordBytes);
});

test("with memory for one database, each of several epochs is answered", async (t) => {
  const { client } = await start(t, { databaseBytes: databaseBytes(1) });
  const cells = [createFullCell(AGO), createFullCell(AGO + 1), createFullCell(AGO + 2)];
  await publishAll(client, cells);
  const found = await rowsWhen(client, "three epochs", ({ length }) => length === 3);
  for (let round = 0; round < 3; round++) {
    for (const row of found) {
      const { content } = cells.find((cell) => epochOf(cell) === row[0]) as NostrEvent;
      assert.equal(Buffer.from(await ask(client, row, Uint8Array.of(1))).toString("base64"), content);
    }
  }
  assert.deepEqual(await rows(client, (found[1] as Row)[0]), found.slice(1), "from an epoch on");
});

test("of more headers than may be in memory the newest epochs are served", async (t) => {
  const { client } = await start(t, { epochHeaderBytes: 96 * 5 });
  for (const ago of [AGO + 3, AGO + 2, AGO + 1, AGO]) {
    await publishAll(client, [createFullCell(ago), createFullCell(ago)]);
  }
  const oldest = epochOf(createFullCell(AGO + 1));
  const found = await rowsWhen(client, "two epochs", ([first]) => (first?.[0] ?? 0) >= oldest);
  assert.deepEqual(
    found.map(([, count]) => count),
    [2, 2],
  );
});

test("the attack: late cells trickled into one epoch do not push older ones out of memory", async (t) => {
  // Both epochs fit, with one version of each.
  const { client } = await start(t, { epochHeaderBytes: 96 * 9 });
  const [old, attacked] = [AGO + 1, AGO].map((ago) => createFullCell(ago)) as [NostrEvent, NostrEvent];
  await publishAll(client, [old, createFullCell(AGO + 1), attacked]);
  for (let count = 2; count <= 6; count++) {
    await publishAll(client, [createFullCell(AGO)]);
    await rowsWhen(client, "a new version", (found) => found.some((row) => row[1] === count));
  }
  const served = (await rows(client)).map(([epoch, count]) => [epoch, count]);
  assert.deepEqual(served[0], [epochOf(old), 2]);
  assert.deepEqual(served[1], [epochOf(attacked), 6]);
});

test("after a restart the same epochs are served, under the same digests", async (t) => {
  const dataDir = newFolder(t);
  const { relay, client } = await start(t, {}, { dataDir });
  const cells = Array.from({ length: 1_100 }, () => createFullCell(AGO));
  await publishAll(client, cells);
  const before = await rowsWhen(client, "the epoch", (found) => found[0]?.[1] === cells.length);
  await relay.close();
  const { client: again } = await start(t, {}, { dataDir });
  const [row] = (await rowsWhen(again, "the epoch", (found) => found[0]?.[1] === cells.length)) as [Row];
  assert.deepEqual([row[2]], [before[0]?.[2]]);
  const { content } = byId(cells)[1_099] as NostrEvent;
  assert.equal(Buffer.from(await read(again, row, 1_099)).toString("base64"), content);
  again.say("PIR-HEADERS", "h", row[0], 0, row[2]);
  const frames = [await again.hear("HEADERS", "h"), await again.hear("HEADERS", "h")];
  assert.deepEqual(
    frames.flatMap(([, headers]) => idsIn(headers as Uint8Array)),
    idsOf(byId(cells)),
  );
  assert.deepEqual(
    frames.map(([, headers]) => (headers as Uint8Array).length / 96),
    [RELAY_LIMITS.headersPerFrame, 1_100 - RELAY_LIMITS.headersPerFrame],
  );
});

test("NIP-11 tells it", async (t) => {
  const { relay } = await start(t);
  const answer = await fetch(relay.url.replace("ws:", "http:"), { headers: { accept: "application/nostr+json" } });
  const { cells } = (await answer.json()) as { cells: Record<string, unknown> };
  assert.deepEqual(cells["pir"], {
    version: 1,
    kind: 4522,
    epoch_seconds: 60,
    epochs: 360,
    record_bytes: 2_109,
    max_records: 131_072,
    max_questions: 4,
    mirrors: [],
  });
});
