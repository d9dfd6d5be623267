/**
 * Runs a program of strangers in a thread that is ended when it takes too long, or when nobody wants it any more.
 *
 *   JobRun -> thread: sandbox.ts -> Outcome, the same wherever it runs
 *          -> too slow, or the interpreter broke: no outcome, which says something about this machine and is never signed
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { JobRun, Outcome } from "./outcome.ts";

export interface JobEnd {
  /** Null: there is none to sign. */
  readonly outcome: Outcome | null;
  /** What it cost this machine. */
  readonly ms: number;
}

/**
 * Far more than the interpreter is allowed: its frames take more of the machine's stack than of its own, and how much
 * depends on the machine. What came to that end first would not be the same everywhere.
 */
const THREAD = { stackSizeMb: 32, maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

/** Rejects with the signal's reason when it is aborted. */
export async function runJob(run: JobRun, signal: AbortSignal, limitMs: number = AGENT_LIMITS.jobMs): Promise<JobEnd> {
  signal.throwIfAborted();
  const startedMs = performance.now();
  // The extension is .ts from source and .js once built. Neither this process's environment nor its outputs are the thread's.
  const file = new URL(`./job-thread${extname(import.meta.url)}`, import.meta.url);
  const options = { execArgv: [], env: {}, stdout: true, stderr: true, resourceLimits: THREAD };
  const thread = new Worker(file, { ...options, workerData: run });
  const { promise, resolve, reject } = Promise.withResolvers<Outcome | null>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  const late = setTimeout(resolve, limitMs, null);
  thread.once("message", resolve);
  thread.once("error", () => resolve(null));
  thread.once("exit", () => resolve(null));
  try {
    return { outcome: await promise, ms: performance.now() - startedMs };
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", abort);
    await thread.terminate();
  }
}
