/** Ways over real relays: what is fetched, what a crash leaves, and what becomes of relays that know less. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { createPool } from "../../../test/support/route.ts";
import { startScriptedRelay } from "../../../test/support/scripted-relay.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { systemClock, systemTimers } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { createFullCell, startTestRelay } from "../../relay/testing.ts";
import type { Account } from "../../vault/account.ts";
import { openVault } from "../../vault/vault.ts";
import { type Cell, readCell } from "../cell/cell.ts";
import type { CellHeader } from "../cell/cell-header.ts";
import { FetchStore } from "./fetch-store.ts";
import { Fetching, type ReadingOptions } from "./fetching.ts";
import type { FetchHandlers } from "./way.ts";

const log = createLogger("silent");
/** So little that headers come first wherever they are cheaper. */
const TINY: ReadingOptions = {
  budgetBytesPerHour: () => 1,
  isFree: () => false,
  limits: { batchMs: 100, freshBodies: 2, olderBodies: 1, decideMs: 50, windowMs: 1_000 },
};

async function newVault(t: TestContext): Promise<Account> {
  const vault = await openVault({ dataDir: temporaryFolder(t), clock: systemClock, log });
  atEnd(t, () => vault.close());
  return vault;
}

/** A reader to whom the cells in `mine` are mail. */
function reader(t: TestContext, vault: Account, mine: ReadonlySet<string>, limits: ReadingOptions["limits"] = {}) {
  const seen = { cells: new Map<string, string>(), stored: 0, lost: 0 };
  const fetching = new Fetching({
    vault,
    pool: createPool(t),
    reading: { ...TINY, limits: { ...TINY.limits, ...limits } },
    clock: systemClock,
    timers: systemTimers,
    log,
  });
  atEnd(t, () => fetching.close());
  const isMine = ({ id }: CellHeader) => mine.has(id);
  const follow = (url: string, sinceMs: () => number | null = () => null) =>
    fetching.follow(url, sinceMs, {
      onCell: ({ id, sealed }) => {
        seen.cells.set(id, Buffer.from(sealed).toString("base64"));
        return true;
      },
      sort: (header) => (isMine(header) ? "ours" : "other"),
      isExpected: isMine,
      onStored: () => void seen.stored++,
      onLost: () => void seen.lost++,
    });
  const wayOf = (url: string) => fetching.readings().relays.find((one) => one.url === url)?.way;
  return { fetching, seen, follow, wayOf };
}

function newCells(howMany: number): NostrEvent[] {
  return Array.from({ length: howMany }, () => createFullCell());
}

/** A crowd large enough that its headers are cheaper than it is; resolves when the reader has changed over. */
async function crowd(t: TestContext, url: string, wayOf: (url: string) => string | undefined): Promise<void> {
  const pool = createPool(t, { limits: { publishMs: 20_000 } });
  for (let i = 0; i < 20 && wayOf(url) !== "headers"; i++) {
    await Promise.all(newCells(100).map((cell) => pool.publish(url, cell)));
    await sleep(60);
  }
  assert.equal(wayOf(url), "headers");
}

test("beyond the budget only headers and few bodies are read, ours among them, over a restart of the relay", async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await startTestRelay(t, { headerBatchMs: 20 }, { dataDir });
  const mine = new Set<string>();
  const { seen, follow, wayOf, fetching } = reader(t, await newVault(t), mine);
  follow(first.url);
  assert.equal(wayOf(first.url), "crowd");
  await crowd(t, first.url, wayOf);
  await waitUntil("all headers were told", () => seen.stored === 2);
  const read = seen.cells.size;
  const [mail, later] = newCells(2) as [NostrEvent, NostrEvent];
  mine.add(mail.id).add(later.id);
  const sender = createPool(t, { limits: { publishMs: 20_000 } });
  await Promise.all([...newCells(200), mail].map((cell) => sender.publish(first.url, cell)));
  await waitUntil("our cell came", () => seen.cells.get(mail.id) === mail.content);
  assert.ok(seen.cells.size - read < 60, `${seen.cells.size - read} bodies for one cell of ours among 200`);
  const { bytesPerHour } = fetching.readings().relays[0] ?? { bytesPerHour: 0 };
  assert.ok(bytesPerHour > 0);

  await first.close();
  const second = await startTestRelay(t, { headerBatchMs: 20 }, { dataDir, port: first.port });
  await waitUntil("all headers were told again", () => seen.stored === 3);
  await sender.publish(second.url, later).catch(() => sender.publish(second.url, later));
  await waitUntil("the later cell came", () => seen.cells.has(later.id));
});

