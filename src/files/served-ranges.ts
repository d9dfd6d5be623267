/**
 * Which bytes of a download have been served: sorted, disjoint, non-touching half-open ranges.
 *
 *   0 ####........####....  total        [[0, 4], [12, 16]]
 */

/** First byte, and the byte after the last. */
export type ByteRange = readonly [start: number, end: number];

/** The same ranges with others added, in whatever order; ranges that touch become one. */
export function addRanges(ranges: readonly ByteRange[], added: readonly ByteRange[]): ByteRange[] {
  const joined: [start: number, end: number][] = [];
  for (const [start, end] of [...ranges, ...added].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (start >= end) continue;
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

export function coversAll(ranges: readonly ByteRange[], total: number): boolean {
  return ranges.length === 1 && ranges[0]?.[0] === 0 && ranges[0][1] === total;
}
