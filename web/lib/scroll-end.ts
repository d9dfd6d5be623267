/**
 * Whether a list stays at its end, where new rows come.
 *
 * How far the end is away does not tell: on a busy machine rows are added, and measured, before the list has followed
 * them, and one that took this for scrolling would never show a new row again. Only a person moves up.
 */

/** Where a list is scrolled to, in pixels. */
export interface ScrollPlace {
  readonly scrollSize: number;
  readonly viewportSize: number;
  readonly scrollOffset: number;
}

/** Close enough to the end to count as being there, in pixels. */
const END_MARGIN = 60;

/** `was`: it was to stay at the end at the last look, from which `before` is; null before the first one. */
export function keepsEnd(was: boolean, before: ScrollPlace | null, now: ScrollPlace): boolean {
  const { scrollSize, scrollOffset, viewportSize } = now;
  if (scrollSize - scrollOffset - viewportSize <= END_MARGIN) return true;
  return was && (before === null || scrollOffset >= before.scrollOffset);
}
