/**
 * What all connections of a node's exchange have in memory together, of bytes that wait: frames that come and were not used
 * yet, questions that were not answered, frames that the other side does not take.
 *
 *   a quarter of heldBytes   frames become short; where it is our turn, nothing more is read before what came was used
 *   all of it                the connection is left whose bytes have waited for longest
 *
 * The credit bounds one connection. As many as there may be, all of them slow, would take more than a small machine has.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

export interface Holder {
  close(): void;
}

export class HeldMemory {
  readonly #onLeft: () => void;
  /** Those whose bytes have changed longest ago come first. */
  readonly #held = new Map<Holder, number>();
  readonly #left = new WeakSet<Holder>();
  #total = 0;

  /** `onLeft` is told of each that is left. */
  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  get isScarce(): boolean {
    return this.#total > MESH_LIMITS.heldBytes / 4;
  }

  /** It has so many now. Does nothing for one that was left. */
  hold(holder: Holder, bytes: number): void {
    const before = this.#held.get(holder) ?? 0;
    if (bytes === before || this.#left.has(holder)) return;
    this.#held.delete(holder);
    if (bytes > 0) this.#held.set(holder, bytes);
    this.#total += bytes - before;
    while (this.#total > MESH_LIMITS.heldBytes) this.#leaveSlowest();
  }

  /** It has ended. */
  leave(holder: Holder): void {
    this.#left.add(holder);
    this.#total -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }

  #leaveSlowest(): void {
    const slowest = this.#held.keys().next().value as Holder;
    this.leave(slowest);
    this.#onLeft();
    slowest.close();
  }
}
