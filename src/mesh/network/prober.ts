/**
 * Asks machines whether they are there when nobody else asked them anything, so that uptime is measured without traffic.
 *
 *   every minute   those that were not asked for an hour, the longest first   -> ping, a few at a time -> roster.heard
 *
 * A node asks all that it knows. A client asks only those that hold its fragments: it is a guest, and whom it asks could
 * tell when its person is awake.
 */
import type { Timers } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { NodeId } from "../node-id.ts";
import type { NodeRoster } from "./roster.ts";

export interface ProberTools {
  readonly roster: NodeRoster;
  /** Whether it answered. Never throws. */
  readonly ping: (id: NodeId, signal: AbortSignal) => Promise<boolean>;
  /** False: only those that are watched. */
  readonly serves: boolean;
  readonly timers: Timers;
}

export class Prober {
  readonly #tools: ProberTools;
  readonly #stopped = new AbortController();
  #cancel: () => void = () => {};

  constructor(tools: ProberTools) {
    this.#tools = tools;
    this.#next();
  }

  close(): void {
    this.#stopped.abort();
    this.#cancel();
  }

  /** One round. */
  async run(): Promise<void> {
    const { roster, serves } = this.#tools;
    roster.awake();
    const due = roster.due(MESH_LIMITS.probesPerTick, serves ? null : roster.watched);
    await Promise.all(Array.from({ length: MESH_LIMITS.probes }, () => this.#work(due)));
  }

  async #work(due: NodeId[]): Promise<void> {
    for (let id = due.shift(); id !== undefined && !this.#stopped.signal.aborted; id = due.shift()) {
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(MESH_LIMITS.dialMs)]);
      const answered = await this.#tools.ping(id, signal);
      if (!this.#stopped.signal.aborted) this.#tools.roster.heard(id, answered);
    }
  }

  #next(): void {
    this.#cancel = this.#tools.timers.schedule(() => {
      void this.run().finally(() => {
        if (!this.#stopped.signal.aborted) this.#next();
      });
    }, MESH_LIMITS.probeTickMs);
  }
}
