/** Durations as people write them: "30m", "1h", "24h", "7d". */
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a whole number followed by s, m, h or d.
 * Throws ValidationError `bad_duration` for anything else, for zero, and for more than 3,650 days.
 */
export function parseDuration(text: string): number {
  const [, digits, unit] = /^([0-9]{1,9})([smhd])$/.exec(text.trim()) ?? [];
  const durationMs = Number(digits) * (UNIT_MS[unit ?? ""] ?? 0);
  checkDuration(durationMs);
  return durationMs;
}

/** Throws ValidationError `bad_duration` unless a link may live that long. */
export function checkDuration(durationMs: number): void {
  if (Number.isSafeInteger(durationMs) && durationMs > 0 && durationMs <= FILE_LIMITS.linkMaxMs) return;
  throw new ValidationError("bad_duration", "This is not a duration between one second and 3,650 days.", {
    hint: "Write a number and a unit, for example 30m, 24h or 7d.",
  });
}
