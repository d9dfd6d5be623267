/**
 * Which numbers exist, and which of them are missing. Pure.
 *
 *   first       last
 *     1 2 3 . . 6 7        gaps [[4, 5]]
 *
 * Bounded by CHANNEL_LIMITS.gaps runs, however far apart the numbers are that an owner signs.
 */

import { CodecError } from "../../core/errors.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";

export type Gap = readonly [from: number, to: number];

export interface Sequence {
  readonly first: number;
  /** `first` - 1 while there is no post. */
  readonly last: number;
  /** Missing runs, lowest first; both ends belong to the run. */
  readonly gaps: readonly Gap[];
}

/** The gap that holds this number, or null. */
export function gapAt(sequence: Sequence, n: number): Gap | null {
  return sequence.gaps.find(([from, to]) => from <= n && n <= to) ?? null;
}

/** A card says that the epoch's posts begin at `first`: what lies between it and the known ones exists. */
export function expectFrom(sequence: Sequence | null, first: number): Sequence {
  if (!sequence) return { first, last: first - 1, gaps: [] };
  return bounded(cover(sequence, first, first - 1));
}

/** A post arrived. Throws CodecError `too_many_gaps` instead of remembering more than the limit. */
export function fill(sequence: Sequence | null, n: number): Sequence {
  const covered = cover(sequence ?? { first: n, last: n - 1, gaps: [] }, n, n);
  const gaps = covered.gaps.flatMap(([from, to]): Gap[] => {
    if (n < from || n > to) return [[from, to]];
    const parts: Gap[] = [
      [from, n - 1],
      [n + 1, to],
    ];
    return parts.filter(([start, end]) => start <= end);
  });
  return bounded({ ...covered, gaps });
}

export function countMissing(sequence: Sequence | null): number {
  return (sequence?.gaps ?? []).reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** Stretches both ends; what is new in between counts as missing. */
function cover({ first, last, gaps }: Sequence, low: number, high: number): Sequence {
  const before: Gap[] = low < first ? [[low, first - 1]] : [];
  const after: Gap[] = high > last ? [[last + 1, high]] : [];
  const joined: Gap[] = [];
  for (const [from, to] of [...before, ...gaps, ...after]) {
    const previous = joined.at(-1);
    if (previous && previous[1] + 1 >= from) joined[joined.length - 1] = [previous[0], to];
    else if (from <= to) joined.push([from, to]);
  }
  return { first: Math.min(first, low), last: Math.max(last, high), gaps: joined };
}

function bounded(sequence: Sequence): Sequence {
  if (sequence.gaps.length > CHANNEL_LIMITS.gaps) {
    throw new CodecError("too_many_gaps", "More posts are missing than can be remembered.");
  }
  return sequence;
}
