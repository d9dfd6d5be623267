/** Attack: tell real cells from dummies by all that both relays together know of each. */

import { aroundOf, type Neighbours } from "./neighbours.ts";
import type { LoggedCell } from "./cell-world.ts";
import { START_MS } from "./cover-world.ts";
import { type Sample, trainClassifier } from "./logistic-regression.ts";
import { areaUnderCurve } from "./statistics.ts";

const MINUTE_MS = 60_000;
const SLOT_MS = 600_000;

/** All features; or those alone that take two relays which compare notes. */
export type View = "all" | "joint";

export interface Told {
  readonly auc: number;
  readonly real: number;
  readonly cover: number;
}

/** Trains on the cells of one world, of which is told which are real, and is tried on those of another. */
export function tellCells(known: readonly LoggedCell[], tried: readonly LoggedCell[], view: View): Told {
  const scorer = trainClassifier(describeCells(known, view));
  const samples = describeCells(tried, view);
  const scoresOf = (real: boolean) =>
    samples.flatMap(({ features, positive }) => (positive === real ? [scorer(features)] : []));
  const [real, cover] = [scoresOf(true), scoresOf(false)];
  return { auc: areaUnderCurve(real, cover), real: real.length, cover: cover.length };
}

function describeCells(cells: readonly LoggedCell[], view: View): Sample[] {
  const timesOf = (wanted: (cell: LoggedCell) => boolean) => cells.filter(wanted).map(({ atMs }) => atMs);
  const people = cells.reduce((most, { person }) => Math.max(most, person + 1), 0);
  const streams = Array.from({ length: people }, (_, person) =>
    [0, 1].map((relay) => {
      const own = cells.filter((cell) => cell.person === person && cell.relay === relay);
      const othersThere = timesOf((cell) => cell.person !== person && cell.relay === relay);
      return { own, othersThere };
    }),
  );
  return streams.flatMap((relays) =>
    relays.flatMap(({ own, othersThere }, relay) => {
      const times = own.map(({ atMs }) => atMs);
      const otherRelay = (relays[1 - relay]?.own ?? []).map(({ atMs }) => atMs);
      return own.slice(2, -2).map((cell, at) => {
        const i = at + 2;
        const joint = describeJoint(aroundOf(otherRelay, cell.atMs), aroundOf(times, cell.atMs));
        const features = view === "joint" ? joint : [...joint, ...describeAll(own, i, times, othersThere)];
        return { features, positive: cell.real };
      });
    }),
  );
}

/** Of the same person's stream to the other relay: if copies left together, or one after the other, it would show. */
function describeJoint(other: Neighbours, own: Neighbours): number[] {
  const { beforeMs, afterMs, inMinuteBefore, inMinuteAfter } = other;
  const nearest = Math.min(beforeMs, afterMs);
  return [
    Math.log(beforeMs + 1),
    Math.log(afterMs + 1),
    Math.log(nearest + 1),
    nearest < 20 ? 1 : 0,
    inMinuteBefore,
    inMinuteAfter,
    Math.log(beforeMs + 1) - Math.log(own.beforeMs + 1),
    Math.log(afterMs + 1) - Math.log(own.afterMs + 1),
    inMinuteBefore - own.inMinuteBefore,
    inMinuteAfter - own.inMinuteAfter,
  ];
}

function describeAll(own: readonly LoggedCell[], i: number, times: readonly number[], others: readonly number[]) {
  const { atMs, relay, late, form } = own[i] as LoggedCell;
  const { beforeMs, afterMs, inMinuteBefore, inMinuteAfter } = aroundOf(times, atMs);
  const crowd = aroundOf(others, atMs);
  const answeredLate = own[i - 1]?.late ? 1 : 0;
  const sinceStart = atMs - START_MS;
  return [
    Math.log(beforeMs + 1),
    Math.log(afterMs + 1),
    Math.log((times[i - 1] ?? 0) - (times[i - 2] ?? 0) + 1),
    Math.log((times[i + 2] ?? 0) - (times[i + 1] ?? 0) + 1),
    Math.log(Math.min(beforeMs, afterMs) + 1),
    Math.min(beforeMs, afterMs) < 20 ? 1 : 0,
    inMinuteBefore,
    inMinuteAfter,
    sinceStart % MINUTE_MS,
    sinceStart % SLOT_MS,
    atMs % 1_000,
    relay,
    late ? 1 : 0,
    answeredLate,
    answeredLate * Math.log(beforeMs + 1),
    Number(late) * Math.log(afterMs + 1),
    Math.log(beforeMs + 1) * Math.log(afterMs + 1),
    Math.log(crowd.beforeMs + 1),
    Math.log(crowd.afterMs + 1),
    crowd.inMinuteBefore,
    crowd.inMinuteAfter,
    ...form,
  ];
}
