/**
 * Attack: statistical disclosure (Danezis 2003), with all that times tell. Who sends and receives is not seen, only how
 * many cells each person sends in each minute. If what A sends makes B do something, then over weeks B does more than he
 * would when A is active, or just after.
 *
 *   counts by minute and slot -> less what each does at that hour anyway -> correlated at some lags, for each pair
 *   openings: rises of a slot's pace, after a rise of another's
 *   -> a classifier that learnt from another crowd how much each of these tells -> every candidate's rank
 */

import { type Sample, type Scorer, trainClassifier } from "./logistic-regression.ts";

const SLOT_MINUTES = 10;
const DAY_MINUTES = 1_440;
const SLOT_LAGS = [-2, -1, 0, 1, 2];
const MINUTE_LAGS = [-3, -2, -1, 0, 1, 2, 3];

type Series = Float32Array;

/** What speaks for each candidate: of `target`, by number of the candidate; the target's own entry is empty. */
export type Evidence = readonly (readonly (readonly number[])[])[];

export function collectEvidence(minutes: readonly Uint16Array[]): Evidence {
  const daySlots = DAY_MINUTES / SLOT_MINUTES;
  const slots = minutes.map((counts) => sumBy(counts, SLOT_MINUTES));
  const byMinute = withoutHabits(
    minutes.map((counts) => Float32Array.from(counts)),
    DAY_MINUTES,
    SLOT_MINUTES,
  );
  const bySlot = withoutHabits(
    slots.map((counts) => counts.map(Math.log1p)),
    daySlots,
    1,
  );
  const rises = withoutHabits(slots.map(risesOf), daySlots, 1);
  return minutes.map((_, target) => {
    const found = minutes.map((__, candidate) => {
      if (candidate === target) return [];
      const at = (series: readonly Series[], lags: readonly number[]) =>
        lags.map((lag) => correlate(series[target] as Series, series[candidate] as Series, lag));
      return [...at(bySlot, SLOT_LAGS), ...at(rises, SLOT_LAGS), ...at(byMinute, MINUTE_LAGS)];
    });
    return standardise(found);
  });
}

/** Learns from a crowd whose friendships are told. */
export function learnFrom(evidence: Evidence, closest: (person: number) => number): Scorer {
  const samples: Sample[] = evidence.flatMap((found, target) =>
    found.flatMap((features, candidate) =>
      candidate === target ? [] : [{ features, positive: candidate === closest(target) }],
    ),
  );
  return trainClassifier(samples);
}

/** Rank of `partner` among all others, 1 the most suspect; ties share theirs. */
export function rankOf(partner: number, found: Evidence[number], scorer: Scorer): number {
  const scores = found.map((features) => (features.length === 0 ? null : scorer(features)));
  const own = scores[partner] ?? 0;
  const above = scores.filter((score) => score !== null && score > own).length;
  const same = scores.filter((score) => score === own).length;
  return above + (same + 1) / 2;
}

function sumBy(counts: Uint16Array, width: number): Series {
  const sums = new Float32Array(Math.floor(counts.length / width));
  for (let i = 0; i < sums.length * width; i++) {
    const at = Math.floor(i / width);
    sums[at] = (sums[at] ?? 0) + (counts[i] ?? 0);
  }
  return sums;
}

/** 1 where a slot has several times the cells of the one before. */
function risesOf(slots: Series): Series {
  return slots.map((count, i) => (i > 0 && count > 3 * (slots[i - 1] ?? 0) + 3 ? 1 : 0));
}

/**
 * Less what is usual at that hour (`width` values long), so that nights do not look like friends: what the same person does
 * on all days; within one day, what all do. Of unit length.
 */
function withoutHabits(all: readonly Series[], dayLength: number, width: number): Series[] {
  const days = (all[0]?.length ?? 0) / dayLength;
  const usualOfAll = usualOf(all, dayLength, width);
  return all.map((series) => {
    const usual = days > 1 ? usualOf([series], dayLength, width) : usualOfAll;
    const rest = series.map((value, i) => value - (usual[slotOf(i, dayLength, width)] ?? 0));
    const length = Math.sqrt(rest.reduce((sum, value) => sum + value ** 2, 0)) || 1;
    return rest.map((value) => value / length);
  });
}

/** The mean of each slot of the day. */
function usualOf(all: readonly Series[], dayLength: number, width: number): Float64Array {
  const [sums, counts] = [new Float64Array(dayLength / width), new Float64Array(dayLength / width)];
  for (const series of all) {
    for (const [i, value] of series.entries()) {
      const slot = slotOf(i, dayLength, width);
      sums[slot] = (sums[slot] ?? 0) + value;
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
  }
  return sums.map((sum, slot) => sum / Math.max(1, counts[slot] ?? 0));
}

function slotOf(i: number, dayLength: number, width: number): number {
  return Math.floor((i % dayLength) / width);
}

/** Of two series of unit length, the second `lag` later. */
function correlate(first: Series, second: Series, lag: number): number {
  let sum = 0;
  const end = Math.min(first.length, second.length - lag);
  for (let i = Math.max(0, -lag); i < end; i++) sum += (first[i] as number) * (second[i + lag] as number);
  return sum;
}

/** Each feature in deviations from its mean over the candidates: targets differ in how much they write. */
function standardise(found: readonly (readonly number[])[]): number[][] {
  const others = found.filter((features) => features.length > 0);
  const width = others[0]?.length ?? 0;
  const laws = Array.from({ length: width }, (_, i) => {
    const values = others.map((features) => features[i] ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(variance) || 1 };
  });
  return found.map((features) =>
    features.map((value, i) => (value - (laws[i]?.mean ?? 0)) / (laws[i]?.deviation ?? 1)),
  );
}
