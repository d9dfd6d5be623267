/**
 * Where the nodes of the mesh stand in their picture. Pure, and the same for the same nodes.
 *
 *            (  o )         a circle: machines that may fail together; those with something of yours are nearest
 *      (o o)   [you]  ( x )
 *            ( o )          a dot: a node, larger the more room it has
 *
 * Lengths are units of the picture, whose middle is this machine at 0, 0.
 */
import type { MeshNodeView } from "../../src/api/contract.ts";
import { stepIn } from "./step-keys.ts";

export interface MapNode {
  readonly node: MeshNodeView;
  readonly x: number;
  readonly y: number;
  readonly r: number;
}

export interface MapDomain {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly r: number;
  readonly nodes: readonly MapNode[];
}

export interface MeshMap {
  /** What of the picture's plane is to be shown. */
  readonly view: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly domains: readonly MapDomain[];
  /** Nodes that are in the table alone. */
  readonly left: number;
}

/** More dots than these cannot be told apart, least of all on a telephone. */
const DOTS = 120;
const HOME = 26;
/** Half of it: few nodes are not drawn larger than life. */
const LEAST_REACH = 140;
const GAP = 5;
const EDGE = 8;
const DOT = 4.5;
const DOT_MAX = 10;
const PITCH = 2 * DOT_MAX + 8;
const GIGABYTE = 1_000_000_000;
const GOLDEN = Math.PI * (3 - Math.sqrt(5));
const STEP = 5;
const DIRECTIONS = 36;

export function drawMesh(nodes: readonly MeshNodeView[]): MeshMap {
  const shown = nodes.toSorted(byWeight).slice(0, DOTS);
  const domains: MapDomain[] = [];
  for (const group of groupsOf(shown)) domains.push(placed(group, domains));
  return { view: viewOf(domains), domains, left: nodes.length - shown.length };
}

/** All of it, and no more: without much room above and below. */
function viewOf(domains: readonly MapDomain[]): MeshMap["view"] {
  const ends = (along: "x" | "y", least: number): [number, number] => {
    const from = domains.map((one) => one[along] - one.r - EDGE);
    const to = domains.map((one) => one[along] + one.r + EDGE);
    return [Math.min(-least, ...from), Math.max(least, ...to)];
  };
  const [[x, right], [y, foot]] = [ends("x", LEAST_REACH), ends("y", HOME)];
  return { x, y, width: right - x, height: foot - y };
}

/** Nodes with something of yours, then those with more room. */
function byWeight(a: MeshNodeView, b: MeshNodeView): number {
  return Number(b.fragments > 0) - Number(a.fragments > 0) || b.roomBytes - a.roomBytes || (a.id < b.id ? -1 : 1);
}

/** By domain; nearest to the middle those that have something of yours, then the larger ones. */
function groupsOf(nodes: readonly MeshNodeView[]): MeshNodeView[][] {
  const domains = Map.groupBy(nodes, ({ domain }) => domain);
  const names = [...domains.keys()].toSorted();
  const holds = (group: readonly MeshNodeView[]): number => Number(group.some(({ fragments }) => fragments > 0));
  return names
    .map((name) => domains.get(name) as MeshNodeView[])
    .toSorted((a, b) => holds(b) - holds(a) || b.length - a.length);
}

function dotRadius(roomBytes: number): number {
  return Math.min(DOT_MAX, DOT + 0.8 * Math.log2(1 + roomBytes / GIGABYTE));
}

/** In a spiral like the seeds of a sunflower: round for any number, and no two touch. */
function packed(group: readonly MeshNodeView[]): { nodes: MapNode[]; r: number } {
  const nodes = group.map((node, i) => {
    const distance = group.length === 1 ? 0 : PITCH * 0.62 * Math.sqrt(i + 0.5);
    const angle = i * GOLDEN;
    return { node, x: distance * Math.cos(angle), y: distance * Math.sin(angle), r: dotRadius(node.roomBytes) };
  });
  return { nodes, r: Math.max(...nodes.map(({ x, y, r }) => Math.hypot(x, y) + r)) + GAP };
}

/** The nearest free place to the middle; each group begins to look in another direction. */
function placed(group: readonly MeshNodeView[], others: readonly MapDomain[]): MapDomain {
  const { nodes, r } = packed(group);
  const begin = others.length * GOLDEN - Math.PI / 2;
  for (let distance = HOME + GAP + r; ; distance += STEP) {
    for (let i = 0; i < DIRECTIONS; i++) {
      const angle = begin + (i * 2 * Math.PI) / DIRECTIONS;
      const [x, y] = [distance * Math.cos(angle), distance * Math.sin(angle)];
      if (others.some((one) => Math.hypot(x - one.x, y - one.y) < r + one.r + GAP)) continue;
      const moved = nodes.map((one) => ({ ...one, x: x + one.x, y: y + one.y }));
      return { name: group[0]?.domain ?? "", x, y, r, nodes: moved };
    }
  }
}

/** The node that an arrow key leads to, in the order of the picture; see `stepIn`. */
export function stepTo({ domains }: Pick<MeshMap, "domains">, from: string | null, key: string): string | null {
  const ids = domains.flatMap(({ nodes }) => nodes.map(({ node }) => node.id));
  return stepIn(ids, from, key);
}
