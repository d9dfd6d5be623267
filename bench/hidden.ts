/**
 * What hidden mail costs: how fast a reader finds his own among the headers and intros of a crowd, how many bytes a
 * device's cover takes, how long a letter is on its way, next to what others publish of theirs.
 *
 * Published figures, not measured here:
 *   Nym         the client's defaults (docs.rs/nym-client-core, `config::Traffic`, `CoverTraffic`): a packet of 2,413 bytes
 *               every 20 ms, and a loop every 200 ms, on average: 11.5 GB a day without a message
 *   Katzenpost  4 s mean delay a hop (Lambda = 0.00025 a millisecond in github.com/katzenpost/daemons,
 *               authority/nonvoting/authority.toml.sample), three layers of mixes; of its volume we found no published figure
 *   SimpleX     blocks of 16,384 bytes (simplexmq, protocol/overview-tjr.md); no cover: a message is sent at once
 *   Loopix      latency "in the order of seconds" (arXiv 1703.00536), without a figure to compare with
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { toHex } from "../src/core/bytes.ts";
import { systemClock } from "../src/core/clock.ts";
import { createLogger } from "../src/core/log.ts";
import { randomBytes } from "../src/core/random.ts";
import { CELL_EVENT_BYTES } from "../src/messaging/cell/cell.ts";
import { Lanes } from "../src/messaging/cell/lanes.ts";
import { Mailbox } from "../src/messaging/cell/mailbox.ts";
import { coverCost, type CoverProfile } from "../src/messaging/cover/cover-law.ts";
import { HEADER_BYTES } from "../src/nostr/header-stream.ts";
import { openVault, type Vault } from "../src/vault/vault.ts";
import { type Bench, type BenchOptions, median, percentile, type Row, row } from "./report.ts";
import { collectCells, measureVolume, realLatencies, virtualLatencies } from "./support/cover-traffic.ts";

const GOALS = { known: 1_000_000, intro: 8_000 };
const CONVERSATIONS = 1_000;
const ADDRESS_AT = 32;
const ROUNDS = 5;
const DAY_HOURS = 24;
/** Megabytes are 1,000,000 bytes. */
const NYM_KB_PER_HOUR = 11_500_000 / DAY_HOURS;
const KATZENPOST_SECONDS = 3 * 4;
const SIMPLEX_BLOCK_BYTES = 16_384;

interface Pace {
  readonly profile: CoverProfile;
  /** Between letters, so that none waits for another. */
  readonly pauseMs: number;
}

const PACES: readonly Pace[] = [
  { profile: "stealth", pauseMs: 300_000 },
  { profile: "balanced", pauseMs: 50_000 },
];

export const hiddenBench: Bench = {
  name: "hidden",
  about: "hidden mail: headers and intros matched, bytes an hour, latency, for each profile",
  async run(options) {
    return [...(await matchRows(options)), ...(await volumeRows(options)), ...(await latencyRows(options))];
  },
};

