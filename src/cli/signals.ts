/** How a person or a service manager ends a process that runs until then. */
import { once } from "node:events";
import process from "node:process";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Resolves at the first request to end; a second one ends the process at once. Call it before anything is said to be
 * ready: until then a signal kills, and whoever saw the ready line may send one in the same moment.
 */
export async function signalled(): Promise<void> {
  await Promise.race(SIGNALS.map((signal) => once(process, signal)));
  for (const signal of SIGNALS) process.once(signal, () => process.exit(1));
}
