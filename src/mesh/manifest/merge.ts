/**
 * One locator out of two: the owner and several carers repair an object at the same time, each knowing nothing of the others.
 *
 *   fragment   a: on X, lost    b: on Y, up        -> Y
 *              a: on X, up      b: no place        -> X
 *              a: on X, up      b: on Y, up        -> the lower id, so that all who merge agree
 *
 * Each fragment's place is the highest in one total order, so it does not matter who merges what first, or how often.
 */
import type { NodeId } from "../node-id.ts";
import { createLocator, type LocatedFragment, type Locator, nodeOf } from "./locator.ts";

/** Whether both are of one object: of the same size, coded in the same way, with the same fragments. */
export function isSameObject(a: Locator, b: Locator): boolean {
  if (a.bytes !== b.bytes || a.needed !== b.needed || a.total !== b.total) return false;
  return a.segments.every(({ fragments }, s) => fragments.every(({ id }, i) => id === b.segments[s]?.fragments[i]?.id));
}

/** Of each fragment the better of its two places. `counts`: whether a fragment at this node counts. Null if they are of two objects. */
export function mergeLocators(a: Locator, b: Locator, counts: (node: NodeId) => boolean): Locator | null {
  if (!isSameObject(a, b)) return null;
  // Asked once a node, so that one answer holds for the whole merge.
  const counted = new Set([...a.nodes, ...b.nodes].filter(counts));
  const segments = a.segments.map(({ fragments }, s) =>
    fragments.map((fragment, i) => {
      const other = b.segments[s]?.fragments[i] as LocatedFragment;
      return { id: fragment.id, node: betterPlace(nodeOf(a, fragment), nodeOf(b, other), counted) };
    }),
  );
  return createLocator(a, segments);
}

function betterPlace(a: NodeId | null, b: NodeId | null, counted: ReadonlySet<NodeId>): NodeId | null {
  if (a === null || b === null) return a ?? b;
  if (counted.has(a) !== counted.has(b)) return counted.has(a) ? a : b;
  return a < b ? a : b;
}
