import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { VirtualTime } from "../../../test/support/virtual-time.ts";
import { toBase64Url } from "../../core/bytes.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import { aesGcmKey } from "../../crypto/provider.ts";
import type { VerifiedEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { openVault, type Vault } from "../../vault/vault.ts";
import { readCell, ephemeralKey, sealPiece } from "../cell/cell.ts";
import { CoverLaw } from "../cover/cover-law.ts";
import { Streams } from "../cover/streams.ts";
import { CarriedBook, noNumbers } from "./carried-book.ts";
import { encodeHanded } from "./handed-cell.ts";
import { Uploader } from "./uploader.ts";

const RELAY = "ws://relay";
const START_MS = Date.UTC(2026, 0, 1);

interface Answer {
  readonly says: "ok" | "late" | "no";
  reachable: boolean;
  readonly onPublish?: (full: { disk: boolean }) => void;
}

/** A courier under `balanced`, and a relay that says what `answer` says: "late" never answers. */
async function setUp(t: TestContext, answer: Answer) {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-uploader-"));
  const time = new VirtualTime(START_MS);
  const vault = await openVault({ dataDir, clock: time, log: createLogger("silent") });
  const seen: VerifiedEvent[] = [];
  const full = { disk: false };
  const addresses: string[] = [];
  const publish = async (_url: string, event: VerifiedEvent) => {
    seen.push(event);
    if (addresses.includes(readCell(event)?.address ?? "")) answer.onPublish?.(full);
    if (answer.says === "late") throw new Error("no answer");
    if (answer.says === "no") throw new Error("refused");
  };
  const pool = { publish, reach: () => answer.reachable } as unknown as RelayPool;
  const streams = new Streams({ pool, law: new CoverLaw("balanced"), clock: time, timers: time });
  streams.follow([], [RELAY]);
  const book = new CarriedBook(vault);
  const failures: unknown[] = [];
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      failures.push(error);
      full.disk = false;
    }
  };
  const disk = {
    transaction: <T>(work: () => T): T => {
      if (full.disk) throw new Error("the disk is full");
      return vault.transaction(work);
    },
  } as Vault;
  const uploader = new Uploader({ vault: disk, book, streams, pool, clock: time, settled: () => {}, attempt });
  t.after(() => {
    uploader.close();
    streams.close();
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const range = { first: 0, count: 64, used: noNumbers(64), untilMs: START_MS * 2, ended: null };
  book.capabilities.put({ id: "c", account: "alice", device: "alice", relay: RELAY, ...range });
  const queue = (count: number) => {
    for (let n = 0; n < count; n++) {
      const piece = { parcel: "ab".repeat(12), index: 0, count: 1, heard: 0, bytes: randomBytes(9) };
      const sealed = sealPiece(aesGcmKey(randomBytes(32)), randomBytes(32), piece, ephemeralKey().publicKey);
      addresses.push(Buffer.from(sealed.address).toString("hex"));
      const cell = toBase64Url(encodeHanded(sealed));
      book.put({ capability: "c", n, account: "alice", relay: RELAY, cell, state: "queued" });
    }
  };
  /** Lets time pass, and the uploader look again as it does by itself. */
  const pass = async (ms: number) => {
    for (let i = 0; i < ms; i += COURIER_LIMITS.retryMs) {
      uploader.pump();
      await time.advance(COURIER_LIMITS.retryMs);
    }
  };
  const carried = () => seen.filter((event) => addresses.includes(readCell(event)?.address ?? ""));
  return { time, book, uploader, failures, queue, pass, seen, carried };
}

test("cells take the place of dummies: the stream is as fast as before, and each leaves dated then", async (t) => {
  const { queue, pass, seen, carried } = await setUp(t, { says: "ok", reachable: true });
  await pass(150_000);
  const idle = seen.length;
  queue(20);
  await pass(150_000);
  const busy = seen.length - idle;
  assert.equal(carried().length, 20);
  assert.ok(Math.abs(busy - idle) <= 5, `${idle} and ${busy} cells in as much time`);
  assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length);
  for (const [i, { created_at }] of seen.entries()) {
    assert.ok(created_at % 60 === 0 && created_at >= (seen[i - 1]?.created_at ?? 0), "in the order of leaving");
  }
});

test("while the relay cannot be reached cells wait; then they leave", async (t) => {
  const answer: Answer = { says: "ok", reachable: false };
  const { queue, pass, carried, book } = await setUp(t, answer);
  queue(3);
  await pass(120_000);
  assert.equal(carried().length, 0);
  assert.equal(book.countQueued(), 3);
  answer.reachable = true;
  await pass(30_000);
  assert.equal(carried().length, 3);
  assert.equal(book.inState("taken").length, 3);
});

test("the attack: a relay keeps its answers back, to see which addresses come again; none does", async (t) => {
  const { queue, pass, seen, carried, book } = await setUp(t, { says: "late", reachable: true });
  queue(5);
  await pass(180_000);
  assert.equal(carried().length, 5);
  assert.equal(new Set(seen.map((event) => readCell(event)?.address)).size, seen.length);
  assert.equal(book.inState("lost").length, 5, "the sender makes others");
});

test("what had left when the process ended is lost; what had not leaves", async (t) => {
  const { queue, pass, carried, book, uploader } = await setUp(t, { says: "ok", reachable: true });
  queue(2);
  const first = book.get({ capability: "c", n: 0 });
  assert.ok(first);
  book.put({ ...first, state: "leaving" });
  uploader.recover();
  await pass(30_000);
  assert.equal(carried().length, 1);
  assert.deepEqual([book.inState("lost").length, book.inState("taken").length], [1, 1]);
});

test("what was dropped while it waited in the stream does not leave", async (t) => {
  const { queue, pass, carried, book, uploader } = await setUp(t, { says: "ok", reachable: true });
  queue(3);
  uploader.pump();
  for (const cell of book.queuedUnder("c")) book.delete(cell);
  await pass(30_000);
  assert.equal(carried().length, 0);
});

test("a disk that is full when the answer comes does not end the process, and the next cells leave", async (t) => {
  let left = 0;
  const onPublish = (full: { disk: boolean }) => (full.disk = ++left === 1);
  const { queue, pass, carried, failures, book, uploader } = await setUp(t, { says: "ok", reachable: true, onPublish });
  queue(2);
  await pass(60_000);
  assert.equal(carried().length, 2);
  assert.equal(failures.length, 1);
  assert.deepEqual([book.inState("leaving").length, book.inState("taken").length], [1, 1]);
  uploader.recover();
  assert.equal(book.inState("lost").length, 1, "as after a crash");
});
