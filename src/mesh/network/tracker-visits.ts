/** Goes by a tracker now and then: says that this node is there, and takes over who else is. What fails is tried again next time. */
import type { Timers } from "../../core/clock.ts";
import type { Fetch } from "../../core/fetch.ts";
import { toNocturneError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { MeshNetwork } from "./mesh-network.ts";
import { askTracker, tellTracker } from "./tracker.ts";

export interface TrackerVisitsOptions {
  readonly url: string;
  /** Whether this is a node that others are to find. */
  readonly tells: boolean;
  /** By the route. */
  readonly fetch: Fetch;
  readonly network: Pick<MeshNetwork, "announcement" | "introduce">;
  readonly timers: Timers;
  readonly log: Logger;
}

export class TrackerVisits {
  readonly #o: TrackerVisitsOptions;
  #isClosed = false;
  #cancel: () => void = () => {};
  #visit: Promise<void>;

  /** The first visit begins at once. */
  constructor(options: TrackerVisitsOptions) {
    this.#o = options;
    this.#visit = this.#go();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#visit;
  }

  async #go(): Promise<void> {
    const { url, tells, fetch, network, timers, log } = this.#o;
    let hasTold = !tells;
    try {
      const own = network.announcement();
      if (own) await tellTracker(url, fetch, own);
      hasTold ||= own !== null;
      await network.introduce(await askTracker(url, fetch));
    } catch (error) {
      log.warn({ code: toNocturneError(error).code }, "the tracker could not be asked");
    }
    if (this.#isClosed) return;
    // A node has nothing to say of itself until it has listened for a moment.
    const waitMs = hasTold ? MESH_LIMITS.trackerVisitMs : MESH_LIMITS.meetMs;
    this.#cancel = timers.schedule(() => {
      this.#visit = this.#go();
    }, waitMs);
  }
}
