/** Reading from two real relays: what comes back, what each of them sees, and what happens when one of them lies or fails. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { collude, openWatchedPool } from "../../test/support/asked-queries.ts";
import { atEnd } from "../../test/support/cleanup.ts";
import { createPool } from "../../test/support/route.ts";
import { type ClientFrame, startScriptedRelay } from "../../test/support/scripted-relay.ts";
import { askUntil } from "../../test/support/wait.ts";
import { toBase64Url, toHex } from "../core/bytes.ts";
import { PIR_LIMITS } from "../core/cell-limits.ts";
import { randomBytes } from "../core/random.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { encodeHeaderFrame, headerOf } from "../nostr/header-stream.ts";
import { digestOf } from "../nostr/retrieval.ts";
import { createFullCell, idsIn, startTestRelay } from "../relay/testing.ts";
import { type PirEpoch, PrivateRetrieval, type RelayPair } from "./private-retrieval.ts";

/** Two operators, as far as a test on one machine can have them. */
const HOSTS = ["127.0.0.1", "127.0.0.2"] as const;
const QUICK = { epochBeatMs: 20 };
const AGO = 5;

async function startPair(t: TestContext, count: number) {
  const relays = await Promise.all(HOSTS.map((host) => startTestRelay(t, QUICK, { host })));
  const pair = relays.map(({ url }) => url) as unknown as RelayPair;
  const cells = Array.from({ length: count }, () => createFullCell(AGO));
  const sender = createPool(t);
  for (const url of pair) await Promise.all(cells.map((cell) => sender.publish(url, cell)));
  const { pool, asked } = openWatchedPool();
  atEnd(t, () => pool.close());
  const failures: [relay: string | null, code: string][] = [];
  const retrieval = new PrivateRetrieval({ pool, onFailure: (...failure) => void failures.push(failure) });
  return { relays, pair, cells, pool, asked, failures, retrieval, sender };
}

/** The only epoch, as soon as both relays have `count` cells in it. */
async function epochOf(retrieval: PrivateRetrieval, pair: RelayPair, count: number): Promise<PirEpoch> {
  const epochs = await askUntil(
    `an epoch of ${count} cells`,
    () => retrieval.epochs(pair),
    ([one]) => one?.count === count,
  );
  return epochs[0] as PirEpoch;
}

test("each of many cells is read, and a dummy; each relay saw one query for each", async (t) => {
  const { pair, cells, retrieval, asked, failures } = await startPair(t, 90);
  const epoch = await epochOf(retrieval, pair, 90);
  failures.length = 0;
  const headers = (await retrieval.headersOf(pair, epoch)) as Uint8Array;
  const contents = new Map(cells.map(({ id, content }) => [id, content]));
  for (const [index, id] of idsIn(headers).entries()) {
    const record = (await retrieval.read(pair, epoch, index)) as Uint8Array;
    assert.equal(Buffer.from(record).toString("base64"), contents.get(id));
  }
  const dummy = (await retrieval.read(pair, epoch, null)) as Uint8Array;
  assert.ok([...contents.values()].includes(Buffer.from(dummy).toString("base64")));
  assert.deepEqual(
    HOSTS.map((host) => asked.get(host)?.length),
    [91, 91],
  );
  assert.deepEqual(failures, []);
});

test("attack: what one relay keeps is uniform, for a cell as for dummies; two that collude find the cell each time", async (t) => {
  const { pair, retrieval, asked } = await startPair(t, 64);
  const epoch = await epochOf(retrieval, pair, 64);
  const [READS, wanted] = [400, 37];
  for (const index of [wanted, null]) {
    asked.clear();
    for (let i = 0; i < READS; i += 4) {
      await Promise.all(Array.from({ length: 4 }, () => retrieval.read(pair, epoch, index)));
    }
    const [a = [], b = []] = HOSTS.map((host) => asked.get(host));
    for (const queries of [a, b]) {
      for (let bit = 0; bit < 64; bit++) {
        const ones = queries.filter((query) => ((query[bit >> 3] as number) >> (bit & 7)) & 1).length;
        const deviations = Math.abs(ones - READS / 2) / Math.sqrt(READS / 4);
        assert.ok(deviations < 5.5, `bit ${bit} is ${deviations} standard deviations off`);
      }
      assert.equal(new Set(queries.map(toHex)).size, READS, "a query came twice");
    }
    const found = a.map((query, i) => collude(query, b[i] as Uint8Array));
    if (index === wanted)
      assert.ok(
        found.every((record) => record === wanted),
        "control",
      );
    else assert.ok(new Set(found).size > 32, "dummies are spread over all records");
  }
});