test("a crash between a header and its body loses nothing, nor one between the body and what becomes of it", async (t) => {
  const { url } = await startTestRelay(t, { headerBatchMs: 20 });
  const vault = await newVault(t);
  const mine = new Set<string>();
  const before = reader(t, vault, mine, { batchMs: 600_000, retoldMs: 0 });
  before.follow(url);
  await crowd(t, url, before.wayOf);
  await waitUntil("all headers were told", () => before.seen.stored === 2);
  const [mail] = newCells(1) as [NostrEvent];
  mine.add(mail.id);
  await createPool(t).publish(url, mail);
  await waitUntil("it is noted down", () => before.fetching.isNoted(mail.id));
  before.fetching.close();

  // Nobody tells the header again: `mine` is what `sort` is asked, and it is not.
  const after = reader(t, vault, new Set(), {});
  after.follow(url);
  assert.equal(after.wayOf(url), "headers", "it goes on as it was");
  await waitUntil("the body came", () => after.seen.cells.get(mail.id) === mail.content);
  after.fetching.close();

  const third = reader(t, vault, new Set(), { batchMs: 600_000 });
  third.follow(url);
  assert.equal(third.seen.cells.get(mail.id), mail.content, "from the vault: the relay is not asked twice");
  third.fetching.forget([mail.id]);
  third.fetching.close();

  const control = reader(t, vault, new Set(), { batchMs: 600_000 });
  control.follow(url);
  await waitUntil("all headers were told", () => control.seen.stored === 1);
  assert.equal(control.seen.cells.size, 0, "what was taken in is forgotten");
});

test("a header that proves ours only once its epoch has come is fetched then", async (t) => {
  const { url } = await startTestRelay(t, { headerBatchMs: 20 });
  const mine = new Set<string>();
  const { seen, follow, wayOf, fetching } = reader(t, await newVault(t), mine, { batchMs: 200 });
  follow(url);
  await crowd(t, url, wayOf);
  const [early] = newCells(1) as [NostrEvent];
  await createPool(t).publish(url, early);
  await sleep(100);
  mine.add(early.id);
  fetching.retry();
  await waitUntil("it came", () => seen.cells.has(early.id));
});

test("a relay that does not tell headers is read whole, whatever it costs, and that is said", async (t) => {
  const cells = newCells(400);
  const relay = await startScriptedRelay(t, {
    onMessage: ([type, id, filter], client) => {
      if (type === "HEADERS") client.say("CLOSED", id, "unsupported: HEADERS");
      if (type === "REQ") client.say("EOSE", id);
      if (type === "REQ" && !("until" in (filter ?? {}))) for (const cell of cells) client.say("EVENT", id, cell);
    },
  });
  const { seen, follow, wayOf, fetching } = reader(t, await newVault(t), new Set());
  follow(relay.url);
  await waitUntil("headers were tried", () => relay.received.some(([type]) => type === "HEADERS"));
  await waitUntil("the crowd is read whole again", () => wayOf(relay.url) === "crowd" && seen.cells.size === 400);
  const { relays, fits } = fetching.readings();
  assert.deepEqual([relays[0]?.isWholeOnly, fits], [true, false]);
  await sleep(200);
  assert.equal(relay.received.filter(([type]) => type === "HEADERS").length, 1, "it is not asked again and again");
});

test("a relay on this machine is read whole, and a budget that grows brings the crowd back", async (t) => {
  const { url } = await startTestRelay(t, { headerBatchMs: 20 });
  const budget = { bytes: 1 };
  const reading = { ...TINY, budgetBytesPerHour: () => budget.bytes };
  const parts = { pool: createPool(t), clock: systemClock, timers: systemTimers, log };
  const handlers: FetchHandlers = {
    onCell: () => false,
    sort: () => "other",
    isExpected: () => false,
    onStored: () => {},
    onLost: () => {},
  };
  const free = new Fetching({ ...parts, vault: await newVault(t), reading: { ...reading, isFree: () => true } });
  const paid = new Fetching({ ...parts, vault: await newVault(t), reading });
  for (const one of [free, paid]) {
    atEnd(t, () => one.close());
    one.follow(url, () => null, handlers);
  }
  const wayOf = (one: Fetching) => one.readings().relays[0]?.way;
  await crowd(t, url, () => wayOf(paid));
  assert.equal(wayOf(free), "crowd");
  budget.bytes = 1_000_000_000_000;
  await waitUntil("it was watched and fits", () => wayOf(paid) === "crowd");
});

