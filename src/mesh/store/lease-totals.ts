/**
 * Sums over all leases, kept in memory because a node is asked for them with every offer, and made anew from the rows
 * when it starts.
 *
 *   a fragment is   kept, if any owner keeps it  >  in the trash, if any lease of it is there  >  not there
 *   an owner takes  all that it has a lease of, in the trash too: whoever stores and drops in turn would else fill the disk
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

interface OwnerTotals {
  /** Fragments that it keeps, and that it has a lease of. */
  readonly kept: number;
  readonly leases: number;
  /** Of the disk, of all that it has a lease of. */
  readonly bytes: number;
}

export class LeaseTotals {
  readonly #owners = new Map<OwnerId, OwnerTotals>();
  #keepers = 0;
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
    return this.#keepers;
  }

  /** Bytes of the disk that all takes which this owner keeps or has in the trash; what several have counts for each. */
  usedBy(owner: OwnerId): number {
    return this.#owners.get(owner)?.bytes ?? 0;
  }

  apply({ owner, diskBytes, from, to, others }: LeaseChange): void {
    const leases = Number(to !== "none") - Number(from !== "none");
    this.#countOwner(owner, { kept: difference("kept", to, from), leases, bytes: leases * diskBytes });
    const [before, after] = [better(from, others), better(to, others)];
    this.#fragments += difference("kept", after, before);
    this.#trashBytes += difference("trashed", after, before) * diskBytes;
  }

  #countOwner(owner: OwnerId, change: OwnerTotals): void {
    const before = this.#owners.get(owner) ?? { kept: 0, leases: 0, bytes: 0 };
    const after = {
      kept: before.kept + change.kept,
      leases: before.leases + change.leases,
      bytes: before.bytes + change.bytes,
    };
    this.#keepers += Number(after.kept > 0) - Number(before.kept > 0);
    if (after.leases === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, after);
  }
}

function difference(state: LeaseState, after: LeaseState, before: LeaseState): number {
  return Number(after === state) - Number(before === state);
}

export function better(a: LeaseState, b: LeaseState): LeaseState {
  if (a === "kept" || b === "kept") return "kept";
  return a === "trashed" || b === "trashed" ? "trashed" : "none";
}
