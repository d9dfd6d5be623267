/**
 * Of too many things the ones that a digest names: by rank, and so that no operator alone fills a list.
 *
 *   ranked: a1 a2 a3 b1 a4 c1, room for four, a share of two ──> a1 a2 b1 c1
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId } from "../agent-ids.ts";

export type Compare<T> = (a: T, b: T) => number;

/** What stands in a list, and who alone is behind it: null for several. */
export interface Placed<T> {
  readonly thing: T;
  readonly by: OperatorId | null;
}

/** The first `most` in rank. Who has more than his share is taken again where there is room. */
export function firstFairly<T>(all: readonly Placed<T>[], compare: Compare<T>, most: number): T[] {
  const ranked = all.toSorted((a, b) => compare(a.thing, b.thing));
  const counts = new Map<OperatorId, number>();
  const isWithin = ranked.map(({ by }) => {
    const count = by === null ? 0 : (counts.get(by) ?? 0) + 1;
    if (by !== null) counts.set(by, count);
    return count <= AGENT_LIMITS.digestShare;
  });
  const within = ranked.filter((_, i) => isWithin[i]);
  const beyond = ranked.filter((_, i) => !isWithin[i]);
  return [...within, ...beyond]
    .slice(0, most)
    .map(({ thing }) => thing)
    .sort(compare);
}

/** Of code units, the same everywhere: names and ids are ASCII. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
