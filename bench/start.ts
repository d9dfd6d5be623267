/** Cold start to the ready line on an empty data directory, and memory when idle. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, type BenchOptions, median, type Row, row } from "./report.ts";

const ENTRY = join(import.meta.dirname, "../src/cli/nocturne.ts");
/** The promise to a person who starts it for the first time. */
const READY_GOAL_MS = 10_000;
const IDLE_GOAL_MB = 200;
const IDLE_MS = 5_000;

async function startOnce(dataDir: string, idleMs: number): Promise<{ readyMs: number; rssMb: number }> {
  const startedMs = performance.now();
  const args = [ENTRY, "start", "--no-open", "--json", "--port", "0", "--relay-port", "0", "--data-dir", dataDir];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await firstLine(child);
    const readyMs = performance.now() - startedMs;
    await sleep(idleMs);
    return { readyMs, rssMb: residentMb(child.pid as number) };
  } finally {
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}

async function firstLine(child: ChildProcess): Promise<void> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    if (line.includes('"ready"')) return;
  }
  throw new Error("the node ended before it was ready");
}

function residentMb(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}

async function run({ quick }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 1 : 5;
  const cold: number[] = [];
  const warm: number[] = [];
  const idle: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const dataDir = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
    try {
      cold.push((await startOnce(dataDir, 0)).readyMs);
      const second = await startOnce(dataDir, quick ? 1_000 : IDLE_MS);
      warm.push(second.readyMs);
      idle.push(second.rssMb);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
  const base = { peer: null, better: "lower", goal: 1 } as const;
  return [
    row({ ...base, metric: "first start to ready", unit: "ms", ours: median(cold), theirs: READY_GOAL_MS }),
    row({ ...base, metric: "later start to ready", unit: "ms", ours: median(warm), theirs: READY_GOAL_MS }),
    row({ ...base, metric: "idle memory", unit: "MB", ours: median(idle), theirs: IDLE_GOAL_MB }),
  ];
}

export const startBench: Bench = { name: "start", about: "time to the ready line, and memory when idle", run };
