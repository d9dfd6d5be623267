/** Noctis-256 beside its original in Go, and beside AES-256-CTR, so that nobody mistakes it for fast. */

import { createCipheriv } from "node:crypto";
import { randomBytes } from "../src/core/random.ts";
import { noctis256Ctr, noctis256Mac } from "../src/crypto/noctis256.ts";
import { type BenchOptions, median, type Row, row } from "./report.ts";

const GOAL_MB_PER_S = 75;
/** What the original in Go does on such a machine, by the design's measurement. */
const ORIGINAL_MB_PER_S = 22;
const MB = 1e6;
const ROUNDS = 5;

function throughput(work: (data: Uint8Array) => unknown, bytes: number): number {
  const data = randomBytes(bytes);
  work(data); // warm: the engine compiles in steps
  const started = process.cpuUsage();
  work(data);
  const { user, system } = process.cpuUsage(started);
  return bytes / MB / ((user + system) / 1e6);
}

/** Rows of `bench files`. */
export function noctisRows({ quick }: BenchOptions): Row[] {
  const bytes = quick ? 2 * MB : 16 * MB;
  const key = randomBytes(64);
  const nonce = randomBytes(24);
  const stream: number[] = [];
  const mac: number[] = [];
  const aes: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    stream.push(throughput((data) => noctis256Ctr(key, nonce, data), bytes));
    mac.push(throughput((data) => noctis256Mac(key, nonce, data), bytes));
    aes.push(
      throughput(
        (data) => createCipheriv("aes-256-ctr", key.subarray(0, 32), nonce.subarray(0, 16)).update(data),
        bytes,
      ),
    );
  }
  const ctr = { metric: "noctis-256 CTR", unit: "MB/cpu-s", ours: median(stream) };
  return [
    row({ ...ctr, peer: null, theirs: GOAL_MB_PER_S, goal: 1 }),
    row({ ...ctr, peer: "the original in Go, by the design", theirs: ORIGINAL_MB_PER_S }),
    row({ ...ctr, peer: "aes-256-ctr in node:crypto", theirs: median(aes) }),
    row({ ...ctr, metric: "noctis-256 MAC (HMAC-SHA3-256)", ours: median(mac), peer: null, theirs: null }),
  ];
}
