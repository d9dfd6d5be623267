/** Arrow keys in a picture whose parts are one stop of the Tab key. */

/** The id that a key leads to: one further or back, or an end; null for any other key, and if there are none. */
export function stepIn(ids: readonly string[], from: string | null, key: string): string | null {
  const at = from === null ? -1 : ids.indexOf(from);
  const to = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: ids.length - 1,
  }[key];
  return to === undefined ? null : (ids[Math.min(Math.max(to, 0), ids.length - 1)] ?? null);
}