test("one relay, one host or one domain for both queries is refused", async (t) => {
  const pool = createPool(t);
  const retrieval = new PrivateRetrieval({ pool });
  const epoch = { epoch: 1, part: 0, count: 1, digest: "" };
  for (const pair of [
    ["wss://a.example", "wss://a.example"],
    ["wss://a.example/one", "wss://A.example:8443/two"],
    ["wss://one.a.example", "wss://two.a.example"],
    ["wss://relay.a.co.uk", "wss://a.co.uk."],
    ["ws://10.0.0.1:1", "ws://10.0.0.1:2"],
    ["ws://[::1]:1", "ws://[::1]:2"],
  ] as RelayPair[]) {
    const refused = { code: "same_operator" };
    await assert.rejects(retrieval.epochs(pair), refused, pair.join());
    await assert.rejects(retrieval.headersOf(pair, epoch), refused);
    await assert.rejects(retrieval.read(pair, epoch, 0), refused);
  }
  assert.deepEqual(pool.states(), [], "nobody was asked");
});

test("of an epoch with late cells at one relay the version that both have is read; one that only one has is told, and not read", async (t) => {
  const { pair, cells, retrieval, sender, failures } = await startPair(t, 3);
  const before = await epochOf(retrieval, pair, 3);
  const late = createFullCell(AGO);
  await sender.publish(pair[0], late);
  await sender.publish(pair[0], createFullCell(AGO - 1));
  failures.length = 0;
  const isTold = () => failures.some(([relay, code]) => relay === null && code === "pir_differs");
  await askUntil("a difference", () => retrieval.epochs(pair), isTold);
  const unreadable = { epoch: before.epoch + 1, part: 0, count: 0, digest: "" };
  const isBoth = (epochs: readonly PirEpoch[]) => epochs.length === 2;
  assert.deepEqual(await askUntil("both epochs", () => retrieval.epochs(pair), isBoth), [before, unreadable]);
  assert.deepEqual(
    [await retrieval.headersOf(pair, unreadable), await retrieval.read(pair, unreadable, null)],
    [null, null],
  );
  const ids = idsIn((await retrieval.headersOf(pair, before)) as Uint8Array);
  const record = await retrieval.read(pair, before, 1);
  const { content } = cells.find(({ id }) => id === ids[1]) as NostrEvent;
  assert.equal(Buffer.from(record as Uint8Array).toString("base64"), content);
  await sender.publish(pair[1], late);
  const after = await epochOf(retrieval, pair, 4);
  assert.notEqual(after.digest, before.digest);
  assert.deepEqual(await retrieval.epochs(pair, after.epoch + 2), []);
});

/** Late cells at one relay alone, right before each beat, and others at the other: no version is ever at both. */
async function startDiffering(t: TestContext, shared: number, more: number) {
  const limits = { ...QUICK, epochReplacedMs: 1 };
  const relays = await Promise.all(HOSTS.map((host) => startTestRelay(t, limits, { host })));
  const pair = relays.map(({ url }) => url) as unknown as RelayPair;
  const cells = Array.from({ length: shared }, () => createFullCell(AGO));
  const sender = createPool(t);
  for (const url of pair) {
    const own = Array.from({ length: more }, () => createFullCell(AGO));
    await Promise.all([...cells, ...own].map((cell) => sender.publish(url, cell)));
  }
  const { pool, asked } = openWatchedPool();
  atEnd(t, () => pool.close());
  const failures: (string | null)[] = [];
  const retrieval = new PrivateRetrieval({ pool, onFailure: (_, code) => void failures.push(code) });
  const epoch = await epochOf(retrieval, pair, shared + more);
  failures.length = 0;
  return { pair, cells, retrieval, epoch, asked, failures };
}

