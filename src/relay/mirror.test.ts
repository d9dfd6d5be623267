/** Two relays that mirror each other hold the same; and what a mirrored relay can do that lies, fails or is gone. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createPool } from "../../test/support/route.ts";
import { askUntil, waitUntil } from "../../test/support/wait.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { RELAY_LIMITS } from "../core/limits.ts";
import { cellSource } from "../node/cell-source.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { headerOf } from "../nostr/header-stream.ts";
import { type PirEpoch, PrivateRetrieval, type RelayPair } from "../route/private-retrieval.ts";
import type { CellSource } from "./mirror.ts";
import type { RelayLimits } from "./relay-info.ts";
import {
  createCell,
  createFullCell,
  idsIn,
  idsOf,
  newFolder,
  nowS,
  recordingLog,
  signed,
  startTestRelay,
  TestClient,
} from "./testing.ts";

const QUICK = { epochBeatMs: 20, headerBatchMs: 20, mirrorRetryMs: 10, mirrorRetryMaxMs: 100 };
const HOSTS = ["127.0.0.1", "127.0.0.2"] as const;
const AGO = 5;

/** A source that notes for which ids it is asked. */
function watched(t: TestContext, url: string): { source: CellSource; asked: string[] } {
  const source = cellSource(createPool(t), url);
  const asked: string[] = [];
  const cells = (ids: readonly string[]) => {
    asked.push(...ids);
    return source.cells(ids);
  };
  return { source: { ...source, cells }, asked };
}

/** Two relays, each of which mirrors the other. */
async function startPair(t: TestContext, limits: Partial<RelayLimits> = {}) {
  const free = await startTestRelay(t, {}, { host: HOSTS[1] });
  await free.close();
  const toSecond = watched(t, free.url);
  const all = { ...QUICK, ...limits };
  const first = await startTestRelay(t, all, { host: HOSTS[0], mirror: { url: free.url, source: toSecond.source } });
  const toFirst = watched(t, first.url);
  const mirror = { url: first.url, source: toFirst.source };
  const secondOptions = { host: HOSTS[1], port: free.port, mirror, dataDir: newFolder(t) };
  const second = await startTestRelay(t, all, secondOptions);
  const pair: RelayPair = [first.url, second.url];
  const restartSecond = () => startTestRelay(t, all, secondOptions);
  return { first, second, pair, asked: [toSecond.asked, toFirst.asked] as const, restartSecond };
}

async function idsAt(t: TestContext, url: string): Promise<Set<string>> {
  const client = await TestClient.connect(t, url);
  return new Set((await client.headers()).ids);
}

const someCells = (count: number, ago = AGO) => Array.from({ length: count }, () => createFullCell(ago));

test("cells of both are at both, each fetched once; a client reads each of them privately from the two", async (t) => {
  const { pair, asked } = await startPair(t);
  const cells = [someCells(30), someCells(20)] as const;
  const sender = createPool(t);
  for (const [i, url] of pair.entries()) await Promise.all(cells[i as 0 | 1].map((cell) => sender.publish(url, cell)));
  const retrieval = new PrivateRetrieval({ pool: createPool(t) });
  const [epoch] = await askUntil(
    "one epoch at both",
    () => retrieval.epochs(pair),
    ([one]) => one?.count === 50,
  );
  assert.ok(epoch);
  const headers = (await retrieval.headersOf(pair, epoch)) as Uint8Array;
  const contents = new Map(cells.flat().map(({ id, content }) => [id, content]));
  for (const [index, id] of idsIn(headers).entries()) {
    const record = (await retrieval.read(pair, epoch, index)) as Uint8Array;
    assert.equal(Buffer.from(record).toString("base64"), contents.get(id));
  }
  assert.deepEqual(asked[0].toSorted(), idsOf(cells[1]).toSorted(), "nothing comes back");
  assert.deepEqual(asked[1].toSorted(), idsOf(cells[0]).toSorted());
});

test("what one missed while it was down comes when it is back, if an epoch is served that it is in", async (t) => {
  const { pair, second, asked, restartSecond } = await startPair(t);
  const sender = createPool(t);
  const [known, missed, old] = [createFullCell(AGO), createFullCell(AGO), createFullCell(PIR_LIMITS.epochs + 5)];
  await sender.publish(pair[0], known);
  await askUntil(
    "the first cell",
    () => idsAt(t, pair[1]),
    (ids) => ids.has(known.id),
  );
  await second.close();
  for (const cell of [old, missed]) await sender.publish(pair[0], cell);
  await restartSecond();
  const ids = await askUntil(
    "the second cell",
    () => idsAt(t, pair[1]),
    (found) => found.has(missed.id),
  );
  assert.deepEqual([...ids].toSorted(), [known.id, missed.id].toSorted());
  assert.deepEqual(asked[1], [known.id, missed.id]);
});

test("a backlog that is larger than the queue comes in steps", async (t) => {
  const url = (await startTestRelay(t, QUICK, {})).url;
  const cells = someCells(150);
  const sender = createPool(t);
  await Promise.all(cells.map((cell) => sender.publish(url, cell)));
  const behind = watched(t, url);
  const opened: (string | null)[] = [];
  const stepwise: CellSource = {
    cells: behind.source.cells,
    headers: (start, handlers) => {
      opened.push(start.after);
      return behind.source.headers(start, handlers);
    },
  };
  const limits = { ...QUICK, mirrorQueue: 40, mirrorFetch: 20 };
  const mirror = await startTestRelay(t, limits, { mirror: { url, source: stepwise } });
  await askUntil(
    "all cells",
    () => idsAt(t, mirror.url),
    ({ size }) => size === 150,
  );
  assert.equal(behind.asked.length, 150);
  assert.ok(opened.length > 1 && opened.slice(1).every((after) => after !== null), `opened ${opened.length} times`);
  const live = createFullCell(AGO);
  await sender.publish(url, live);
  await askUntil(
    "a live cell",
    () => idsAt(t, mirror.url),
    (ids) => ids.has(live.id),
  );
});

