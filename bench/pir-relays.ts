/**
 * Whole reads over loopback: two relays with the same cells, each with a store and a scan thread, and clients that ask
 * both, all on this machine. One at a time gives the latency; several clients at once, how many reads a second there are.
 */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../src/core/clock.ts";
import { PIR_LIMITS } from "../src/core/cell-limits.ts";
import { RELAY_LIMITS } from "../src/core/limits.ts";
import { createLogger } from "../src/core/log.ts";
import { randomBytes } from "../src/core/random.ts";
import { EventStore } from "../src/relay/event-store.ts";
import { type RunningRelay, startRelay } from "../src/relay/relay-server.ts";
import { createUnsignedCells } from "../src/relay/testing.ts";
import { directCarrier } from "../src/route/carrier.ts";
import { type PirEpoch, PrivateRetrieval, type RelayPair } from "../src/route/private-retrieval.ts";
import { RelayPool } from "../src/route/relay-pool.ts";
import { median, percentile, type Row, row } from "./report.ts";

/** One minute of 64 people who all have their app open under `balanced`: a cell in two seconds each. */
const MINUTE_CELLS = 1_920;
const HOSTS = ["127.0.0.1", "127.0.0.2"] as const;
const BATCH = 4_096;
const CLIENTS = 8;
const IN_FLIGHT: number = RELAY_LIMITS.questionsPerConnection;
const AGO_S = 300;
/** Of cells. */
const VERSION: Uint8Array = Uint8Array.of(1);

function fill(folder: string, count: number): void {
  const store = new EventStore(folder, RELAY_LIMITS.storeBytes);
  const created_at = (Math.floor(Date.now() / 60_000) - AGO_S / 60) * 60;
  for (let stored = 0; stored < count; stored += BATCH) {
    const cells = createUnsignedCells(Math.min(BATCH, count - stored));
    const content = () => Buffer.concat([VERSION, randomBytes(PIR_LIMITS.recordBytes - 1)]).toString("base64");
    store.putAll(cells.map((cell) => ({ ...cell, created_at, content: content() })));
  }
  store.close();
}

function start(dataDir: string, host: string): Promise<RunningRelay> {
  return startRelay({ host, port: 0, dataDir, name: "bench", clock: systemClock, log: createLogger("silent") });
}

function newClient(): { retrieval: PrivateRetrieval; close(): Promise<void> } {
  const pool = new RelayPool({ carrier: directCarrier, log: createLogger("silent"), clock: systemClock });
  const onFailure = (relay: string | null, code: string): void => {
    if (relay !== null) throw new Error(`a relay failed: ${code}`);
  };
  return { retrieval: new PrivateRetrieval({ pool, onFailure }), close: () => pool.close() };
}

/** The epoch, once both relays have read it. */
export async function epochOf(retrieval: PrivateRetrieval, pair: RelayPair, count: number): Promise<PirEpoch> {
  for (let i = 0; i < 600; i++) {
    const [epoch] = await retrieval.epochs(pair);
    if (epoch?.count === count) return epoch;
    await sleep(100);
  }
  throw new Error("the relays do not serve the epoch");
}

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function readMany(read: () => Promise<unknown>, reads: number): Promise<void> {
  for (let i = 0; i < reads; i++) await read();
}

/** Reads a second of several clients, each with as many queries under way as it may have. */
async function rate(pair: RelayPair, epoch: PirEpoch, reads: number): Promise<number> {
  const clients = Array.from({ length: CLIENTS }, newClient);
  try {
    const lanes = clients.flatMap(({ retrieval }) =>
      Array.from({ length: IN_FLIGHT }, () => () => readMany(() => retrieval.read(pair, epoch, null), reads)),
    );
    await Promise.all(clients.map(({ retrieval }) => retrieval.read(pair, epoch, null)));
    return (lanes.length * reads * 1000) / (await timedMs(() => Promise.all(lanes.map((lane) => lane()))));
  } finally {
    await Promise.all(clients.map(({ close }) => close()));
  }
}

async function measure(pair: RelayPair, count: number, reads: number): Promise<Row[]> {
  const client = newClient();
  try {
    const epoch = await epochOf(client.retrieval, pair, count);
    const read = () => client.retrieval.read(pair, epoch, null);
    const headersMs = await timedMs(() => client.retrieval.headersOf(pair, epoch));
    const firstMs = await timedMs(read);
    const latencies: number[] = [];
    for (let i = 0; i < reads; i++) latencies.push(await timedMs(read));
    const rates: number[] = [];
    for (let i = 0; i < 3; i++) rates.push(await rate(pair, epoch, Math.ceil(reads / 8)));
    const of = `${count.toLocaleString("en")} cells`;
    const figure = { peer: null, theirs: null } as const;
    const lower = { ...figure, unit: "ms", better: "lower" } as const;
    return [
      row({ ...lower, metric: `${of}: its headers over loopback`, ours: headersMs }),
      row({ ...lower, metric: `${of}: first read, both databases built`, ours: firstMs }),
      row({ ...lower, metric: `${of}: a read, both relays, p50`, ours: median(latencies) }),
      row({ ...lower, metric: `${of}: a read, both relays, p95`, ours: percentile(latencies, 0.95) }),
      row({ ...figure, unit: "reads/s", metric: `${of}: ${CLIENTS} clients at once`, ours: median(rates) }),
    ];
  } finally {
    await client.close();
  }
}

/** Two relays with the same `count` cells in one epoch, for as long as `use` takes. */
export async function withRelayPair<T>(count: number, use: (pair: RelayPair) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  const places = [join(folder, "a"), join(folder, "b")] as const;
  const relays: RunningRelay[] = [];
  try {
    fill(join(places[0], "relay"), count);
    cpSync(places[0], places[1], { recursive: true });
    for (const [i, place] of places.entries()) relays.push(await start(place, HOSTS[i] as string));
    return await use(relays.map(({ url }) => url) as unknown as RelayPair);
  } finally {
    await Promise.all(relays.map((relay) => relay.close()));
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function pirRelayRows(quick: boolean): Promise<Row[]> {
  const rowsFor = (count: number, reads: number) => withRelayPair(count, (pair) => measure(pair, count, reads));
  const minute = await rowsFor(MINUTE_CELLS, quick ? 40 : 400);
  return quick ? minute : [...minute, ...(await rowsFor(PIR_LIMITS.records, 40))];
}
