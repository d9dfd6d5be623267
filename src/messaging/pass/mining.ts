/** Computing work, in a thread of its own that can be ended at any time. Nothing of it is kept: it can begin anew. */

import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { InternalError } from "../../core/errors.ts";
import { WORK_LIMITS } from "../../core/cell-limits.ts";
import type { Pair, Work } from "./work.ts";

export interface MiningJob {
  readonly work: Omit<Work, "nonce">;
  readonly pair: Pair;
  /** Not to find anything, but to see how fast it goes. */
  readonly measureMs: number | null;
}

/** Where the search begins; 9 * 10^14 nonces with as many digits follow, three million times what WORK_LIMITS.bits needs. */
export const FIRST_NONCE = 100_000_000_000_000;
/** More than a hash has. */
const UNREACHABLE_BITS = 255;

/** Work for this pair: 2^bits hashes on average. Rejects with the signal's reason when it is aborted. */
export async function mineWork(pair: Pair, bits: number, nowMs: number, signal: AbortSignal): Promise<Work> {
  const work = { createdAt: Math.floor(nowMs / 1000), bits };
  return { ...work, nonce: await run({ work, pair, measureMs: null }, signal) };
}

/** Hashes a second that one core of this machine does now. */
export function measureHashRate(signal: AbortSignal = new AbortController().signal): Promise<number> {
  const key = "0".repeat(64);
  const work = { createdAt: 0, bits: UNREACHABLE_BITS };
  return run({ work, pair: { from: key, to: key }, measureMs: WORK_LIMITS.measureMs }, signal);
}

async function run(job: MiningJob, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  // The extension is .ts from source and .js once built. Flags such as --eval are the main thread's own.
  const file = new URL(`./mining-thread${extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(file, { execArgv: [], workerData: job });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  thread.once("message", resolve);
  thread.once("error", reject);
  thread.once("exit", () => reject(new InternalError("work_failed", "The thread that computes work has ended.")));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    await thread.terminate();
  }
}
