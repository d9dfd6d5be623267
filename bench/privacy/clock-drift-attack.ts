/**
 * Attack: measure how fast a device's clock runs, by the pace of its stream, or by when the date of its cells, which is the
 * minute of that clock, becomes another. Clocks of two machines differ by some 20 millionths, and one machine's stays what
 * it is unless it is set: who can measure it knows the machine again, whatever names it has.
 */

import { VirtualTime } from "../../test/support/virtual-time.ts";
import { randomUnit } from "../../src/core/random.ts";
import { CELL_LIMITS } from "../../src/core/cell-limits.ts";
import { CoverLaw } from "../../src/messaging/cover/cover-law.ts";
import { Emitter } from "../../src/messaging/cover/emitter.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { HOUR_MS, START_MS } from "./cover-world.ts";

/** What two clocks differ by, in millionths. */
export const CLOCK_DIFFERENCE_PPM = 20;

const WATCHED_HOURS = 8;

/** What is measured; the control is a stream whose periods are all of one length. */
export type ClockSign = "pace" | "pace, same periods" | "dates";

/**
 * By how much measurements of machines whose clocks run the same differ from each other: their standard deviation in
 * millionths. The attack works if that is less than what clocks differ by.
 */
export async function measureClockError(sign: ClockSign, machines: number): Promise<number> {
  const errors: number[] = [];
  for (let i = 0; i < machines; i++) errors.push(await measureClock(sign));
  const mean = errors.reduce((sum, error) => sum + error, 0) / machines;
  return Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (machines - 1));
}

/** The pace of one stream, or of the dates of its cells, in millionths off what it should be. */
async function measureClock(sign: ClockSign): Promise<number> {
  const time = new VirtualTime(START_MS);
  const law = new CoverLaw("balanced");
  const times: number[] = [];
  let draws = 0;
  const emitter = new Emitter({
    law,
    clock: time,
    timers: time,
    // The emitter draws for each period its length, then its moment.
    random: () => (draws++ % 2 === 0 && sign === "pace, same periods" ? 0.5 : randomUnit()),
    dummy: () => ({ make: () => ({}) as VerifiedEvent, settled: () => {} }),
    publish: async () => void times.push(time.nowMs() - START_MS),
  });
  await time.advance(WATCHED_HOURS * HOUR_MS);
  emitter.close();
  if (sign === "dates") return 1e6 * (slopeOf(changesOf(times)) / CELL_LIMITS.roundMs - 1);
  return 1e6 * (slopeOf(times) / (law.meanPeriodMs() ?? 0) - 1);
}

/** When the dates of cells became others: in the middle between the last cell of a minute and the first of the next. */
function changesOf(times: readonly number[]): number[] {
  const minuteOf = (atMs: number): number => Math.floor(atMs / CELL_LIMITS.roundMs);
  return times.slice(1).flatMap((atMs, i) => {
    const lastMs = times[i] as number;
    return minuteOf(atMs) === minuteOf(lastMs) ? [] : [(lastMs + atMs) / 2];
  });
}

/** Of the straight line that fits the values best: by how much they grow from one to the next. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const covariance = values.reduce((sum, value, i) => sum + (i - middle) * value, 0);
  const variance = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return covariance / variance;
}
