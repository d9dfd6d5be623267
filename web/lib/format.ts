/** How sizes, times and keys are written for people. All functions are pure; times are ISO 8601 text. */

const BYTE_UNITS = ["B", "KB", "MB", "GB", "TB"];
const STEP = 1000;
const DAY_MS = 86_400_000;

/** 0 -> "0 B", 1234 -> "1.2 KB", 52_000_000 -> "52 MB": at most two figures after the first cut. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= STEP - 0.5 && unit < BYTE_UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });

/** "18:53" */
export const formatClock = (at: string): string => CLOCK.format(new Date(at));
/** "21 Nov 2025" */
export const formatDate = (at: string): string => DATE.format(new Date(at));
/** "21 Nov 2025, 18:53" */
export const formatMoment = (at: string): string => MOMENT.format(new Date(at));

/** A day in a conversation: "Today", "Yesterday", "Friday, 21 November". */
export function formatDay(at: string, nowMs: number = Date.now()): string {
  const daysAgo = dayNumber(nowMs) - dayNumber(Date.parse(at));
  return daysAgo === 0 ? "Today" : daysAgo === 1 ? "Yesterday" : DAY.format(new Date(at));
}

/** A time in a list: the clock today, the weekday this week, else the date. */
export function formatRecent(at: string, nowMs: number = Date.now()): string {
  const daysAgo = dayNumber(nowMs) - dayNumber(Date.parse(at));
  return daysAgo <= 0 ? formatClock(at) : daysAgo < 7 ? WEEKDAY.format(new Date(at)) : formatDate(at);
}

const JUST_NOW_MS = 5_000;
const SPANS: readonly (readonly [string, number])[] = [
  ["day", DAY_MS],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** Time to come: "in 6 days", "in 3 hours", "in less than a minute", or "now" once it is past. */
export function formatUntil(at: string, nowMs: number = Date.now()): string {
  const leftMs = Date.parse(at) - nowMs;
  if (leftMs <= 0) return "now";
  for (const [name, ms] of SPANS) {
    const count = Math.round(leftMs / ms);
    if (leftMs >= ms) return `in ${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "in less than a minute";
}

/** Time past: "just now", "12 seconds ago", "3 minutes ago". */
export function formatAgo(at: string, nowMs: number = Date.now()): string {
  const pastMs = nowMs - Date.parse(at);
  const [name, ms] = SPANS.find((span) => pastMs >= span[1]) ?? ["second", 1_000];
  const count = Math.floor(pastMs / ms);
  return count < 1 || pastMs < JUST_NOW_MS ? "just now" : `${countOf(count, name)} ago`;
}

/** "1 file", "3 files" */
export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** "npub1qxy…8dk4": enough to tell two apart in a list, never enough to verify by. */
export function shortNpub(npub: string): string {
  return `${npub.slice(0, 9)}…${npub.slice(-4)}`;
}

/** Any text without spaces in groups of five, to be read aloud. */
export function inGroups(text: string): string {
  return (
    text
      .replace(/\s+/g, "")
      .match(/.{1,5}/g)
      ?.join(" ") ?? ""
  );
}

/** Days since 1970 in the local time zone. */
function dayNumber(ms: number): number {
  return Math.floor((ms - new Date(ms).getTimezoneOffset() * 60_000) / DAY_MS);
}
