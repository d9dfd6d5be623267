/**
 * The threads that seal large files, as many as the machine runs at once. All files share them; they start with the
 * first large one and end when there was none for a while.
 *
 *   begin ──> SealTask ── submit(job) waits for a place ──> thread ──> reply ── end: the threads forget the keys
 *
 * A file's descriptor must stay open until `end` has returned: only then no thread writes to it any more.
 */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { InternalError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { SealJob, SealReply, SealWork, ToSealThread } from "./seal-messages.ts";

/** One that is worked on, and one that waits so that the thread need not. */
const JOBS_PER_THREAD = 2;

export class SealThreads {
  readonly #count: number;
  #threads: SealThread[] = [];
  #tasks = 0;
  #lastId = 0;
  #jobs = 0;
  readonly #waiting: (() => void)[] = [];
  #idle: NodeJS.Timeout | undefined;

  constructor(count: number = Math.min(availableParallelism(), FILE_LIMITS.sealThreads)) {
    this.#count = count;
  }

  /** Jobs of all files that are under way at once. */
  get places(): number {
    return this.#count * JOBS_PER_THREAD;
  }

  /** Tells the threads, which are started where they are missing, of a file. The caller must `end` it. */
  begin(work: SealWork): SealTask {
    clearTimeout(this.#idle);
    this.#tasks++;
    this.#threads = this.#threads.filter((thread) => thread.isAlive);
    while (this.#threads.length < this.#count) this.#threads.push(new SealThread());
    for (const thread of this.#threads) thread.keepProcess(true);
    return new SealTask(this, [...this.#threads], ++this.#lastId, work);
  }

  /** Ends all threads, as they end by themselves when nothing was sealed for a while. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await Promise.all(this.#threads.splice(0).map((thread) => thread.terminate()));
  }

  /** Of SealTask: resolves when a job may be given to a thread; `leave` must follow. */
  async enter(): Promise<void> {
    if (this.#jobs < this.places) this.#jobs++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#jobs--;
  }

  /** Of SealTask: it has ended. */
  ended(): void {
    if (--this.#tasks > 0) return;
    for (const thread of this.#threads) thread.keepProcess(false);
    this.#idle = setTimeout(() => void this.close(), FILE_LIMITS.sealThreadIdleMs).unref();
  }
}

/** One file that threads seal. */
export class SealTask {
  readonly #owner: SealThreads;
  readonly #threads: readonly SealThread[];
  readonly #id: number;
  readonly #running = new Set<Promise<unknown>>();
  readonly #free: ArrayBuffer[] = [];
  #failure: { readonly error: unknown } | null = null;

  constructor(owner: SealThreads, threads: readonly SealThread[], id: number, work: SealWork) {
    this.#owner = owner;
    this.#threads = threads;
    this.#id = id;
    for (const thread of threads) thread.tell({ type: "begin", id, work });
  }

  /**
   * Waits for a place and gives the job to a thread; `done` settles with its reply. Throws what an earlier job of this
   * file threw: InternalError of the disk, or `seal_thread` when a thread died.
   */
  async submit(job: SealJob): Promise<{ readonly done: Promise<SealReply> }> {
    await this.#owner.enter();
    if (this.#failure) {
      this.#owner.leave();
      throw this.#failure.error;
    }
    const thread = this.#threads.reduce((best, other) => (other.jobs < best.jobs ? other : best));
    const done = this.#run(thread, job);
    this.#running.add(done);
    done.catch((error: unknown) => (this.#failure ??= { error })).finally(() => this.#running.delete(done));
    return { done };
  }

  /** Memory of an earlier job that came back, or null. */
  memory(): ArrayBuffer | null {
    return this.#free.pop() ?? null;
  }

  /** Waits for all jobs; throws what one of them threw. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure) throw this.#failure.error;
  }

  /** Waits for the jobs that were given out, whatever becomes of them, and makes the threads forget the keys. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#running);
    for (const thread of this.#threads) thread.tell({ type: "end", id: this.#id });
    this.#owner.ended();
  }

  async #run(thread: SealThread, job: SealJob): Promise<SealReply> {
    try {
      const reply = await thread.seal(this.#id, job);
      this.#free.push(reply.plain);
      if (reply.failure === null) return reply;
      const { code, message, hint } = reply.failure;
      throw new InternalError(code, message, hint === undefined ? {} : { hint });
    } finally {
      this.#owner.leave();
    }
  }
}

class SealThread {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (reply: SealReply) => void; reject: (error: unknown) => void }[] = [];
  isAlive = true;

  constructor() {
    // The extension is .ts from source and .js once built; flags such as --eval are the main thread's own.
    const file = new URL(`./seal-thread${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(file, { execArgv: [] });
    this.#worker.on("message", (reply: SealReply) => this.#waiting.shift()?.resolve(reply));
    this.#worker.on("error", () => undefined); // what follows is its exit
    this.#worker.once("exit", () => {
      this.isAlive = false;
      for (const { reject } of this.#waiting.splice(0)) reject(threadDied());
    });
  }

  /** How many wait here or are worked on. */
  get jobs(): number {
    return this.#waiting.length;
  }

  tell(message: ToSealThread): void {
    this.#worker.postMessage(message);
  }

  seal(id: number, job: SealJob): Promise<SealReply> {
    if (!this.isAlive) return Promise.reject(threadDied());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage({ type: "seal", id, job } satisfies ToSealThread, [job.plain]);
    });
  }

  /** Whether the process waits for this thread before it ends. */
  keepProcess(isNeeded: boolean): void {
    if (isNeeded) this.#worker.ref();
    else this.#worker.unref();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

function threadDied(): InternalError {
  return new InternalError("seal_thread", "A thread that seals files has ended.", { hint: "Try again." });
}
