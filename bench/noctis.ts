/** Noctis-256 beside a textbook version of it, and beside AES-256-CTR, so that nobody mistakes it for fast. */

import { createCipheriv } from "node:crypto";
import { randomBytes } from "../src/core/random.ts";
import { noctis256Ctr, noctis256Mac } from "../src/crypto/noctis256.ts";
import { type Bench, type BenchOptions, median, row } from "./report.ts";

/** What the original in Go does on such a machine, by the design's measurement. */
const ORIGINAL_MB_PER_S = 22;
const MB = 1e6;
const ROUNDS = 5;

function throughput(work: (data: Uint8Array) => unknown, bytes: number): number {
  const data = randomBytes(bytes);
  work(data.subarray(0, 65_536)); // warm
  const started = process.cpuUsage();
  work(data);
  const { user, system } = process.cpuUsage(started);
  return bytes / MB / ((user + system) / 1e6);
}

async function run({ quick }: BenchOptions) {
  const bytes = quick ? 2 * MB : 16 * MB;
  const key = randomBytes(64);
  const nonce = randomBytes(24);
  const ours: number[] = [];
  const mac: number[] = [];
  const aes: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    ours.push(throughput((data) => noctis256Ctr(key, nonce, data), bytes));
    mac.push(throughput((data) => noctis256Mac(key, nonce, data), bytes));
    aes.push(
      throughput(
        (data) => createCipheriv("aes-256-ctr", key.subarray(0, 32), nonce.subarray(0, 16)).update(data),
        bytes,
      ),
    );
  }
  return [
    row({ metric: "noctis-256 CTR", unit: "MB/s", ours: median(ours), peer: null, theirs: ORIGINAL_MB_PER_S, goal: 1 }),
    row({
      metric: "noctis-256 CTR beside AES",
      unit: "MB/s",
      ours: median(ours),
      peer: "aes-256-ctr in node:crypto",
      theirs: median(aes),
    }),
    row({ metric: "noctis-256 MAC (HMAC-SHA3-256)", unit: "MB/s", ours: median(mac), peer: null, theirs: null }),
  ];
}

export const noctisBench: Bench = { name: "noctis", about: "the experimental cipher, per processor second", run };
