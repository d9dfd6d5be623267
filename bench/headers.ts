/**
 * Header first: how fast the headers of cells come out of the store and over loopback, how many bytes they save,
 * and how fast a client finds its own among them. The peer is the same question to the same relay for whole events.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { x25519 as nobleX25519 } from "@noble/curves/ed25519.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { WebSocket } from "ws";
import { fromHex } from "../src/core/bytes.ts";
import { systemClock } from "../src/core/clock.ts";
import { RELAY_LIMITS } from "../src/core/limits.ts";
import { createLogger } from "../src/core/log.ts";
import { randomBytes } from "../src/core/random.ts";
import { createHybridKeyPair } from "../src/crypto/hybrid-kem.ts";
import { secp256k1Key } from "../src/crypto/provider.ts";
import { type Cell, ephemeralKey, ephemeralOf, readCell, sealCell } from "../src/messaging/cell/cell.ts";
import { introKeyOf, introKeys } from "../src/messaging/cell/cell-keys.ts";
import type { NostrEvent } from "../src/nostr/event.ts";
import { HEADER_BYTES, headerOf } from "../src/nostr/header-stream.ts";
import { KIND } from "../src/nostr/kinds.ts";
import { EventStore } from "../src/relay/event-store.ts";
import { startRelay } from "../src/relay/relay-server.ts";
import { createUnsignedCells } from "../src/relay/testing.ts";
import { directCarrier } from "../src/route/carrier.ts";
import { RelayPool } from "../src/route/relay-pool.ts";
import { type Bench, type BenchOptions, median, type Row, row } from "./report.ts";

const CONTENT_CHARACTERS = 2_812;
const CELLS_PER_MINUTE = 1_000;
const KNOWN = 64_000;
const ROUNDS = 5;
const GOALS = { store: 200_000, match: 1_000_000, trial: 8_000 };

function timed(work: () => number): number {
  const startedMs = performance.now();
  return (work() * 1000) / (performance.now() - startedMs);
}

async function timedAsync(work: () => Promise<number>): Promise<number> {
  const startedMs = performance.now();
  return ((await work()) * 1000) / (performance.now() - startedMs);
}

/** The middle of some rounds, after one that only warms up. */
async function rounds(work: () => number | Promise<number>): Promise<number> {
  await work();
  const figures: number[] = [];
  for (let i = 0; i < ROUNDS; i++) figures.push(await work());
  return median(figures);
}

function fill(folder: string, count: number): EventStore {
  const store = new EventStore(folder, RELAY_LIMITS.storeBytes);
  const content = "AQ".padEnd(CONTENT_CHARACTERS, "A");
  for (let stored = 0; stored < count; stored += CELLS_PER_MINUTE) {
    const agoS = ((count - stored) / CELLS_PER_MINUTE) * 60;
    const cells = createUnsignedCells(CELLS_PER_MINUTE);
    store.putAll(cells.map((cell) => ({ ...cell, content, created_at: cell.created_at - agoS })));
  }
  return store;
}

function readAll(store: EventStore): number {
  let [cells, after] = [0, null as string | null];
  for (;;) {
    const page = store.headers.page({ after, since: 0, count: RELAY_LIMITS.headersPerFrame }, 0);
    cells += page.headers.length / HEADER_BYTES;
    after = page.cursor;
    if (!page.more) return cells;
  }
}

/** All stored headers through the product's own client. */
async function followAll(url: string): Promise<number> {
  const pool = new RelayPool({ carrier: directCarrier, log: createLogger("silent"), clock: systemClock });
  let cells = 0;
  const done = Promise.withResolvers<void>();
  const onHeaders = (headers: Uint8Array): void => void (cells += headers.length / HEADER_BYTES);
  pool.headers(url, { after: null, since: 0 }, { onHeaders, onStored: done.resolve, onFailure: done.reject });
  try {
    await done.promise;
    return cells;
  } finally {
    await pool.close();
  }
}

