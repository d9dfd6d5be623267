/**
 * A service of this node at an I2P address, as long as the router runs, and again when it comes back.
 *
 *   router answers -> SESSION CREATE with the key -> STREAM FORWARD -> up -> lost -> wait, and anew
 */
import { setTimeout as sleep } from "node:timers/promises";
import { retryDelayMs } from "../backoff.ts";
import { i2pSecret } from "./destination.ts";
import type { RouterWatch } from "./router-watch.ts";
import { createSession, forwardTo, type SamPlace, type SessionOptions } from "./sam-client.ts";
import { newSessionId } from "./sessions.ts";

export interface PublicationOptions {
  readonly place: SamPlace;
  readonly watch: RouterWatch;
  /** 32 bytes, kept by the caller; the address follows from them. */
  readonly seed: Uint8Array;
  /** Of 127.0.0.1, where it is served. */
  readonly localPort: number;
  readonly changed: () => void;
  /** In plain words. */
  readonly tell: (text: string) => void;
}

const OPTIONS: SessionOptions = { "i2cp.leaseSetEncType": "4" };

export class Publication {
  readonly #o: PublicationOptions;
  readonly #end = new AbortController();
  #isUp = false;

  constructor(options: PublicationOptions) {
    this.#o = options;
    void this.#run();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  close(): void {
    this.#end.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    const { watch, tell, place } = this.#o;
    for (let misses = 0; !signal.aborted; misses++) {
      try {
        await watch.answering(signal);
        await this.#serve(signal, () => (misses = 0));
        watch.doubt();
      } catch {
        if (!signal.aborted && misses === 0) tell("The I2P router did not take a service of ours; it is asked again.");
      }
      const restMs = retryDelayMs(misses, place.limits.retryMs, place.limits.retryMaxMs);
      await sleep(restMs, undefined, { signal }).catch(() => {});
    }
  }

  async #serve(signal: AbortSignal, served: () => void): Promise<void> {
    const { place, seed, localPort } = this.#o;
    const id = newSessionId();
    const session = await createSession(place, { id, secret: i2pSecret(seed), options: OPTIONS }, signal);
    const giveUp = (): void => session.close();
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      const forward = await forwardTo(place, id, localPort, signal);
      served();
      this.#set(true);
      await Promise.race([session.closed, forward.closed]);
      forward.close();
    } finally {
      signal.removeEventListener("abort", giveUp);
      session.close();
      this.#set(false);
    }
  }

  #set(isUp: boolean): void {
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    this.#o.changed();
  }
}
