/**
 * The relay's side of the store thread. Jobs gather while the thread works and go out as one batch
 * when it is done, so that a burst costs few commits and a lone event waits for nobody.
 *
 * A job never rejects: if the thread dies, its jobs fail and a new thread takes over.
 */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Clock } from "../core/clock.ts";
import { InternalError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { EpochPage, EpochPageRequest } from "./cell-epochs.ts";
import type { HeaderPage, HeaderPageRequest } from "./cell-headers.ts";
import type { Page, PageRequest } from "./event-query.ts";
import type { Outcome } from "./event-store.ts";
import type { Batch, Job, JobResult, Jobs, ThreadMessage, ThreadOptions } from "./store-messages.ts";

export interface StoreClientOptions extends ThreadOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes the thread; the default runs store-thread. */
  readonly spawn?: (options: ThreadOptions) => Worker;
}

interface Waiting {
  readonly job: Job;
  readonly resolve: (result: JobResult) => void;
}

const MAX_BATCH = 128;
const RESTART_MS = 1_000;
const FAILED: { readonly [Type in keyof Jobs]: Jobs[Type]["result"] } = {
  put: { accepted: false, reason: "error: the relay's store has failed", lid: null },
  check: false,
  page: null,
  headers: null,
  epoch: null,
  records: null,
  missing: null,
  sweep: 0,
};

/** Starts store-thread. */
export function spawnStoreThread({ folder, maxBytes }: ThreadOptions): Worker {
  // The extension is .ts from source and .js once built.
  const file = new URL(`./store-thread${extname(import.meta.url)}`, import.meta.url);
  // Flags such as --eval are the main thread's own.
  return new Worker(file, { execArgv: [], workerData: { folder, maxBytes } satisfies ThreadOptions });
}

export class StoreClient {
  readonly #options: StoreClientOptions;
  /** null while a thread is being replaced. */
  #worker: Worker | null = null;
  #queue: Waiting[] = [];
  #working: Waiting[] = [];
  #closing = false;

  private constructor(options: StoreClientOptions) {
    this.#options = options;
  }

  /** Starts the thread. Throws InternalError `relay_store_unusable` when it cannot open the store. */
  static async open(options: StoreClientOptions): Promise<StoreClient> {
    const client = new StoreClient(options);
    client.#attend(await startThread(options));
    return client;
  }

  /** Verifies and stores an event; resolves when it is on disk, or refused. */
  put(json: string): Promise<Outcome> {
    return this.#ask({ type: "put", json });
  }

  /** Is the event its author's? */
  check(json: string): Promise<boolean> {
    return this.#ask({ type: "check", json });
  }

  /** A page of stored events, or null when the store failed. */
  page(request: PageRequest): Promise<Page | null> {
    return this.#ask({ type: "page", request });
  }

  /** The next headers of cells, or null when the store failed. */
  headers(request: HeaderPageRequest): Promise<HeaderPage | null> {
    return this.#ask({ type: "headers", request });
  }

  /** The next cells of an epoch, or null when the store failed. */
  epoch(request: EpochPageRequest): Promise<EpochPage | null> {
    return this.#ask({ type: "epoch", request });
  }

  /** The records of the cells with these ids, n * 32 bytes, in their order; null when one is not there any more. */
  records(ids: Uint8Array): Promise<Uint8Array | null> {
    return this.#ask({ type: "records", ids });
  }

  /** Those of these ids (hex) that are not stored, or null when the store failed. */
  missing(ids: readonly string[]): Promise<string[] | null> {
    return this.#ask({ type: "missing", ids });
  }

  /** Removes expired events; resolves to their number. */
  sweep(): Promise<number> {
    return this.#ask({ type: "sweep" });
  }

  /** Finishes what waits, closes the store and ends the thread. */
  async close(): Promise<void> {
    await this.sweep();
    this.#closing = true;
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage("close");
    await ended;
  }

  #ask<Type extends keyof Jobs>(job: { type: Type } & Jobs[Type]["input"]): Promise<Jobs[Type]["result"]> {
    if (this.#closing) return Promise.resolve(FAILED[job.type]);
    return new Promise<JobResult>((resolve) => {
      this.#queue.push({ job: job as Job, resolve });
      // At the end of the tick, so that everything that one read of the sockets brought goes together.
      setImmediate(() => this.#send());
    });
  }

  #send(): void {
    if (!this.#worker || this.#working.length > 0 || this.#queue.length === 0) return;
    this.#working = this.#queue.splice(0, MAX_BATCH);
    const nowS = Math.floor(this.#options.clock.nowMs() / 1000);
    this.#worker.postMessage({ nowS, jobs: this.#working.map(({ job }) => job) } satisfies Batch);
  }

  #attend(worker: Worker): void {
    this.#worker = worker;
    worker.on("message", (message: ThreadMessage) => this.#settle(message));
    worker.once("exit", () => void this.#replace());
    this.#send();
  }

  #settle(message: ThreadMessage): void {
    if (message.type !== "results") return;
    if (message.failures.length > 0) this.#options.log.error({ codes: message.failures }, "the store failed");
    const done = this.#working;
    this.#working = [];
    this.#send();
    for (const [index, { resolve }] of done.entries()) resolve(message.results[index] as JobResult);
  }

  async #replace(): Promise<void> {
    if (this.#closing) return;
    this.#worker = null;
    this.#options.log.error({ jobs: this.#working.length }, "the store thread died; starting another");
    fail(this.#working.splice(0));
    try {
      this.#attend(await startThread(this.#options));
    } catch {
      fail(this.#queue.splice(0));
      setTimeout(() => void this.#replace(), RESTART_MS).unref();
    }
  }
}

function fail(waiting: readonly Waiting[]): void {
  for (const { job, resolve } of waiting) resolve(FAILED[job.type]);
}

/** A thread that has opened the store. */
function startThread(options: StoreClientOptions): Promise<Worker> {
  const worker = (options.spawn ?? spawnStoreThread)(options);
  return new Promise((resolve, reject) => {
    const die = (cause?: unknown): void =>
      reject(new InternalError("relay_store_thread", "The relay's store thread has failed.", { cause }));
    worker.on("error", die);
    worker.once("exit", () => die());
    worker.once("message", (message: ThreadMessage) => {
      if (message.type === "ready") return resolve(worker);
      if (message.type !== "unusable") return;
      const { code, hint } = message;
      reject(new InternalError(code, message.message, hint === undefined ? {} : { hint }));
    });
  });
}
