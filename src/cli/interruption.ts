/** Ctrl-C in the middle of work that must be tidied up: the work is told by a signal and ends by itself. */

import process from "node:process";
import { InterruptedError } from "./exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `work`. A second Ctrl-C ends the program at once. Throws InterruptedError, which says `words` if there are any, or
 * what `work` throws.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  words: () => string | undefined = () => undefined,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => {
    forget();
    controller.abort(new InterruptedError(words()));
  };
  const forget = () => SIGNALS.forEach((signal) => process.off(signal, abort));
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    return await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    forget();
  }
}