/** Two relays that hold the same, read in private by now. */
async function pairReadInPrivate(t: TestContext, limits: ReadingOptions["limits"]) {
  const hosts = ["127.0.0.1", "127.0.0.2"]; // two operators, as far as one machine can have them
  const relays = await Promise.all(
    hosts.map((host) => startTestRelay(t, { headerBatchMs: 20, epochBeatMs: 20 }, { host })),
  );
  const urls = relays.map(({ url }) => url);
  const mine = new Set<string>();
  const { seen, follow, wayOf, fetching } = reader(t, await newVault(t), mine, {
    privateMs: 400,
    probeMs: 200,
    windowMs: 3_000, // so long a pause does not make the crowd cheap
    ...limits,
  });
  const sender = createPool(t, { limits: { publishMs: 20_000 } });
  const publish = (cells: readonly NostrEvent[]) =>
    Promise.all(urls.flatMap((url) => cells.map((cell) => sender.publish(url, cell))));
  const sinceMs = () => Date.now() - 600_000;
  for (const url of urls) follow(url, sinceMs);
  fetching.decide();
  const ways = () => urls.map(wayOf).join();
  for (let i = 0; i < 150 && ways() !== "private,private"; i++) {
    await publish(Array.from({ length: 60 }, () => createFullCell(3)));
    await sleep(50);
  }
  assert.equal(ways(), "private,private");
  seen.cells.clear();
  return { relays, urls, mine, seen, wayOf, fetching, sender, publish };
}

test("two relays that hold the same are read in private once the crowd is beyond the budget, and left when one is gone", async (t) => {
  const limits = { olderQueries: 1, epochQueries: 3 };
  const { relays, urls, mine, seen, wayOf, sender, publish } = await pairReadInPrivate(t, limits);
  const mail = createFullCell(2);
  mine.add(mail.id);
  await publish([mail, ...Array.from({ length: 20 }, () => createFullCell(2))]);
  await waitUntil("our cell came", () => seen.cells.get(mail.id) === mail.content);
  assert.equal(seen.cells.size, 1, "nobody else's");

  await relays[1]?.close();
  await waitUntil("the other is read alone", () => wayOf(urls[0] as string) !== "private");
  const later = createFullCell(1);
  mine.add(later.id);
  await sender.publish(urls[0] as string, later);
  await waitUntil("what comes there is found", () => seen.cells.has(later.id));
});

test("the attack: a relay of a pair vanishes after headers told of mail; the other is asked for it", async (t) => {
  for (const gone of [0, 1]) {
    // Nobody asks for bodies, so the relay is gone in time.
    const limits = { olderQueries: 0, epochQueries: 0 };
    const { relays, urls, mine, seen, wayOf, fetching, sender, publish } = await pairReadInPrivate(t, limits);
    const mail = createFullCell(2);
    mine.add(mail.id);
    await publish([mail]);
    await waitUntil("it is noted down", () => fetching.isNoted(mail.id));
    const left = urls[1 - gone] as string;
    const closed = relays[gone]?.close();
    // The crowd goes on, so that it is not read whole.
    for (let i = 0; i < 100 && !seen.cells.has(mail.id); i++) {
      await Promise.all(Array.from({ length: 40 }, () => sender.publish(left, createFullCell(3))));
      await sleep(30);
    }
    assert.deepEqual([seen.cells.get(mail.id), wayOf(left)], [mail.content, "headers"]);
    await closed;
    await relays[1 - gone]?.close();
  }
});

test("a body that waits for others of its parcel is handed on after a restart, whichever way its relay is read by then", async (t) => {
  const { url } = await startTestRelay(t, {});
  const vault = await newVault(t);
  const store = new FetchStore(vault, Date.now());
  const cell = readCell(createFullCell()) as Cell;
  store.note([url], [{ id: cell.id, address: cell.address, ephemeral: "00".repeat(32) }], Date.now());
  store.fetched(url, cell, Date.now());
  const { seen, follow, wayOf } = reader(t, vault, new Set());
  follow(url, () => Date.now());
  assert.equal(wayOf(url), "crowd");
  assert.ok(seen.cells.has(cell.id));
});
