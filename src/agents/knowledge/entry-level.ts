/** How far an entry came by votes. See docs/agents.md; the tally says it, the index keeps it. */

/** Rising. An entry on which nobody voted is low. */
export const ENTRY_LEVELS = ["rejected", "low", "medium", "high"] as const;

export type EntryLevel = (typeof ENTRY_LEVELS)[number];

/** 0 to 3, rising with the level. */
export function levelNumber(level: EntryLevel): number {
  return ENTRY_LEVELS.indexOf(level);
}
