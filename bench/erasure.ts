/**
 * Erasure coding: megabytes of data encoded for each second of processor time, beside ISA-L's SSE path (Debian's
 * libisal-dev and a small C program) and zfec (python3-zfec), in turns, in memory, on blocks of 4 MiB of data.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { randomBytes } from "../src/core/random.ts";
import { ErasureBlock, type ErasureShape } from "../src/crypto/reed-solomon.ts";
import { type BenchOptions, median, type Row, row } from "./report.ts";

const MB = 1e6;
const BLOCK_BYTES = 4_194_304;
const SHAPES = [
  [10, 20],
  [20, 20],
] as const;
const ROUNDS = 5;
const SUPPORT = join(import.meta.dirname, "support");

interface Peer {
  readonly name: string;
  readonly goal: number;
  /** Program and its first arguments; null when it cannot be had. */
  readonly command: readonly [string, ...string[]] | null;
  readonly missing: string;
}

function isal(folder: string): Peer {
  const program = join(folder, "isal-encode");
  const built = spawnSync("cc", ["-O2", join(SUPPORT, "isal-encode.c"), "-o", program, "-lisal"]).status === 0;
  return {
    name: "ISA-L, SSE",
    goal: 1.2,
    command: built ? [program] : null,
    missing: "libisal-dev or a C compiler is not installed",
  };
}

function zfec(): Peer {
  // Debian's own: another python3 on the path does not see Debian's packages.
  const found = spawnSync("/usr/bin/python3", ["-c", "import zfec"]).status === 0;
  return {
    name: "zfec",
    goal: 5,
    command: found ? ["/usr/bin/python3", join(SUPPORT, "zfec_encode.py")] : null,
    missing: "python3-zfec is not installed",
  };
}

function encodeFor(shape: ErasureShape, seconds: number): number {
  const block = new ErasureBlock(shape);
  for (const fragment of block.fragments.slice(0, shape.dataFragments)) fragment.set(randomBytes(fragment.length));
  for (let i = 0; i < 10; i++) block.encode(); // warm
  const started = process.cpuUsage();
  let [rounds, took] = [0, 0];
  while (took < seconds) {
    block.encode();
    rounds++;
    const { user, system } = process.cpuUsage(started);
    took = (user + system) / 1e6;
  }
  return (rounds * shape.dataFragments * shape.fragmentBytes) / MB / took;
}

/** Rows of `bench files`. */
export function erasureRows({ quick }: BenchOptions): Row[] {
  const seconds = quick ? 0.2 : 1;
  const folder = mkdtempSync(join(tmpdir(), "nocturne-bench-"));
  try {
    const peers = [isal(folder), zfec()];
    return SHAPES.flatMap(([dataFragments, parityFragments]) => {
      const shape = { dataFragments, parityFragments, fragmentBytes: Math.ceil(BLOCK_BYTES / dataFragments) };
      const ours: number[] = [];
      const theirs = new Map<string, number[]>(peers.map(({ name }) => [name, []]));
      for (let round = 0; round < ROUNDS; round++) {
        ours.push(encodeFor(shape, seconds));
        for (const { name, command } of peers) {
          if (command === null) continue;
          const [program, ...first] = command;
          const shapeArguments = [dataFragments, parityFragments, shape.fragmentBytes, seconds].map(String);
          const said = execFileSync(program, [...first, ...shapeArguments], { encoding: "utf8" });
          theirs.get(name)?.push(Number(said));
        }
      }
      const metric = `Reed-Solomon ${dataFragments}+${parityFragments}`;
      return peers.map(({ name, goal, command, missing }) => {
        const base = { metric, unit: "MB/cpu-s", ours: median(ours), peer: name, goal };
        if (command === null) return row({ ...base, theirs: null, skipped: missing });
        return row({ ...base, theirs: median(theirs.get(name) ?? []) });
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
