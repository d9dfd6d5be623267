/**
 * The thread that owns the store, so that neither a burst of events nor a wide question holds up the
 * sockets. Started by `StoreClient` with ThreadOptions; speaks ThreadMessage; ends at "close".
 */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { parentPort, workerData } from "node:worker_threads";
import { toNocturneError } from "../core/errors.ts";
import { verifyEvent } from "../nostr/event.ts";
import type { Batch, ThreadMessage, ThreadOptions } from "./store-messages.ts";
import { StoreWork } from "./store-work.ts";

function say(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

function serve(work: StoreWork): void {
  parentPort?.on("message", (message: Batch | "close") => {
    if (message !== "close") return say(work.run(message));
    work.close();
    parentPort?.close();
  });
  say({ type: "ready" });
}

try {
  serve(new StoreWork(workerData as ThreadOptions, (event) => verifyEvent(event) !== null));
} catch (error) {
  const { code, message, hint } = toNocturneError(error);
  say({ type: "unusable", code, message, hint });
}
