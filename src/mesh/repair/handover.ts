/**
 * How a node leaves: it says so, goes on serving, and waits until the owners and carers of what it holds have brought that
 * to other nodes.
 *
 *   leaving node   announces "leaving", with no room ----> carers: its fragments do not count, and are copied at once
 *                  counts what is left            <---- "released": these are kept elsewhere, by the owner or a carer of hers
 *                  none left, or leaveMs is over -> it may go
 *
 * It stores nothing elsewhere itself: it has no right to, and nobody would find it there. Whoever says "released" speaks for
 * one owner's fragments alone, and nothing is erased for it: a lie shortens the waiting for that owner's own fragments.
 * What nobody cares for stays until the time is over, and is then as lost as the fragments of a node that fails.
 */
import type { Clock, Timers } from "../../core/clock.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import type { OwnerId } from "../node-id.ts";
import type { LeaveProgress } from "../operator-status.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type { FragmentDisk, HeldLease } from "../rooms.ts";

export interface LeaveOptions {
  readonly disk: Pick<FragmentDisk, "list" | "held">;
  /** Says to everybody that this node leaves, and takes nothing more. */
  readonly announce: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
}

export class Leave {
  readonly #o: LeaveOptions;
  readonly #released = new Set<string>();

  constructor(options: LeaveOptions) {
    this.#o = options;
  }

  /** The owner, or a carer with her certificate, says that these are kept elsewhere. What is not hers here is not noted. */
  released(owner: OwnerId, ids: readonly FragmentId[]): void {
    for (const lease of this.#o.disk.held(owner, ids)) this.#released.add(nameOf(lease));
  }

  /**
   * Tells how far it is whenever it looks, and ends when nothing is left, or MESH_LIMITS.leaveMs is over; what it told last
   * is then what others lose. Throws the signal's reason, and what `announce` throws.
   */
  async *run(signal: AbortSignal): AsyncGenerator<LeaveProgress, void, undefined> {
    const { announce, clock } = this.#o;
    const untilMs = clock.nowMs() + MESH_LIMITS.leaveMs;
    const total = this.#left();
    yield { left: total, total };
    if (total > 0) await announce(signal);
    for (let left = total; left > 0 && clock.nowMs() < untilMs; ) {
      await this.#wait(signal);
      left = this.#left();
      yield { left, total: Math.max(left, total) };
    }
  }

  #left(): number {
    let left = 0;
    let after: FragmentId | null = null;
    for (let isMore = true; isMore; ) {
      const page: HeldLease[] = this.#o.disk.list(after, MESH_LIMITS.leavePage);
      left += page.filter((lease) => !this.#released.has(nameOf(lease))).length;
      after = page.at(-1)?.id ?? null;
      isMore = page.length === MESH_LIMITS.leavePage;
    }
    return left;
  }

  async #wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel = this.#o.timers.schedule(resolve, MESH_LIMITS.leaveTickMs);
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      cancel();
      signal.removeEventListener("abort", abort);
    }
  }
}

function nameOf({ owner, id }: Pick<HeldLease, "owner" | "id">): string {
  return `${owner} ${id}`;
}
