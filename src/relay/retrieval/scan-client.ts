/** The relay's side of the scan thread, which is started by the first message and again after it died. */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { ScanMessage, ScanReply } from "./scan-messages.ts";

export class ScanClient {
  readonly #onLost: () => void;
  #worker: Worker | null = null;
  #waiting: ((reply: ScanReply) => void)[] = [];

  /** `onLost` is called when the thread died, and its databases with it. */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** Resolves to null when it failed. */
  ask(message: ScanMessage): Promise<ScanReply> {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    // The extension is .ts from source and .js once built; flags such as --eval are the main thread's own.
    const file = new URL(`./scan-thread${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, { execArgv: [] });
    worker.on("message", (reply: ScanReply) => this.#waiting.shift()?.(reply));
    worker.on("error", () => undefined); // what follows is its exit
    worker.once("exit", () => {
      this.#worker = null;
      this.#onLost();
      for (const resolve of this.#waiting.splice(0)) resolve(null);
    });
    return worker;
  }
}
