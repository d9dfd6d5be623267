/**
 * Sums over all leases, kept in memory because a node is asked for them with every offer, and made anew from the rows
 * when it starts.
 *
 *   a fragment is   kept, if any owner keeps it  >  in the trash, if any lease of it is there  >  not there
 */
import type { OwnerId } from "../node-id.ts";

/** What a lease is, or the best of several. */
export type LeaseState = "kept" | "trashed" | "none";

/** What became of one lease. */
export interface LeaseChange {
  readonly owner: OwnerId;
  /** Bytes of the disk that its fragment takes. */
  readonly diskBytes: number;
  readonly from: LeaseState;
  readonly to: LeaseState;
  /** The best of all other leases of that fragment. */
  readonly others: LeaseState;
}

export class LeaseTotals {
  readonly #owners = new Map<OwnerId, { fragments: number; bytes: number }>();
  #fragments = 0;
  #trashBytes = 0;

  /** Fragments that somebody keeps. */
  get fragments(): number {
    return this.#fragments;
  }

  /** Bytes of the disk that fragments take that nobody keeps. */
  get trashBytes(): number {
    return this.#trashBytes;
  }

  /** Who keeps something. */
  get owners(): number {
    return this.#owners.size;
  }

  /** Bytes of the disk that what this owner keeps takes; what several keep counts for each. */
  usedBy(owner: OwnerId): number {
    return this.#owners.get(owner)?.bytes ?? 0;
  }

  apply({ owner, diskBytes, from, to, others }: LeaseChange): void {
    const difference = (state: LeaseState, after: LeaseState, before: LeaseState): number =>
      Number(after === state) - Number(before === state);
    this.#countOwner(owner, difference("kept", to, from), diskBytes);
    const [before, after] = [better(from, others), better(to, others)];
    this.#fragments += difference("kept", after, before);
    this.#trashBytes += difference("trashed", after, before) * diskBytes;
  }

  #countOwner(owner: OwnerId, change: number, diskBytes: number): void {
    if (change === 0) return;
    const { fragments, bytes } = this.#owners.get(owner) ?? { fragments: 0, bytes: 0 };
    if (fragments + change === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, { fragments: fragments + change, bytes: bytes + change * diskBytes });
  }
}

export function better(a: LeaseState, b: LeaseState): LeaseState {
  if (a === "kept" || b === "kept") return "kept";
  return a === "trashed" || b === "trashed" ? "trashed" : "none";
}