test("attack: a stranger keeps two relays from ever agreeing; what both have is read all the same", async (t) => {
  const { pair, cells, retrieval, epoch, asked, failures } = await startDiffering(t, 20, 3);
  assert.notEqual(epoch.differing?.[0].digest, epoch.differing?.[1].digest, "control: they do not agree");
  const headers = (await retrieval.headersOf(pair, epoch)) as Uint8Array;
  assert.deepEqual(idsIn(headers), cells.map(({ id }) => id).sort());
  const contents = new Map(cells.map(({ id, content }) => [id, content]));
  for (const [index, id] of idsIn(headers).entries()) {
    const record = (await retrieval.read(pair, epoch, index)) as Uint8Array;
    assert.equal(Buffer.from(record).toString("base64"), contents.get(id));
  }
  const dummy = (await retrieval.read(pair, { ...epoch }, null)) as Uint8Array;
  assert.ok([...contents.values()].includes(Buffer.from(dummy).toString("base64")));
  assert.deepEqual([HOSTS.map((host) => asked.get(host)?.length), failures], [[21, 21], []]);
});

test("two relays that have too little in common are not read: one might hide all but a few cells", async (t) => {
  const { pair, retrieval, epoch, asked, failures } = await startDiffering(t, 5, 6);
  assert.equal(await retrieval.headersOf(pair, epoch), null);
  assert.equal(await retrieval.read(pair, epoch, 0), null);
  assert.deepEqual([[...asked.values()].flat(), failures], [[], ["pir_differs", "pir_differs"]]);
});