/** Everything up to EOSE, unread. */
async function download(url: string, request: unknown[]): Promise<{ messages: number; bytes: number }> {
  const socket = new WebSocket(url);
  const seen = { messages: 0, bytes: 0 };
  const done = Promise.withResolvers<void>();
  socket.on("open", () => socket.send(JSON.stringify(request)));
  socket.on("error", done.reject);
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (!isBinary && data.subarray(0, 7).toString() === '["EOSE"') return done.resolve();
    if (!isBinary && data.subarray(0, 7).toString() === '["AUTH"') return;
    seen.messages++;
    seen.bytes += data.length;
  });
  await done.promise;
  socket.terminate();
  return seen;
}

async function relayRows(quick: boolean): Promise<Row[]> {
  const count = quick ? 5_000 : 40_000;
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  try {
    const store = fill(join(dataDir, "relay"), count);
    const fromStore = await rounds(() => timed(() => readAll(store)));
    store.close();
    const base = { host: "127.0.0.1", port: 0, dataDir, name: "bench", clock: systemClock };
    const relay = await startRelay({ ...base, log: createLogger("silent") });
    try {
      const overLoopback = await rounds(() => timedAsync(() => followAll(relay.url)));
      const wholeRequest = ["REQ", "s", { kinds: [KIND.cell] }];
      const wholeRate = await rounds(() =>
        timedAsync(() => download(relay.url, wholeRequest).then(({ messages }) => messages)),
      );
      const whole = await download(relay.url, wholeRequest);
      const headers = await download(relay.url, ["HEADERS", "s"]);
      const peer = "REQ for whole events, same relay, signatures unchecked";
      return [
        row({ metric: "store", unit: "headers/s/core", ours: fromStore, peer: null, theirs: GOALS.store, goal: 1 }),
        row({ metric: "store to client", unit: "cells/s", ours: overLoopback, peer, theirs: wholeRate }),
        row({
          metric: "downloaded per cell",
          unit: "bytes",
          ours: headers.bytes / count,
          peer,
          theirs: whole.bytes / whole.messages,
          better: "lower",
        }),
      ];
    } finally {
      await relay.close();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Addresses begin with 48 bits that are as good as random: a number finds the one to compare with. */
function matchByNumber(headers: Buffer, known: ReadonlyMap<number, string>): number {
  let found = 0;
  for (let at = 32; at < headers.length; at += HEADER_BYTES) {
    const address = known.get(headers.readUIntBE(at, 6));
    if (address !== undefined && address === headers.toString("hex", at, at + 32)) found++;
  }
  return found;
}

function matchByText(headers: Buffer, known: ReadonlySet<string>, encoding: "hex" | "latin1"): number {
  let found = 0;
  for (let at = 32; at < headers.length; at += HEADER_BYTES) {
    if (known.has(headers.toString(encoding, at, at + 32))) found++;
  }
  return found;
}

async function matchRows(quick: boolean): Promise<Row[]> {
  const count = quick ? 100_000 : 1_000_000;
  const headers = Buffer.from(randomBytes(HEADER_BYTES * 10_000));
  const many = Buffer.concat(Array.from({ length: count / 10_000 }, () => headers));
  const addresses = Array.from({ length: KNOWN }, () => Buffer.from(randomBytes(32)));
  for (const [i, address] of addresses.slice(0, 100).entries()) many.set(address, i * 5 * HEADER_BYTES + 32);
  const hex = new Set(addresses.map((address) => address.toString("hex")));
  const latin1 = new Set(addresses.map((address) => address.toString("latin1")));
  const numbers = new Map(addresses.map((address) => [address.readUIntBE(0, 6), address.toString("hex")]));
  const measure = (match: () => number) =>
    rounds(() =>
      timed(() => {
        if (match() !== 100) throw new Error("not all addresses were found");
        return count;
      }),
    );
  const byNumber = await measure(() => matchByNumber(many, numbers));
  const byHex = await measure(() => matchByText(many, hex, "hex"));
  const byLatin1 = await measure(() => matchByText(many, latin1, "latin1"));
  const base = { unit: "headers/s/core", peer: null, theirs: GOALS.match, goal: 1 } as const;
  return [
    row({ ...base, metric: "match 64,000 addresses: Map by 48 bits", ours: byNumber }),
    row({ ...base, metric: "match 64,000 addresses: Set of hex", ours: byHex }),
    row({ ...base, metric: "match 64,000 addresses: Set of latin1", ours: byLatin1 }),
  ];
}

const PEOPLE = 200;

/** Cells for other people, tried as intros: from a header, and from a whole event of the crowd. */
async function trialRows(quick: boolean): Promise<Row[]> {
  const count = quick ? 400 : 8_000;
  const own = createHybridKeyPair(randomBytes(32));
  const events = Array.from({ length: PEOPLE }, () => introFor(createHybridKeyPair(randomBytes(32)).publicKey));
  const cells = events.map((event) => readCell(event) as Cell);
  const headers = events.map((event) => headerOf(event) as Uint8Array);
  const { x25519, secp } = otherKeys();
  const tryCell = (cell: Cell) => introKeyOf(ephemeralOf(cell), fromHex(cell.address), own);
  if (cells.some(tryCell) || !tryCell(readCell(introFor(own.publicKey)) as Cell)) throw new Error("a trial is wrong");
  const measure = (trial: (i: number) => unknown) =>
    rounds(() =>
      timed(() => {
        for (let i = 0; i < count; i++) trial(i % PEOPLE);
        return count;
      }),
    );
  const header = (at: number) => headers[at] as Uint8Array;
  const trials: [string, (i: number) => unknown][] = [
    ["a header", (i) => introKeyOf(header(i).subarray(0, 32), header(i).subarray(32, 64), own)],
    ["an event of the crowd", (i) => tryCell(readCell(events[i] as NostrEvent) as Cell)],
  ];
  const comparisons: [string, (i: number) => unknown][] = [
    ["X25519 alone, @noble/curves", (i) => nobleX25519.getSharedSecret(x25519, ephemeralOf(cells[i] as Cell))],
    ["ECDH on secp256k1 alone, node:crypto", (i) => secp.own.sharedSecret(secp.keys[i] as Uint8Array)],
  ];
  const rows: Row[] = [];
  const unit = "cells/s/core";
  for (const [name, trial] of trials) {
    const ours = await measure(trial);
    rows.push(row({ metric: `intro trial: ${name}`, unit, ours, peer: null, theirs: GOALS.trial, goal: 1 }));
  }
  for (const [name, trial] of comparisons) {
    const ours = await measure(trial);
    rows.push(row({ metric: `for comparison: ${name}`, unit, ours, peer: null, theirs: null }));
  }
  return rows;
}

function introFor(publicKey: Uint8Array): NostrEvent {
  const ephemeral = ephemeralKey();
  const { seal, address } = introKeys(ephemeral, publicKey);
  const piece = { parcel: "00".repeat(12), index: 0, count: 1, bytes: new Uint8Array(0), heard: 0 };
  return sealCell(seal, address, piece, ephemeral.publicKey, Date.now());
}

function otherKeys() {
  const keys = Array.from({ length: PEOPLE }, () => secp256k1.keygen().publicKey.slice(1));
  return { x25519: randomBytes(32), secp: { own: secp256k1Key(secp256k1.utils.randomSecretKey()), keys } };
}

async function run({ quick }: BenchOptions): Promise<Row[]> {
  return [...(await relayRows(quick)), ...(await matchRows(quick)), ...(await trialRows(quick))];
}

export const headersBench: Bench = {
  name: "headers",
  about: "headers of cells: told, downloaded and matched",
  run,
};
