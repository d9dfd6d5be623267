/**
 * Which of the entries that a query found come first.
 *
 *   score       relevance x level x weight x freshness x said
 *   relevance   1/20 + 19/20 x (its bm25 / the best bm25 found)         1 without words, or if everybody has them; half where it lacks one
 *   level       rejected 1/3, low 1, medium 3, high 9                   what others voted
 *   weight      of its operator, 1 for a newcomer to 4                  what others think of what he said before
 *   freshness   1/2 + 1/2 x 2^(-age / half-life of its type)            what is old keeps a half
 *   said        9/10 + 1/10 x confidence                                what its operator says of it himself
 *
 * Time and confidence are what its operator chooses; both together are worth less than one step of the level, and his confidence alone
 * less than an eighth more of weight: to say much costs nothing. All that was superseded comes behind all that was not, the newest first.
 */
import type { EntryType } from "./entry.ts";
import type { EntryLevel } from "./entry-level.ts";

export interface Ranked {
  readonly type: EntryType;
  readonly level: EntryLevel;
  /** 0 to 100, as its operator says. */
  readonly confidence: number;
  /** Of its operator, in thousandths as the tally has it; 0: it is not shown. */
  readonly weight: number;
  readonly ageMs: number;
  /** 0 to 1. */
  readonly relevance: number;
}

const DAY_MS = 86_400_000;

/** A prediction is soon over; what was brought together or put right lasts. */
const HALF_LIFE_MS: Readonly<Record<EntryType, number>> = {
  observation: 90 * DAY_MS,
  synthesis: 360 * DAY_MS,
  correction: 360 * DAY_MS,
  prediction: 15 * DAY_MS,
};

const LEVEL: Readonly<Record<EntryLevel, number>> = { rejected: 1 / 3, low: 1, medium: 3, high: 9 };
const WEIGHT_MOST = 4_000;

/** 0 to 36; never less where one thing about it is better. */
export function scoreOf({ type, level, confidence, weight, ageMs, relevance }: Ranked): number {
  const freshness = 0.5 + 0.5 * 2 ** (-Math.max(0, ageMs) / HALF_LIFE_MS[type]);
  const said = 0.9 + confidence / 1_000;
  const weighs = Math.min(Math.max(0, weight), WEIGHT_MOST) / 1_000;
  return (0.05 + 0.95 * relevance) * LEVEL[level] * weighs * freshness * said;
}

/** Of bm25 as SQLite gives it, where less is better; `best` is the least of those found. Null: there is none, it is as good as any. */
export function relevanceOf(bm25: number | null, best: number): number {
  return bm25 !== null && best < 0 ? Math.min(1, Math.max(0, bm25 / best)) : 1;
}

export interface Place {
  readonly isSuperseded: boolean;
  readonly score: number;
  readonly madeAtMs: number;
  /** In the index; no two have the same. */
  readonly place: number;
}

/** The first comes first; the same order whatever the order before. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.isSuperseded !== b.isSuperseded) return a.isSuperseded ? 1 : -1;
  const byScore = a.isSuperseded ? 0 : b.score - a.score;
  return byScore || b.madeAtMs - a.madeAtMs || b.place - a.place;
}
