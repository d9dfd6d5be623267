/**
 * Which leaves a machine is asked for in an audit: some of all that it holds, each with the same chance, chosen anew and
 * told only then, so that nobody can keep just those that will be asked for.
 *
 *   P(a machine that lost a share f of its leaves is found) = 1 - (1 - f)^n        n = 300: 95 % at f = 1 %
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBelow } from "../../core/random.ts";
import { type FragmentId, leafCount } from "../pieces/fragment-tree.ts";

export interface HeldFragment {
  readonly id: FragmentId;
  readonly bytes: number;
}

export interface Question extends HeldFragment {
  /** Rising, each once. */
  readonly leaves: readonly number[];
}

/**
 * Up to `most` different leaves of `held`, by fragment; all of them if there are no more. At most 2^32 leaves (16 TiB) can
 * be held.
 */
export function chooseQuestions(held: readonly HeldFragment[], most: number = MESH_LIMITS.auditLeaves): Question[] {
  const ends: number[] = [];
  for (const { bytes } of held) ends.push((ends.at(-1) ?? 0) + leafCount(bytes));
  const all = ends.at(-1) ?? 0;
  const asked = new Map<number, number[]>();
  for (const leaf of distinct(Math.min(most, all), all)) {
    const place = firstBeyond(ends, leaf);
    asked.set(place, [...(asked.get(place) ?? []), leaf - (ends[place - 1] ?? 0)]);
  }
  return [...asked].map(([place, leaves]) => ({ ...(held[place] as HeldFragment), leaves }));
}

/** `count` different numbers below `all`, rising, each set as likely as any other (Floyd's method: Bentley 1987, CACM 30(9)). */
function distinct(count: number, all: number): number[] {
  const chosen = new Set<number>();
  for (let last = all - count; last < all; last++) {
    const one = randomBelow(last + 1);
    chosen.add(chosen.has(one) ? last : one);
  }
  return [...chosen].sort((a, b) => a - b);
}

/** The place of the first of the rising `ends` that is greater than `value`. */
function firstBeyond(ends: readonly number[], value: number): number {
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
