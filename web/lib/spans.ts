/** Spans of time that people choose from, and how they are told. */

export interface Span {
  readonly seconds: number;
  readonly words: string;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
const WEEK = 604_800;

/** How long messages may stay. */
export const TIMERS: readonly Span[] = [
  { seconds: 30, words: "30 seconds" },
  { seconds: 5 * MINUTE, words: "5 minutes" },
  { seconds: HOUR, words: "1 hour" },
  { seconds: DAY, words: "1 day" },
  { seconds: WEEK, words: "1 week" },
];

/** How long a conversation may be silent. */
export const MUTES: readonly Span[] = [
  { seconds: HOUR, words: "1 hour" },
  { seconds: 8 * HOUR, words: "8 hours" },
  { seconds: WEEK, words: "1 week" },
];

/** The contract's "for ever". */
export const FOR_EVER = "9999-12-31T00:00:00.000Z";

const UNITS: readonly (readonly [string, number])[] = [
  ["week", WEEK],
  ["day", DAY],
  ["hour", HOUR],
  ["minute", MINUTE],
  ["second", 1],
];

/** Whole units where they fit, else the largest unit that does: 86 400 -> "1 day", 90 -> "1 minute". */
export function spanWords(seconds: number): string {
  const [unit, size] = UNITS.find(([, one]) => seconds >= one) ?? (["second", 1] as const);
  const count = Math.max(1, Math.floor(seconds / size));
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** What is left, short enough for the foot of a message: "6 d", "3 h", "12 min", "9 s". */
export function shortSpan(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  if (seconds >= 2 * DAY) return `${Math.round(seconds / DAY)} d`;
  if (seconds >= 2 * HOUR) return `${Math.round(seconds / HOUR)} h`;
  return seconds > MINUTE ? `${Math.ceil(seconds / MINUTE)} min` : `${seconds} s`;
}

/** Whether a conversation is silent at this moment. */
export function isMuted({ mutedUntil }: { readonly mutedUntil: string | null }, nowMs: number = Date.now()): boolean {
  return mutedUntil !== null && Date.parse(mutedUntil) > nowMs;
}

/** 7 -> "0:07", 75 -> "1:15" */
export function playTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / MINUTE)}:${String(whole % MINUTE).padStart(2, "0")}`;
}
