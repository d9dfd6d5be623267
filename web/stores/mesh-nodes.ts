/** How the table of nodes is sorted and turned, and which node is pointed at in it and in the picture. */
import type { MeshNodeView } from "../../src/api/contract.ts";
import { NODE_STATES } from "../lib/mesh-words.ts";
import { type Store, createStore } from "./store.ts";

export type NodeColumn = "node" | "state" | "uptime" | "room" | "fragments" | "cares";

export interface NodesShown {
  readonly column: NodeColumn;
  readonly descending: boolean;
  /** From 0. */
  readonly page: number;
  readonly pointed: string | null;
}

export const nodesStore: Store<NodesShown> = createStore<NodesShown>({
  column: "fragments",
  descending: true,
  page: 0,
  pointed: null,
});

/** Numbers are of interest from the largest on, names and states from the first one. */
const FROM_LARGEST: ReadonlySet<NodeColumn> = new Set<NodeColumn>(["uptime", "room", "fragments", "cares"]);

/** Once more by the same column turns the order round. */
export function sortBy(column: NodeColumn): void {
  const shown = nodesStore.get();
  const descending = shown.column === column ? !shown.descending : FROM_LARGEST.has(column);
  nodesStore.set({ ...shown, column, descending, page: 0 });
}

export function turnTo(page: number): void {
  nodesStore.set({ ...nodesStore.get(), page });
}

/** Null: none. */
export function pointAt(pointed: string | null): void {
  nodesStore.set({ ...nodesStore.get(), pointed });
}

const ORDERS: Record<NodeColumn, (a: MeshNodeView, b: MeshNodeView) => number> = {
  node: (a, b) => compare(a.domain, b.domain),
  state: (a, b) => NODE_STATES.indexOf(a.state) - NODE_STATES.indexOf(b.state),
  uptime: (a, b) => a.uptime - b.uptime,
  room: (a, b) => a.roomBytes - b.roomBytes,
  fragments: (a, b) => a.fragments - b.fragments,
  cares: (a, b) => Number(a.cares) - Number(b.cares),
};

/** Equal ones by their names, whichever way the column goes. */
export function sortedNodes(
  nodes: readonly MeshNodeView[],
  { column, descending }: Pick<NodesShown, "column" | "descending">,
): MeshNodeView[] {
  const sign = descending ? -1 : 1;
  return nodes.toSorted((a, b) => sign * ORDERS[column](a, b) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** From 0; within what there is. */
  readonly page: number;
  readonly pages: number;
  /** For example "26 to 50 of 400". */
  readonly words: string;
}

/** A page that is past the end is the last one: nodes go. */
export function pageOf<T>(all: readonly T[], wanted: number, size: number): Page<T> {
  const pages = Math.max(1, Math.ceil(all.length / size));
  const page = Math.min(Math.max(wanted, 0), pages - 1);
  const items = all.slice(page * size, (page + 1) * size);
  const first = page * size + 1;
  return { items, page, pages, words: `${first} to ${first + items.length - 1} of ${all.length}` };
}
