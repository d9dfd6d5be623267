/** How the table of operators is sorted and turned, and which of them is pointed at in it and in the picture. */
import type { AgentPeer } from "../../src/api/contract.ts";
import { type Store, createStore } from "./store.ts";

export type PeerColumn = "operator" | "depth" | "weight" | "verified" | "accuracy";

export interface PeersShown {
  readonly column: PeerColumn;
  readonly descending: boolean;
  /** From 0. */
  readonly page: number;
  readonly pointed: string | null;
}

export const peersStore: Store<PeersShown> = createStore<PeersShown>({
  column: "depth",
  descending: false,
  page: 0,
  pointed: null,
});

/** Numbers are of interest from the largest on; names, and steps from the genesis, from the first one. */
const FROM_LARGEST: ReadonlySet<PeerColumn> = new Set<PeerColumn>(["weight", "verified", "accuracy"]);

/** Once more by the same column turns the order round. */
export function sortPeersBy(column: PeerColumn): void {
  const shown = peersStore.get();
  const descending = shown.column === column ? !shown.descending : FROM_LARGEST.has(column);
  peersStore.set({ ...shown, column, descending, page: 0 });
}

export function turnPeers(page: number): void {
  peersStore.set({ ...peersStore.get(), page });
}

/** Null: none. */
export function pointAtPeer(pointed: string | null): void {
  peersStore.set({ ...peersStore.get(), pointed });
}

const ORDERS: Record<PeerColumn, (a: AgentPeer, b: AgentPeer) => number> = {
  operator: (a, b) => compare(a.label ?? a.operator, b.label ?? b.operator),
  depth: (a, b) => a.depth - b.depth,
  weight: (a, b) => a.weight - b.weight,
  verified: (a, b) => a.verified - b.verified,
  accuracy: (a, b) => a.accuracy - b.accuracy,
};

/** Equal ones by their keys, whichever way the column goes. */
export function sortedPeers(
  peers: readonly AgentPeer[],
  { column, descending }: Pick<PeersShown, "column" | "descending">,
): AgentPeer[] {
  const sign = descending ? -1 : 1;
  return peers.toSorted((a, b) => sign * ORDERS[column](a, b) || compare(a.operator, b.operator));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
