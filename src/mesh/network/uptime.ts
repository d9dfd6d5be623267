/**
 * The share of time in which a machine was reachable, as measured here. Pure.
 *
 *   seen        no . yes yes yes  .  .  yes no yes          each weighs the time since the last one, one step at most,
 *   weight      1    1   1  0.01        1  1  1             and half as much after each half-life
 *   uptime      (guess * its weight + sum of yes) / (weight of the guess + sum of all)
 *
 * A machine of which nothing is known gets the guess (a Beta prior), and must be seen for days before it is thought much
 * better or worse. A thousand answers within an hour weigh what one does: uptime is about time, not about traffic.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

export interface UptimeRecord {
  /** Weights of what was seen, up to `observedAtMs`. */
  readonly up: number;
  readonly total: number;
  readonly observedAtMs: number;
}

/** Of a machine that nobody asked yet. */
export const UNOBSERVED: UptimeRecord = { up: 0, total: 0, observedAtMs: 0 };

export function observe(record: UptimeRecord, answered: boolean, nowMs: number): UptimeRecord {
  const { up, total, observedAtMs } = fade(record, nowMs);
  const weight = Math.min(1, (nowMs - record.observedAtMs) / MESH_LIMITS.uptimeStepMs);
  if (!(weight > 0)) return record;
  return { up: up + (answered ? weight : 0), total: total + weight, observedAtMs };
}

/** Between 0 and 1, neither of them ever. */
export function uptimeOf(record: UptimeRecord, nowMs: number): number {
  const { up, total } = fade(record, nowMs);
  const { uptimeGuess, uptimeGuessWeight } = MESH_LIMITS;
  return (uptimeGuess * uptimeGuessWeight + up) / (uptimeGuessWeight + total);
}

/** A clock that went back changes nothing. */
function fade({ up, total, observedAtMs }: UptimeRecord, nowMs: number): UptimeRecord {
  const elapsedMs = Math.max(0, nowMs - observedAtMs);
  const left = 2 ** (-elapsedMs / MESH_LIMITS.uptimeHalfLifeMs);
  return { up: up * left, total: total * left, observedAtMs: observedAtMs + elapsedMs };
}
