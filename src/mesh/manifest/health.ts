/**
 * How well an object is: what is left of each segment, what is to be repaired first, and what more could be lost.
 *
 *   segment   fragments whose node counts (`placement/node-state.ts`) are left; margin = left - k, below 0: cannot be read now
 *   repair    margin low enough (`placement/redundancy.ts`), and not all there; the lowest margin first
 *   fatal     the fewest nodes whose loss makes some segment unreadable: of a segment, its nodes by how many fragments they
 *             have, the most first, until fewer than k are left. No other choice of as many nodes takes more.
 */
import { type Redundancy, repairThreshold } from "../placement/redundancy.ts";
import type { NodeId } from "../node-id.ts";
import type { LocatedSegment, Locator } from "./locator.ts";

export interface SegmentHealth {
  /** Number of the segment. */
  readonly segment: number;
  /** Fragments that are left. */
  readonly left: number;
  /** How many more may be lost; below 0 the segment cannot be read now. */
  readonly margin: number;
}

export interface ObjectHealth {
  /** In order. */
  readonly segments: readonly SegmentHealth[];
  /** The one with the lowest margin. */
  readonly worst: SegmentHealth;
  /** The fewest further nodes whose loss makes it unreadable: it survives the loss of any one less. 0: it cannot be read now. */
  readonly fatalLosses: number;
  /** What is to be repaired, in this order. */
  readonly due: readonly SegmentHealth[];
}

/** `counts`: whether a fragment at this node counts; asked once a node. */
export function healthOf(locator: Locator, counts: (node: NodeId) => boolean): ObjectHealth {
  const isCounted = locator.nodes.map(counts);
  const segments = locator.segments.map(({ fragments }, segment) => {
    const left = fragments.filter(({ node }) => node !== null && isCounted[node]).length;
    return { segment, left, margin: left - locator.needed };
  });
  const byMargin = segments.toSorted((a, b) => a.margin - b.margin);
  const losses = locator.segments.map((segment) => fatalLossesOf(segment, locator.needed, isCounted));
  return {
    segments,
    worst: byMargin[0] as SegmentHealth,
    fatalLosses: losses.reduce((least, one) => Math.min(least, one)),
    due: byMargin.filter(({ left }) => isDue(left, locator)),
  };
}

/** A segment with all its fragments is as good as it gets, however few those are. */
function isDue(left: number, shape: Pick<Redundancy, "needed" | "total">): boolean {
  return left < shape.total && left <= repairThreshold(shape);
}

function fatalLossesOf({ fragments }: LocatedSegment, needed: number, isCounted: readonly boolean[]): number {
  const held = new Map<number, number>();
  for (const { node } of fragments) {
    if (node !== null && isCounted[node]) held.set(node, (held.get(node) ?? 0) + 1);
  }
  const mostFirst = [...held.values()].toSorted((a, b) => b - a);
  let left = mostFirst.reduce((sum, count) => sum + count, 0);
  let losses = 0;
  while (left >= needed) left -= mostFirst[losses++] as number;
  return losses;
}
