/**
 * Sealing a file that comes in pieces of 64 KiB, as every upload does, to a file, beside age and openssl: megabytes for
 * each second of processor time, all on one core. Each program runs in a process of its own, on the same file, in turns;
 * start-up counts for all. Ours has its compiled code kept on disk, as the launcher keeps it. Then on all cores, a very
 * large file, small ones, erasure coding, and the experimental cipher.
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, createWriteStream, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { randomBytes } from "../src/core/random.ts";
import { erasureRows } from "./erasure.ts";
import { noctisRows } from "./noctis.ts";
import { findProgram, type Measurement, measure, versionOf } from "./processes.ts";
import { type Bench, type BenchOptions, median, type Row, row } from "./report.ts";
import { smallFileRows } from "./small-files.ts";

const MB = 1e6;
const ROUNDS = 3;
const HUGE_BYTES = 10 * 2 ** 30;
const PEAK_MB = 300;
const WORKER = join(import.meta.dirname, "support/seal-file.ts");

interface Peer {
  readonly name: string;
  readonly seal: (folder: string) => [program: string, args: string[]];
}

function peers(folder: string): (Peer | { name: string; missing: string })[] {
  const age = findProgram("age");
  const openssl = findProgram("openssl");
  return [
    age === null ? { name: "age", missing: "age is not installed" } : agePeer(age, folder),
    openssl === null
      ? { name: "openssl aes-256-ctr", missing: "openssl is not installed" }
      : {
          name: `${versionOf(openssl, "version").split(" ").slice(0, 2).join(" ")} aes-256-ctr`,
          seal: () => [
            openssl,
            [
              "enc",
              "-aes-256-ctr",
              "-K",
              "0".repeat(64),
              "-iv",
              "0".repeat(32),
              "-in",
              join(folder, "in"),
              "-out",
              join(folder, "out"),
            ],
          ],
        },
  ];
}

function agePeer(age: string, folder: string): Peer {
  const identity = execFileSync("age-keygen", { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const recipient = /public key: (age1\S+)/.exec(identity)?.[1] ?? "";
  return {
    name: `age ${versionOf(age, "--version")}`,
    seal: () => [age, ["-r", recipient, "-o", join(folder, "out"), join(folder, "in")]],
  };
}

async function writeInput(path: string, bytes: number): Promise<void> {
  const block = randomBytes(4 * MB);
  const file = createWriteStream(path);
  for (let written = 0; written < bytes; written += block.length) {
    if (!file.write(block)) await new Promise<void>((resolve) => file.once("drain", resolve));
  }
  await new Promise<void>((resolve) => file.end(resolve));
}

type Task = "seal" | "open";

/** Our program on the files of a folder. */
function ours(folder: string, task: Task, pin: readonly string[]): Promise<Measurement> {
  const cache = `NODE_COMPILE_CACHE=${join(folder, "compiled")}`;
  return measure("env", [cache, ...pin, process.execPath, WORKER, task, join(folder, "in"), join(folder, "sealed")]);
}

function theirs(folder: string, peer: Peer, pin: readonly string[]): Promise<Measurement> {
  const [program, args] = peer.seal(folder);
  return measure("env", [...pin, program, ...args]);
}

interface Measured {
  readonly onOneCore: readonly Measurement[];
  readonly onAll: readonly Measurement[];
  readonly opened: readonly Measurement[];
  readonly others: ReadonlyMap<string, readonly Measurement[]>;
}

/** In turns, so that what else the machine does meanwhile is everybody's. */
async function measureAll(folder: string, others: readonly Peer[], pin: readonly string[]): Promise<Measured> {
  const onOneCore: Measurement[] = [];
  const onAll: Measurement[] = [];
  const opened: Measurement[] = [];
  const byPeer = new Map<string, Measurement[]>(others.map(({ name }) => [name, []]));
  const afresh = async (work: () => Promise<Measurement>): Promise<Measurement> => {
    makeReady(folder);
    return await work();
  };
  await ours(folder, "seal", []); // fills the cache of compiled code
  for (let round = 0; round < ROUNDS; round++) {
    for (const peer of others) byPeer.get(peer.name)?.push(await afresh(() => theirs(folder, peer, pin)));
    onAll.push(await afresh(() => ours(folder, "seal", [])));
    onOneCore.push(await afresh(() => ours(folder, "seal", pin)));
    opened.push(await ours(folder, "open", pin));
  }
  return { onOneCore, onAll, opened, others: byPeer };
}

