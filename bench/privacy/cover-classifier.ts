/** Attack: tell the real cells of a stream from its dummies by when they came. */

import { type SeenCell, START_MS, type Stream, watchStream } from "./cover-world.ts";
import { type Sample, trainClassifier } from "./logistic-regression.ts";
import { areaUnderCurve } from "./statistics.ts";

const MINUTE_MS = 60_000;
const SLOT_MS = 600_000;

interface Result {
  readonly auc: number;
  readonly real: number;
  readonly cover: number;
}

/** Trains on a third of `people` with this kind of stream, who tell which cells are real, and is tried on the others. */
export async function classifyCells(stream: Stream, people: number): Promise<Result> {
  const samples: Sample[][] = [];
  for (let i = 0; i < people; i++) samples.push(describeCells(await watchStream(stream)));
  const known = Math.floor(people / 3);
  const scorer = trainClassifier(samples.slice(0, known).flat());
  const tried = samples.slice(known).flat();
  const scoresOf = (real: boolean) =>
    tried.flatMap(({ features, positive }) => (positive === real ? [scorer(features)] : []));
  const [real, cover] = [scoresOf(true), scoresOf(false)];
  return { auc: areaUnderCurve(real, cover), real: real.length, cover: cover.length };
}

/** What a relay may find telling about each cell, of all but the first and the last. */
function describeCells(cells: readonly SeenCell[]): Sample[] {
  let from = 0;
  let to = 0;
  return cells.slice(1, -1).map(({ atMs, real }, i) => {
    while ((cells[from]?.atMs ?? 0) <= atMs - MINUTE_MS) from++;
    while (to < cells.length && (cells[to]?.atMs ?? 0) < atMs + MINUTE_MS) to++;
    const before = atMs - (cells[i]?.atMs ?? 0);
    const after = (cells[i + 2]?.atMs ?? 0) - atMs;
    const sinceStart = atMs - START_MS;
    const features = [
      Math.log(before + 1),
      Math.log(after + 1),
      Math.log(atMs - before - (cells[i - 1]?.atMs ?? START_MS) + 1), // the gap before that
      Math.log(Math.min(before, after) + 1),
      Math.min(before, after) < 10 ? 1 : 0,
      i + 1 - from, // in the minute before
      to - i - 2, // in the minute after
      sinceStart % MINUTE_MS,
      sinceStart % SLOT_MS,
      atMs % 1_000,
    ];
    return { features, positive: real };
  });
}
