/**
 * Whether an onion service of ours answers: it is called as a stranger would call it.
 *
 *   everyMs -> dial -> open: well; wait again
 *                      fails: once more, and again -> so many in a row: it hangs, and the probe ends
 *
 * Tor replaces introduction points that die. Those that hang it keeps, and visitors wait in vain while all looks well.
 */
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { NocturneError } from "../../core/errors.ts";

export interface ReachProbeOptions {
  /** Opens a stream to the service on circuits that nobody used before. Throws as `Route.dial`. */
  readonly dial: (signal: AbortSignal) => Promise<Duplex>;
  readonly everyMs: number;
  readonly answerMs: number;
  readonly failures: number;
  readonly hangs: () => void;
}

/** Begins to probe; the first comes after `everyMs`. Returns what ends it. */
export function probeReach(options: ReachProbeOptions): () => void {
  const stopping = new AbortController();
  void run(options, stopping.signal);
  return () => stopping.abort();
}

async function run({ dial, everyMs, answerMs, failures, hangs }: ReachProbeOptions, stop: AbortSignal): Promise<void> {
  let failed = 0;
  while (failed < failures) {
    if (failed === 0) await sleep(everyMs, undefined, { signal: stop, ref: false }).catch(() => {});
    if (stop.aborted) return;
    const outcome = await call(dial, answerMs, stop);
    if (outcome === "answers") failed = 0;
    if (outcome === "silent") failed++;
    // The way itself does not work: that says nothing of the service, and is healed elsewhere.
    if (outcome === "no way") failed = 0;
  }
  if (!stop.aborted) hangs();
}

async function call(
  dial: ReachProbeOptions["dial"],
  answerMs: number,
  stop: AbortSignal,
): Promise<"answers" | "silent" | "no way"> {
  try {
    const stream = await dial(AbortSignal.any([stop, AbortSignal.timeout(answerMs)]));
    stream.on("error", () => {}); // it opened, which is all that was asked
    stream.destroy();
    return "answers";
  } catch (error) {
    const isWay = error instanceof NocturneError && (error.code === "route_down" || error.code === "route_missing");
    return isWay ? "no way" : "silent";
  }
}
