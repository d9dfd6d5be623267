/**
 * Which bytes of a download have been served: sorted, disjoint, non-touching half-open ranges.
 *
 *   0 ####........####....  total        [[0, 4], [12, 16]]
 */

/** First byte, and the byte after the last. */
export type ByteRange = readonly [start: number, end: number];

/** The same ranges with `start` to `end` (exclusive) added; ranges that touch become one. */
export function addRange(ranges: readonly ByteRange[], start: number, end: number): ByteRange[] {
  if (start >= end) return [...ranges];
  const before = ranges.filter((range) => range[1] < start);
  const after = ranges.filter((range) => range[0] > end);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const joined: ByteRange = [Math.min(start, touching[0]?.[0] ?? start), Math.max(end, touching.at(-1)?.[1] ?? end)];
  return [...before, joined, ...after];
}

export function coversAll(ranges: readonly ByteRange[], total: number): boolean {
  return ranges.length === 1 && ranges[0]?.[0] === 0 && ranges[0][1] === total;
}
