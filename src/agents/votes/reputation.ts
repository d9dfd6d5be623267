/**
 * What an operator's vote weighs, by what others made of his entries and votes before: whole numbers, in thousandths.
 *
 *   weight       1000 + min(3000, reputation)             so nobody weighs more than four newcomers
 *   reputation   log2(1 + verified) x accuracy x freshness, rounded down once
 *   accuracy     right / decided, rounded down; 1000 before the first
 *   freshness    1000, 500, 250 ... after 0, 90, 180 ... days without a counted vote or an entry; between them along straight lines
 */
import { log2Thousandths } from "./fixed-log.ts";

/** What there is to say about an operator when a round begins. */
export interface OperatorRecord {
  /** His entries that are at medium or high. */
  readonly verified: number;
  /** Of his counted votes about subjects that are decided, how many went that way. */
  readonly right: number;
  readonly decided: number;
  /** Since his last counted vote or entry; null if there is none. */
  readonly idleMs: number | null;
}

export interface Reputation {
  readonly verified: number;
  readonly accuracy: number;
  readonly freshness: number;
  readonly reputation: number;
  readonly weight: number;
}

const WHOLE = 1_000;
const MOST = 3_000;
const HALVING_MS = 7_776_000_000; // 90 days
/** After so many nothing is left of a thousand. */
const HALVINGS = 10;

export function reputationOf({ verified, right, decided, idleMs }: OperatorRecord): Reputation {
  const accuracy = decided === 0 ? WHOLE : Math.floor((WHOLE * right) / decided);
  const freshness = idleMs === null ? 0 : freshnessOf(idleMs);
  const reputation = Math.floor((log2Thousandths(1 + verified) * accuracy * freshness) / (WHOLE * WHOLE));
  return { verified, accuracy, freshness, reputation, weight: WHOLE + Math.min(MOST, reputation) };
}

/** 1000 to 0; never more after a longer time. */
export function freshnessOf(idleMs: number): number {
  const halvings = Math.min(HALVINGS, Math.floor(idleMs / HALVING_MS));
  const rest = idleMs % HALVING_MS;
  return Math.floor((WHOLE * (2 * HALVING_MS - rest)) / (2 * HALVING_MS)) >> halvings;
}
