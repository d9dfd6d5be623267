/** What lies around a moment in a sorted list of moments. */

const MINUTE_MS = 60_000;
/** A list that is at its end. */
const NONE_MS = 600_000;

export interface Neighbours {
  /** To the last moment before, and to the next one after. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly inMinuteBefore: number;
  readonly inMinuteAfter: number;
}

/** The moment itself, if it is in the list, does not count. */
export function aroundOf(sortedMs: readonly number[], atMs: number): Neighbours {
  const first = firstFrom(sortedMs, atMs);
  const next = firstFrom(sortedMs, atMs, true);
  return {
    beforeMs: atMs - (sortedMs[first - 1] ?? atMs - NONE_MS),
    afterMs: (sortedMs[next] ?? atMs + NONE_MS) - atMs,
    inMinuteBefore: first - firstFrom(sortedMs, atMs - MINUTE_MS),
    inMinuteAfter: firstFrom(sortedMs, atMs + MINUTE_MS) - next,
  };
}

/** Index of the first that is not before `atMs`; `beyond`: that is after it. */
export function firstFrom(sortedMs: readonly number[], atMs: number, beyond = false): number {
  let [low, high] = [0, sortedMs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = sortedMs[middle] as number;
    if (value < atMs || (beyond && value === atMs)) low = middle + 1;
    else high = middle;
  }
  return low;
}