/** A source that tells these headers and answers as it likes. */
function fakeSource(told: readonly NostrEvent[], cells: CellSource["cells"]): CellSource {
  return {
    headers: (_, { onHeaders }) => {
      const headers = told.map((cell) => headerOf(cell) ?? new Uint8Array(0));
      setTimeout(() => onHeaders(Buffer.concat(headers), "00".repeat(16)));
      return { close: () => undefined };
    },
    cells,
  };
}

async function startMirroring(t: TestContext, source: CellSource, lines: string[] = []) {
  return startTestRelay(t, QUICK, { mirror: { url: "wss://user:secret@a.example", source }, log: recordingLog(lines) });
}

test("attack: a mirrored relay hands out what is forged, not asked for, of another kind or date, or nothing", async (t) => {
  const [good, unasked, absent] = someCells(3) as [NostrEvent, NostrEvent, NostrEvent];
  const forged = { ...createFullCell(AGO), sig: "00".repeat(64) };
  const altered = { ...createFullCell(AGO), content: good.content };
  const aheadS = nowS() + Math.floor(RELAY_LIMITS.futureMs / 1000) + 600;
  const future = createCell({ created_at: aheadS - (aheadS % 60), content: good.content });
  const note = { ...signed({ content: "no cell" }) };
  const posing = { ...createCell(), id: note.id };
  const told = [posing, forged, altered, future, absent, good];
  const asked: (readonly string[])[] = [];
  const source = fakeSource(told, (ids) => {
    asked.push(ids);
    return Promise.resolve([note, forged, altered, future, unasked, good].filter(() => ids.length > 1));
  });
  const relay = await startMirroring(t, source);
  await askUntil(
    "the good cell",
    () => idsAt(t, relay.url),
    (ids) => ids.has(good.id),
  );
  await waitUntil("the second question", () => asked.length === 2);
  const client = await TestClient.connect(t, relay.url);
  assert.deepEqual(idsOf(await client.query({})), [good.id]);
  assert.equal(asked[0]?.length, told.length);
  assert.deepEqual(asked[1]?.toSorted(), [absent.id, note.id].toSorted(), "once more, and not a third time");
});

test("a relay that cannot be asked is asked again, ever more slowly, and all is there in the end", async (t) => {
  const [cell] = someCells(1) as [NostrEvent];
  const askedAtMs: number[] = [];
  const lines: string[] = [];
  const source = fakeSource([cell], () => {
    askedAtMs.push(performance.now());
    return askedAtMs.length < 5 ? Promise.reject(new Error("gone")) : Promise.resolve([cell]);
  });
  const relay = await startMirroring(t, source, lines);
  await askUntil(
    "the cell",
    () => idsAt(t, relay.url),
    (ids) => ids.has(cell.id),
  );
  assert.ok((askedAtMs[4] ?? 0) - (askedAtMs[0] ?? 0) >= 10 + 20 + 40 + 80);
  assert.equal(lines.filter((line) => line.startsWith("cells of the mirrored relay")).length, 4);
  assert.ok(!lines.join().includes("a.example"), "the log names nobody");
});

test("the log says that a mirrored relay does not tell headers, or is gone", async (t) => {
  const lines: string[] = [];
  const cells = () => Promise.resolve([]);
  const headers: CellSource["headers"] = (_, { onFailure }) => {
    setTimeout(() => onFailure({ code: "no_headers" }));
    return { close: () => undefined };
  };
  await startMirroring(t, { headers, cells }, lines);
  await waitUntil("the log", () => lines.some((line) => line.includes("no_headers")));
  assert.ok(!lines.join().includes("a.example"));
});

test("closing does not wait for a mirrored relay that is gone", async (t) => {
  const source = fakeSource(someCells(1), () => Promise.reject(new Error("gone")));
  const relay = await startTestRelay(
    t,
    { mirrorRetryMs: 60_000, mirrorRetryMaxMs: 60_000 },
    { mirror: { url: "ws://a", source } },
  );
  const startMs = performance.now();
  await relay.close();
  assert.ok(performance.now() - startMs < 5_000);
});

test("NIP-11 names the mirrored relay, without its password", async (t) => {
  const relay = await startMirroring(
    t,
    fakeSource([], () => Promise.resolve([])),
  );
  const answer = await fetch(relay.url.replace("ws:", "http:"), { headers: { accept: "application/nostr+json" } });
  const { cells } = (await answer.json()) as { cells: { pir: { mirrors: string[] } } };
  assert.deepEqual(cells.pir.mirrors, ["wss://a.example/"]);
});

test("control: without a mirror the two relays have nothing in common", async (t) => {
  const relays = await Promise.all(HOSTS.map((host) => startTestRelay(t, QUICK, { host })));
  const sender = createPool(t);
  for (const { url } of relays) await Promise.all(someCells(5).map((cell) => sender.publish(url, cell)));
  const pair = relays.map(({ url }) => url) as unknown as RelayPair;
  const retrieval = new PrivateRetrieval({ pool: createPool(t) });
  const epochs = await askUntil(
    "both epochs",
    () => retrieval.epochs(pair),
    ([one]) => one?.count === 5,
  );
  assert.equal(await retrieval.headersOf(pair, epochs[0] as PirEpoch), null);
});
