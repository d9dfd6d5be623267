/**
 * Sealing a file to a file, beside age and openssl: megabytes for each second of processor time.
 * Each program runs in a process of its own, on the same file, in turns; start-up counts for all. Ours has its compiled
 * code kept on disk, as the launcher keeps it. Then erasure coding, and the experimental cipher.
 */

import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { randomBytes } from "../src/core/random.ts";
import { erasureRows } from "./erasure.ts";
import { noctisRows } from "./noctis.ts";
import { findProgram, type Measurement, measure, versionOf } from "./processes.ts";
import { type Bench, type BenchOptions, median, type Row, row } from "./report.ts";

const MB = 1e6;
const ROUNDS = 3;
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

async function run({ quick }: BenchOptions): Promise<Row[]> {
  const bytes = (quick ? 64 : 1024) * MB;
  const folder = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  try {
    await writeInput(join(folder, "in"), bytes);
    const cache = `NODE_COMPILE_CACHE=${join(folder, "compiled")}`;
    const ours = (task: string, ...pin: string[]) => {
      if (task === "seal") clear(join(folder, "sealed"));
      return measure("env", [
        cache,
        ...pin,
        process.execPath,
        WORKER,
        task,
        join(folder, "in"),
        join(folder, "sealed"),
      ]);
    };
    await ours("seal"); // fills the cache
    const pinned = findProgram("taskset") === null ? null : ["taskset", "-c", "0"];
    const onOneCore: Measurement[] = [];
    const sealed: Measurement[] = [];
    const opened: Measurement[] = [];
    const others = peers(folder);
    const theirs = new Map<string, number[]>();
    for (let round = 0; round < ROUNDS; round++) {
      sealed.push(await ours("seal"));
      opened.push(await ours("open"));
      for (const peer of others) {
        if ("missing" in peer) continue;
        clear(join(folder, "out"));
        const { cpuS } = await measure(...peer.seal(folder));
        theirs.set(peer.name, [...(theirs.get(peer.name) ?? []), bytes / MB / cpuS]);
      }
      clear(join(folder, "out"));
      if (pinned) onOneCore.push(await ours("seal", ...pinned));
    }
    const speed = median(sealed.map((one) => bytes / MB / one.cpuS));
    const goals: Record<string, number> = { age: 1, "openssl aes-256-ctr": 0.95 };
    const rows = others.map((peer) => {
      const goal = goals[peer.name.startsWith("age") ? "age" : "openssl aes-256-ctr"] ?? 1;
      const base = { metric: "seal a file", unit: "MB/cpu-s", ours: speed, peer: peer.name, goal };
      if ("missing" in peer) return row({ ...base, theirs: null, skipped: peer.missing });
      return row({ ...base, theirs: median(theirs.get(peer.name) ?? []) });
    });
    const rss = Math.max(...[...sealed, ...opened].map((one) => one.peakRssMb));
    return [
      ...rows,
      row({
        metric: "open a file",
        unit: "MB/cpu-s",
        ours: median(opened.map((one) => bytes / MB / one.cpuS)),
        peer: null,
        theirs: null,
      }),
      row({ metric: "peak memory", unit: "MB", ours: rss, peer: null, theirs: 300, goal: 1, better: "lower" }),
      wallClock(bytes, sealed, onOneCore),
      ...erasureRows({ quick }),
      ...noctisRows({ quick }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the one before wrote is not to be written to the disk while the next one is measured. */
function clear(path: string): void {
  rmSync(path, { force: true });
  execFileSync("sync");
}

/** On all cores beside one of them. */
function wallClock(bytes: number, sealed: readonly Measurement[], onOneCore: readonly Measurement[]): Row {
  const speed = (all: readonly Measurement[]) => median(all.map((one) => bytes / MB / one.wallS));
  const base = { metric: "seal a file, wall clock", unit: "MB/s", ours: speed(sealed), peer: "itself on one core" };
  if (onOneCore.length === 0) return row({ ...base, theirs: null, goal: 1.8, skipped: "taskset is not installed" });
  return row({ ...base, theirs: speed(onOneCore), goal: 1.8 });
}

export const filesBench: Bench = {
  name: "files",
  about: "sealing and opening a file, erasure coding, the experimental cipher, beside age, openssl, ISA-L and zfec",
  run,
};
