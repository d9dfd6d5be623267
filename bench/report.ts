/**
 * What a bench says: rows of our figure, a peer's figure measured in the same run, and their ratio.
 *
 *   bench NAME -> rows -> table on stdout, bench/results/NAME.json
 *
 * A ratio above 1 means that we are ahead, whichever way the metric is better.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import process from "node:process";

export interface Row {
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  /** Name and version of what was measured beside us; null where no peer can be run. */
  readonly peer: string | null;
  /** The peer's figure, or the stated goal without a peer; null when skipped. */
  readonly theirs: number | null;
  readonly ratio: number | null;
  /** The ratio to reach; null when the row only informs. */
  readonly goal: number | null;
  readonly better: "higher" | "lower";
  readonly skipped?: string;
}

export interface BenchOptions {
  /** Smaller inputs and fewer rounds: to see that it works, not to quote. */
  readonly quick: boolean;
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  run(options: BenchOptions): Promise<Row[]>;
}

interface Measured {
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: string | null;
  readonly theirs: number | null;
  readonly goal?: number;
  readonly better?: "higher" | "lower";
  readonly skipped?: string | undefined;
}

export function row(measured: Measured): Row {
  const { metric, unit, ours, peer, theirs, goal = null, better = "higher", skipped } = measured;
  const ratio = theirs === null ? null : round(better === "higher" ? ours / theirs : theirs / ours);
  const base = {
    metric,
    unit,
    ours: round(ours),
    peer,
    theirs: theirs === null ? null : round(theirs),
    ratio,
    goal,
    better,
  };
  return skipped === undefined ? base : { ...base, skipped };
}

/** The middle one of several measurements: one disturbance does not move it. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function printTable(name: string, rows: readonly Row[]): void {
  const head = ["metric", "ours", "theirs", "peer", "ratio", "goal"];
  const lines = rows.map((row) => [
    row.metric,
    `${row.ours} ${row.unit}`,
    row.theirs === null ? "-" : `${row.theirs} ${row.unit}`,
    row.skipped === undefined ? (row.peer ?? "(goal)") : `skipped: ${row.skipped}`,
    row.ratio === null ? "-" : `${row.ratio}${row.goal !== null && row.ratio < row.goal ? "  BELOW GOAL" : ""}`,
    row.goal === null ? "" : `>= ${row.goal}`,
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => (line[i] ?? "").length)));
  console.log(`\n${name}`);
  for (const line of [head, ...lines])
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

export function writeResult(folder: string, name: string, rows: readonly Row[]): unknown {
  return writeReport(folder, name, { rows });
}

/** Writes `content` with what was measured where, as folder/name.json. */
export function writeReport(folder: string, name: string, content: object): unknown {
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  const result = { name, at: new Date().toISOString(), commit: commit(), machine, ...content };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** The commit that was measured, marked when the checkout differs from it. */
function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
    const changed = git("status", "--porcelain", "--", ".", ":!bench/results") === "" ? "" : " with changes";
    return `${git("rev-parse", "--short", "HEAD")}${changed}`;
  } catch {
    return "unknown";
  }
}
