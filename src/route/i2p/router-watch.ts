/**
 * Whether the I2P router of this machine is there and answers: it is greeted every few seconds, because one that hangs
 * keeps its connections open and says nothing.
 *
 *   unknown -> absent: nothing listens | silent: it takes the connection, and no greeting | answers
 *
 * Not ours: it is neither started nor ended from here.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { retryDelayMs } from "../backoff.ts";
import { openSam, type SamPlace } from "./sam-client.ts";

export type RouterState = "unknown" | "absent" | "silent" | "answers";

export interface RouterWatchOptions {
  readonly place: SamPlace;
  readonly changed: () => void;
}

export class RouterWatch {
  readonly #o: RouterWatchOptions;
  #state: RouterState = "unknown";
  #isKnown = false;
  #running: AbortController | null = null;
  #wake: () => void = () => {};
  readonly #waiting = new Set<() => void>();

  constructor(options: RouterWatchOptions) {
    this.#o = options;
  }

  get state(): RouterState {
    return this.#state;
  }

  /** Whether it has answered before, so that it is gone now, rather than never installed. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  start(): void {
    if (this.#running) return;
    this.#running = new AbortController();
    void this.#run(this.#running.signal);
  }

  stop(): void {
    this.#running?.abort();
    this.#running = null;
    this.#isKnown = false;
    this.#set("unknown");
  }

  /** A connection to it was lost: it is not known what it does until it was looked at, which happens at once. */
  doubt(): void {
    if (!this.#running) return;
    this.#set("unknown");
    this.#wake();
  }

  /** Resolves when it answers. Throws the signal's reason. */
  async answering(signal: AbortSignal): Promise<void> {
    while (this.#state !== "answers") {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      await promise;
      this.#waiting.delete(wake);
      signal.removeEventListener("abort", wake);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { limits } = this.#o.place;
    for (let misses = 0; !signal.aborted; ) {
      const state = await this.#probe(signal);
      if (signal.aborted) return;
      misses = state === "answers" ? 0 : misses + 1;
      this.#isKnown ||= state === "answers";
      this.#set(state);
      // One that was there is back soon; one that never was costs little.
      const restMs = this.#isKnown ? limits.probeMs : retryDelayMs(misses - 1, limits.retryMs, limits.retryMaxMs);
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await sleep(restMs, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => {});
    }
  }

  async #probe(signal: AbortSignal): Promise<RouterState> {
    const { place } = this.#o;
    try {
      const limits = { ...place.limits, answerMs: place.limits.probeAnswerMs };
      (await openSam({ ...place, limits }, signal)).close();
      return "answers";
    } catch (error) {
      return (error as { code?: unknown }).code === "sam_absent" ? "absent" : "silent";
    }
  }

  #set(state: RouterState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const wake of this.#waiting) wake();
    this.#o.changed();
  }
}
