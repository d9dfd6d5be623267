/**
 * How many fragments a segment is made into, and how many of them are enough, by how often machines were measured to be
 * reachable.
 *
 *   n   one fragment a failure domain, at most MESH_LIMITS.fragments
 *   k   the most with P(fewer than k of the n reachable) <= 1e-9, and n/2 at most: the rest is for machines that never come back
 *
 * Below MESH_LIMITS.codedDomains domains a code cannot hold that promise; then every domain gets a whole copy (k = 1).
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

export interface Redundancy {
  /** k: so many fragments give a segment back. */
  readonly needed: number;
  /** n = k + m. */
  readonly total: number;
  /** That fewer than k are reachable at a given moment, if machines fail independently. */
  readonly unavailability: number;
  /** Whether that is as small as it should be: if not, owners are told. */
  readonly holds: boolean;
}

/**
 * `uptimes`: of each failure domain its best machine's share of time in which it was reachable, 0 to 1, in any order.
 * Null if there is nobody.
 */
export function chooseRedundancy(uptimes: readonly number[]): Redundancy | null {
  const best = uptimes.toSorted((a, b) => b - a).slice(0, MESH_LIMITS.fragments);
  if (best.length === 0) return null;
  const fewer = fewerThan(best);
  let needed = best.length < MESH_LIMITS.codedDomains ? 1 : Math.floor(best.length / 2);
  while (needed > 1 && (fewer[needed] as number) > MESH_LIMITS.unavailability) needed--;
  const unavailability = fewer[needed] as number;
  return { needed, total: best.length, unavailability, holds: unavailability <= MESH_LIMITS.unavailability };
}

/** For each number 0 ... n the probability that fewer than so many of n independent machines are reachable. */
export function fewerThan(uptimes: readonly number[]): number[] {
  // exactly[j]: probability that j of the machines so far are reachable (the Poisson binomial law).
  let exactly = [1];
  for (const up of uptimes) {
    exactly = Array.from({ length: exactly.length + 1 }, (_, j) => {
      const [without, withOneMore] = [exactly[j] ?? 0, exactly[j - 1] ?? 0];
      return without * (1 - up) + withOneMore * up;
    });
  }
  let sum = 0;
  return exactly.map((probability) => {
    const before = sum;
    sum += probability;
    return before;
  });
}

/**
 * At so many reachable fragments, or fewer, a segment is repaired: late enough that machines which come back cost
 * nothing, early enough that a third of what may be lost is left.
 */
export function repairThreshold({ needed, total }: Pick<Redundancy, "needed" | "total">): number {
  return needed + Math.ceil((total - needed) / 3);
}
