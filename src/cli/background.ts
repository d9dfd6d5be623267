/** The same command line again, in a process that outlives this one: `--foreground` is added. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

/** So long the background process may take until it is there. */
const START_MS = 30_000;
const POLL_MS = 100;

export interface Background<T> {
  /** What it says, 0600; is added to. */
  readonly log: string;
  /** What there is once it is there; null before. */
  readonly find: () => Promise<T | null>;
  readonly notStarted: (cause?: unknown) => Error;
}

/** Resolves once it is there. Throws `notStarted` when it ended before, or takes too long. */
export async function startInBackground<T>({
  log,
  find,
  notStarted,
}: Background<T>): Promise<{ pid: number; found: T }> {
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 });
  const output = openSync(log, "a", 0o600);
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1), "--foreground"], {
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const found = await Promise.race([untilFound(find, notStarted), death(child, notStarted)]);
  child.unref();
  return { pid: child.pid as number, found };
}

async function untilFound<T>(find: () => Promise<T | null>, notStarted: () => Error): Promise<T> {
  for (const deadline = performance.now() + START_MS; performance.now() < deadline; await sleep(POLL_MS)) {
    const found = await find();
    if (found !== null) return found;
  }
  throw notStarted();
}

function death(child: ChildProcess, notStarted: (cause?: unknown) => Error): Promise<never> {
  const died = new Promise<never>((_, reject) => {
    child.once("error", (cause) => reject(notStarted(cause)));
    child.once("exit", () => reject(notStarted()));
  });
  died.catch(() => {});
  return died;
}

/** Resolves when `isOver`; throws `late` when that takes too long. */
export async function untilOver(isOver: () => Promise<boolean> | boolean, late: () => Error): Promise<void> {
  for (const deadline = performance.now() + START_MS; !(await isOver()); await sleep(POLL_MS)) {
    if (performance.now() > deadline) throw late();
  }
}
