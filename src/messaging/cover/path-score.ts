/**
 * How well the way through each relay works, and which to take next.
 *
 *   a cell came back with the crowd after d ms; where none is read, the relay took it after d ms   -> loss falls, delay moves to d
 *   it did not come in time, was not taken, or its letter was not acknowledged                     -> loss rises
 *
 * Both are exponentially weighted: the newest observation counts 10 %, the older ones fade.
 *
 * A relay cannot tell loop cells from others, so it cannot be reliable for them alone. It can be fast, however, in
 * order to be chosen and to see more. That is why delay counts little, and the choice is drawn rather than the best
 * one taken. Nobody sees which way was chosen: the streams to all relays are the same.
 */

import { COVER_LIMITS } from "../../core/cell-limits.ts";

export interface PathScore {
  /** Weighted share of cells that got lost, 0 to 1. */
  readonly loss: number;
  /** Weighted time from leaving to coming back in ms; null before the first came back. */
  readonly delayMs: number | null;
}

/** A way that nobody tried yet is trusted until it loses something. */
export const UNTRIED_PATH: PathScore = { loss: 0, delayMs: null };

const NEWEST = COVER_LIMITS.newestPercent / 100;
const BAD_LOSS = COVER_LIMITS.badLossPercent / 100;
const EXPLORE = COVER_LIMITS.explorePercent / 100;

/** A cell came back, or was taken, `delayMs` after it left. */
export function scoreReturn({ loss, delayMs: known }: PathScore, delayMs: number): PathScore {
  return { loss: blend(loss, 0), delayMs: known === null ? delayMs : blend(known, delayMs) };
}

/** A cell did not come back in time, was not taken, or its letter was not acknowledged. */
export function scoreLoss({ loss, delayMs }: PathScore): PathScore {
  return { loss: blend(loss, 1), delayMs };
}

/** True if cells should go elsewhere: three lost in a row, or one in five over time. */
export function isBadPath({ loss }: PathScore): boolean {
  return loss > BAD_LOSS;
}

/** How readily a way is chosen, 0 to 1: its share of cells that arrive, halved where they take `halvingDelayMs`. */
export function ratePath(score: PathScore): number {
  const { halvingDelayMs } = COVER_LIMITS;
  const arriving = (1 - score.loss) * (halvingDelayMs / (halvingDelayMs + (score.delayMs ?? 0)));
  return isBadPath(score) ? EXPLORE * arriving : arriving;
}

/**
 * Draws `count` of `relays` without repetition, each in proportion to its rating; all if there are no more. Bad ones
 * are drawn rarely as long as there are others. `random`: uniform in [0, 1), called once for each relay.
 */
export function choosePaths(
  relays: readonly string[],
  scores: ReadonlyMap<string, PathScore>,
  count: number,
  random: () => number,
): string[] {
  // A race of exponential times whose rates are the ratings: each wins with its share of the sum.
  const arrivals = relays.map((relay) => {
    const rating = ratePath(scores.get(relay) ?? UNTRIED_PATH);
    return { relay, at: -Math.log1p(-random()) / Math.max(rating, Number.EPSILON) };
  });
  return arrivals
    .toSorted((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ relay }) => relay);
}

function blend(old: number, newest: number): number {
  return old + NEWEST * (newest - old);
}
