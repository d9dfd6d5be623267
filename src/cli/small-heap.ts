/**
 * Keeps the node's memory small while gigabytes stream through it.
 *
 * Every sealed chunk leaves a cipher and some buffers behind, outside JavaScript's heap, until the young
 * generation is collected. With V8's usual 16 MiB that is seldom: a 1 GiB upload peaked at 290 to 320 MB,
 * with 2 MiB at 250. The size can only be set when a process begins, so this one begins again in place:
 * same pid, same files, a tenth of a second.
 */
import process from "node:process";

const FLAG = "--max-semi-space-size=2";

/** Returns only in a process that runs with the flag, or on a platform that cannot begin again in place. */
export function keepHeapSmall(): void {
  if (process.platform === "win32" || !process.execve || process.execArgv.includes(FLAG)) return;
  process.execve(
    process.execPath,
    [process.execPath, FLAG, ...process.execArgv, ...process.argv.slice(1)],
    process.env,
  );
}