async function matchRows({ quick }: BenchOptions): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  const vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
  try {
    return [matchKnown(vault, quick ? 200_000 : 1_000_000), await matchIntros(vault, quick ? 500 : 8_000)];
  } finally {
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Headers of strangers against the windows of many conversations. */
function matchKnown(vault: Vault, count: number): Row {
  const lanes = new Lanes(vault, vault.identity().device);
  const devices = Array.from({ length: CONVERSATIONS }, () => toHex(randomBytes(32)));
  vault.transaction(() => lanes.add("01".repeat(16), "02".repeat(16), randomBytes(32), devices));
  const some = Buffer.from(randomBytes(HEADER_BYTES * 10_000));
  const ours = rounds(() => {
    let found = 0;
    for (let i = 0; i < count; i++) {
      const at = (i % 10_000) * HEADER_BYTES + ADDRESS_AT;
      if (lanes.find(some.toString("hex", at, at + 32))) found++;
    }
    if (found > 0) throw new Error("a random address was ours");
    return count;
  });
  const metric = `headers matched against the windows of ${CONVERSATIONS} conversations (${CONVERSATIONS * 64} addresses)`;
  return row({ metric, unit: "headers/s/core", ours, peer: null, theirs: GOALS.known, goal: 1 });
}

/** Cells of strangers through the mailbox, which tries each as an intro. */
async function matchIntros(vault: Vault, count: number): Promise<Row> {
  const identity = vault.identity();
  const mailbox = new Mailbox(new Lanes(vault, identity.device), identity);
  const cells = await collectCells(200);
  const ours = rounds(() => {
    for (let i = 0; i < count; i++)
      if (mailbox.take(cells[i % cells.length] as (typeof cells)[number])) throw new Error("ours");
    return count;
  });
  const metric = "cells of strangers tried as intros by the mailbox";
  return row({ metric, unit: "cells/s/core", ours, peer: null, theirs: GOALS.intro, goal: 1 });
}

/** Of the processor, not of the clock: what else the machine does counts little. */
function rounds(work: () => number): number {
  const figures: number[] = [];
  for (let i = 0; i <= ROUNDS; i++) {
    const started = process.cpuUsage();
    const count = work();
    const { user, system } = process.cpuUsage(started);
    if (i > 0) figures.push((count * 1_000_000) / (user + system));
  }
  return median(figures);
}

async function volumeRows({ quick }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { profile } of PACES) {
    const hours = quick ? 0.1 : 1;
    const measured = (await measureVolume(profile, hours)) / 1_000;
    const computed = coverCost(profile, CELL_EVENT_BYTES).kilobytesPerHour;
    const base = { unit: "KB/h", ours: measured, better: "lower" } as const;
    rows.push(
      row({
        ...base,
        metric: `${profile}: one device and one relay, measured; theirs: computed, sending alone`,
        peer: "computed by the cover law",
        theirs: computed,
      }),
      row({
        ...base,
        metric: `${profile}: two relays`,
        ours: 2 * measured,
        peer: "Nym, published: 11.5 GB a day",
        theirs: NYM_KB_PER_HOUR,
      }),
    );
  }
  const idle = (await measureVolume("fast", 1)) / 1_000;
  rows.push(
    row({
      metric: "fast: one device and one relay, nothing written",
      unit: "KB/h",
      ours: idle,
      peer: null,
      theirs: null,
      better: "lower",
    }),
  );
  const message = {
    metric: "a short message: cells to two relays",
    unit: "bytes",
    ours: 2 * CELL_EVENT_BYTES,
  } as const;
  rows.push(row({ ...message, peer: "SimpleX, published: one block", theirs: SIMPLEX_BLOCK_BYTES, better: "lower" }));
  return rows;
}

async function latencyRows({ quick }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { profile, pauseMs } of PACES) {
    const waits = await virtualLatencies(profile, quick ? 50 : 400, pauseMs);
    rows.push(...percentiles(`${profile}: a letter until the other has it, in virtual time`, waits));
  }
  const metric = "fast: a letter until the other has it, over a relay on loopback";
  return [...rows, ...percentiles(metric, await realLatencies(quick ? 50 : 400))];
}

function percentiles(metric: string, waitsMs: readonly number[]): Row[] {
  const base = {
    unit: "s",
    peer: "Katzenpost, published: 4 s a hop, three mixes",
    theirs: KATZENPOST_SECONDS,
    better: "lower",
  } as const;
  return [
    row({ ...base, metric: `${metric} (${waitsMs.length} letters), p50`, ours: percentile(waitsMs, 0.5) / 1_000 }),
    row({
      ...base,
      metric: `${metric} (${waitsMs.length} letters), p95`,
      ours: percentile(waitsMs, 0.95) / 1_000,
      peer: null,
      theirs: null,
    }),
  ];
}