async function run({ quick }: BenchOptions): Promise<Row[]> {
  const bytes = (quick ? 64 : 2_048) * MB;
  const folder = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  try {
    await writeInput(join(folder, "in"), bytes);
    const pin = findProgram("taskset") === null ? [] : ["taskset", "-c", "0"];
    const others = peers(folder);
    const present = others.filter((peer): peer is Peer => "seal" in peer);
    const measured = await measureAll(folder, present, pin);
    const perCpuS = (all: readonly Measurement[]): number => median(all.map((one) => bytes / MB / one.cpuS));
    const speed = perCpuS(measured.onOneCore);
    const rows = others.map((peer) => {
      const goal = peer.name.startsWith("age") ? 1 : 0.95;
      const base = { metric: "seal a file", unit: "MB/cpu-s", ours: speed, peer: peer.name, goal };
      if ("missing" in peer) return row({ ...base, theirs: null, skipped: peer.missing });
      return row({ ...base, theirs: perCpuS(measured.others.get(peer.name) ?? []) });
    });
    const alone = { unit: "MB/cpu-s", peer: null, theirs: null };
    return [
      ...rows,
      row({ ...alone, metric: "open a file", ours: perCpuS(measured.opened) }),
      wallClock(bytes, measured, pin),
      await hugeFile(folder, quick),
      ...(await smallFileRows({ quick })),
      ...erasureRows({ quick }),
      ...noctisRows({ quick }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of a file of 10 GiB, which holds nothing and takes no room, sealed as an upload is, and opened again. */
async function hugeFile(folder: string, quick: boolean): Promise<Row> {
  const base = { unit: "MB", peer: null, theirs: PEAK_MB, goal: 1, better: "lower" } as const;
  const metric = "peak memory, 10 GiB";
  const { bavail, bsize } = statfsSync(folder);
  const skipped = quick
    ? "the full bench alone measures it"
    : bavail * bsize < HUGE_BYTES * 1.1
      ? "the disk has not so much room"
      : undefined;
  if (skipped !== undefined) return row({ ...base, metric, ours: 0, theirs: null, skipped });
  writeFileSync(join(folder, "in"), "");
  truncateSync(join(folder, "in"), HUGE_BYTES);
  const peaks: number[] = [];
  for (const task of ["seal", "open"] as const) peaks.push((await ours(folder, task, [])).peakRssMb);
  return row({ ...base, metric, ours: Math.max(...peaks) });
}

/**
 * Nothing of what the one before wrote is written to the disk while the next one is measured; and there is memory for
 * what the next one writes: a virtual machine hands back what is free, and takes longer to get it again than to seal.
 */
function makeReady(folder: string): void {
  for (const name of ["out", "sealed"]) rmSync(join(folder, name), { force: true });
  execFileSync("sync");
  copyFileSync(join(folder, "in"), join(folder, "out"));
  rmSync(join(folder, "out"));
}

/** On all cores beside one of them. */
function wallClock(bytes: number, { onAll, onOneCore }: Measured, pin: readonly string[]): Row {
  const speed = (all: readonly Measurement[]): number => median(all.map((one) => bytes / MB / one.wallS));
  const base = { metric: "seal a file, wall clock", unit: "MB/s", ours: speed(onAll), peer: "itself on one core" };
  if (pin.length === 0) return row({ ...base, theirs: null, goal: 1.8, skipped: "taskset is not installed" });
  return row({ ...base, theirs: speed(onOneCore), goal: 1.8 });
}

export const filesBench: Bench = {
  name: "files",
  about:
    "sealing and opening files, large and small, erasure coding, the experimental cipher, beside age, openssl, ISA-L and zfec",
  run,
};
