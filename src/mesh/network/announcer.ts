/**
 * Says that this node is there: at the start, when something changed, and every MESH_LIMITS.announceMs.
 *
 *   change() -> as soon as MESH_LIMITS.announceLeastMs have passed since the last time -> sign -> gossip
 *
 * While nobody is there to hear it, it is said again as soon as somebody is. Its number is its time, and both go on from the
 * last one where the clock went back: a number above its time is none that others believe.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Clock, Timers } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { type Announcement, signAnnouncement } from "./announcement.ts";
import { keepNumber, keptNumber } from "./network-database.ts";

export interface AnnouncerTools {
  readonly key: SignatureKeyPair;
  readonly db: DatabaseSync;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** What there is to say now. */
  readonly say: () => Omit<Announcement, "id" | "sequence" | "madeAtMs">;
  /** Tells it to all; false if nobody was there. */
  readonly publish: (announcement: Uint8Array) => Promise<boolean>;
}

export class Announcer {
  readonly #tools: AnnouncerTools;
  #cancel: (() => void) | null = null;
  #dueMs = Number.POSITIVE_INFINITY;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #isHeard = false;
  #closed = false;

  constructor(tools: AnnouncerTools) {
    this.#tools = tools;
  }

  /** Something changed, and is to be said soon. */
  change(): void {
    this.#schedule(Math.max(1, this.#saidAtMs + MESH_LIMITS.announceLeastMs - this.#tools.clock.nowMs()));
  }

  /** Somebody is there who listens. */
  listenerCame(): void {
    if (!this.#isHeard) this.#schedule(1);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #schedule(delayMs: number): void {
    const dueMs = this.#tools.clock.nowMs() + delayMs;
    if (this.#closed || (this.#cancel && dueMs >= this.#dueMs)) return;
    this.#cancel?.();
    this.#dueMs = dueMs;
    this.#cancel = this.#tools.timers.schedule(() => {
      this.#cancel = null;
      void this.#announce();
    }, delayMs);
  }

  async #announce(): Promise<void> {
    const { clock, log, publish } = this.#tools;
    try {
      this.#saidAtMs = clock.nowMs();
      this.#isHeard = true; // of two that come meanwhile, one is enough
      this.#isHeard = await publish(this.#sign(this.#saidAtMs));
    } catch (error) {
      this.#isHeard = false;
      if (!this.#closed) log.warn({ reason: (error as Error).name }, "this node could not announce itself");
    }
    this.#schedule(MESH_LIMITS.announceMs);
  }

  #sign(nowMs: number): Uint8Array {
    const { db, key, say } = this.#tools;
    const sequence = Math.max(nowMs, keptNumber(db, "sequence") + 1);
    keepNumber(db, "sequence", sequence);
    return signAnnouncement({ ...say(), sequence, madeAtMs: sequence }, key);
  }
}