/** A real relay and one that says what a test wants, for the same epoch of nine cells. */
async function startWithLiar(
  t: TestContext,
  answer: (frame: ClientFrame, honest: Honest) => readonly unknown[] | null,
) {
  const cells = Array.from({ length: 9 }, () => createFullCell(AGO)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const headers = Buffer.concat(cells.map((cell) => headerOf(cell) ?? new Uint8Array(0)));
  const honest: Honest = { epoch: (cells[0] as NostrEvent).created_at / 60, digest: digestOf(headers), headers };
  const relay = await startTestRelay(t, QUICK, { host: HOSTS[1] });
  const sender = createPool(t);
  for (const cell of cells) await sender.publish(relay.url, cell);
  const liar = await startScriptedRelay(t, {
    onMessage: (frame, client) => {
      const words = answer(frame, honest);
      if (words?.[0] instanceof Uint8Array) client.socket.send(words[0]);
      if (words?.[0] instanceof Uint8Array) client.say("EOSE", frame[1]);
      else if (words) client.say(...words);
      else if (frame[0] === "PIR-EPOCHS") client.say("PIR-EPOCHS", frame[1], [[honest.epoch, 9, honest.digest]]);
    },
  });
  const failures: [relay: string | null, code: string][] = [];
  const pool = createPool(t, { limits: { retrievalMs: 1_500 } });
  const retrieval = new PrivateRetrieval({ pool, onFailure: (...failure) => void failures.push(failure) });
  const pair: RelayPair = [liar.url, relay.url];
  return { retrieval, pair, failures, liar, honest };
}

interface Honest {
  readonly epoch: number;
  readonly digest: string;
  readonly headers: Uint8Array;
}

test("an answer that is missing, refused, malformed or of another size fails by the relay's name, and no other reads on", async (t) => {
  const answers: Record<string, (id: string) => unknown[] | null> = {
    relay_silent: () => null,
    pir_busy: (id) => ["CLOSED", id, "pir_busy: later"],
    pir_epoch: (id) => ["CLOSED", id, "pir_epoch: not any more"],
    relay_refused: (id) => ["CLOSED", id, "error: <script>"],
    pir_answer: (id) => ["PIR", id, toBase64Url(randomBytes(PIR_LIMITS.recordBytes - 3))],
  };
  for (const [code, answer] of Object.entries(answers)) {
    const { retrieval, pair, failures } = await startWithLiar(t, ([type, id]) => (type === "PIR" ? answer(id) : null));
    const epoch = await epochOf(retrieval, pair, 9);
    failures.length = 0;
    assert.equal(await retrieval.read(pair, epoch, 4), null, code);
    assert.deepEqual(failures, [[pair[0], code]]);
  }
});

test("a wrong answer gives a wrong record and nothing else; one under another name is not taken", async (t) => {
  const { retrieval, pair, failures } = await startWithLiar(t, ([type, id]) =>
    type === "PIR" ? ["PIR", id, toBase64Url(randomBytes(PIR_LIMITS.recordBytes))] : null,
  );
  const epoch = await epochOf(retrieval, pair, 9);
  assert.equal((await retrieval.read(pair, epoch, 4))?.length, PIR_LIMITS.recordBytes);
  const other = await startWithLiar(t, ([type]) =>
    type === "PIR" ? ["PIR", "p999", toBase64Url(randomBytes(PIR_LIMITS.recordBytes))] : null,
  );
  assert.equal(await other.retrieval.read(other.pair, epoch, 4), null);
  assert.deepEqual(
    failures.filter(([, code]) => code !== "pir_differs"),
    [],
  );
});

test("headers that do not have the digest, are too many or too few, are not taken", async (t) => {
  const lies: ((headers: Uint8Array) => Uint8Array)[] = [
    (headers) => headers.with(40, (headers[40] as number) ^ 1),
    (headers) => Buffer.concat([headers.subarray(96), headers.subarray(0, 96)]),
    (headers) => headers.subarray(96),
    (headers) => Buffer.concat([headers, new Uint8Array(96)]),
  ];
  for (const lie of lies) {
    const { retrieval, pair, failures } = await startWithLiar(t, ([type, id], { headers }) =>
      type === "PIR-HEADERS" ? [encodeHeaderFrame({ id, cursor: "00".repeat(16), headers: lie(headers) })] : null,
    );
    const epoch = await epochOf(retrieval, pair, 9);
    failures.length = 0;
    // Either relay is asked, as chance will have it.
    const told: (Uint8Array | null)[] = [];
    while (told.length < 30) told.push(await retrieval.headersOf(pair, epoch));
    assert.ok(told.every((headers) => headers === null || digestOf(headers) === epoch.digest));
    assert.ok(told.includes(null) && failures.every((failure) => failure.join() === [pair[0], "pir_answer"].join()));
  }
});

test("lists of epochs that make no sense are as good as silence, and the connection goes on", async (t) => {
  const lists: unknown[] = [7, [[1]], [[1, 0]], [[1, 9, "AAAA"]], [[-1, 9, toBase64Url(randomBytes(32))]], [["1", 9]]];
  const tellNonsense = async (list: unknown) => {
    const { retrieval, pair, failures, liar } = await startWithLiar(t, ([type, id]) =>
      type === "PIR-EPOCHS" ? ["PIR-EPOCHS", id, list] : null,
    );
    assert.deepEqual(await retrieval.epochs(pair), [], JSON.stringify(list));
    assert.deepEqual(failures, [[pair[0], "relay_silent"]]);
    assert.equal(liar.connections(), 1);
  };
  await Promise.all(lists.map(tellNonsense));
});

test("a relay that goes away fails what it was asked, and is asked again after it came back", async (t) => {
  const { retrieval, pair, relays, failures, cells } = await startPair(t, 20);
  const epoch = await epochOf(retrieval, pair, 20);
  await relays[1]?.close();
  failures.length = 0;
  assert.equal(await retrieval.read(pair, epoch, 3), null);
  assert.deepEqual(failures, [[pair[1], "relay_unreachable"]]);
  const port = Number(new URL(pair[1]).port);
  await startTestRelay(t, QUICK, { host: HOSTS[1], port });
  const sender = createPool(t);
  for (const cell of cells) await sender.publish(pair[1], cell);
  const again = await epochOf(retrieval, pair, 20);
  assert.equal(again.digest, epoch.digest);
  assert.equal((await retrieval.read(pair, again, 3))?.length, PIR_LIMITS.recordBytes);
});
