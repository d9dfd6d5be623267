/** Child processes of the scripts: run to the end, output kept or passed through, nothing left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";

export interface Finished {
  readonly ok: boolean;
  /** stdout and stderr as they came; empty when they were passed through. */
  readonly output: string;
  readonly elapsedMs: number;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Show the output as it comes instead of keeping it. */
  readonly show?: boolean;
  readonly env?: Record<string, string>;
  /** Killed and counted as failed after this. */
  readonly limitMs?: number;
}

const running = new Set<ChildProcess>();

/** Runs a program to its end. Never rejects: a program that cannot be started is one that failed. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const startMs = Date.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: options.show ? "inherit" : ["ignore", "pipe", "pipe"],
      detached: true, // a group of its own, so that all that it started can be ended with it
    });
    running.add(child);
    const timer = options.limitMs === undefined ? undefined : setTimeout(() => killGroup(child), options.limitMs);
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
    const finish = (ok: boolean, remark: string) => {
      clearTimeout(timer);
      running.delete(child);
      if (options.show && remark !== "") console.error(remark);
      resolve({ ok, output: Buffer.concat(chunks).toString() + remark, elapsedMs: Date.now() - startMs });
    };
    child.on("error", (error) => finish(false, `${program}: ${error.message}\n`));
    child.on("close", (code, signal) => finish(code === 0, signal === null ? "" : `${program}: ended by ${signal}\n`));
  });
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    return; // it has just ended by itself
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const child of running) killGroup(child);
    process.exit(1);
  });
}

/** `1.2 s` or `2 min 5 s`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
