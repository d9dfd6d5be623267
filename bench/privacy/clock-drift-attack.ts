/**
 * Attack: measure how fast a device's clock runs by the pace of its stream. Clocks of two machines differ by some 20
 * millionths, and one machine's stays what it is: who can measure it knows the machine again, whatever names it has.
 */

import { VirtualTime } from "../../test/support/virtual-time.ts";
import { randomUnit } from "../../src/core/random.ts";
import { CoverLaw } from "../../src/messaging/cover/cover-law.ts";
import { Emitter } from "../../src/messaging/cover/emitter.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { HOUR_MS, START_MS } from "./cover-world.ts";

/** What two clocks differ by, in millionths. */
export const CLOCK_DIFFERENCE_PPM = 20;

const WATCHED_HOURS = 8;

/**
 * By how much measurements of machines whose clocks run the same differ from each other: their standard deviation in
 * millionths. The attack works if that is less than what clocks differ by. `periods`: drawn as the law says, or all
 * of one length.
 */
export async function measureClockError(periods: "drawn" | "same", machines: number): Promise<number> {
  const errors: number[] = [];
  for (let i = 0; i < machines; i++) errors.push(await measureClock(periods));
  const mean = errors.reduce((sum, error) => sum + error, 0) / machines;
  return Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (machines - 1));
}

/** The pace of one stream, in millionths off what it should be. */
async function measureClock(periods: "drawn" | "same"): Promise<number> {
  const time = new VirtualTime(START_MS);
  const law = new CoverLaw("balanced");
  const times: number[] = [];
  let draws = 0;
  const emitter = new Emitter({
    law,
    clock: time,
    timers: time,
    // The emitter draws for each period its length, then its moment.
    random: () => (draws++ % 2 === 0 && periods === "same" ? 0.5 : randomUnit()),
    dummy: () => ({ make: () => ({}) as VerifiedEvent, settled: () => {} }),
    publish: async () => void times.push(time.nowMs() - START_MS),
  });
  await time.advance(WATCHED_HOURS * HOUR_MS);
  emitter.close();
  return 1e6 * (slopeOf(times) / (law.meanPeriodMs() ?? 0) - 1);
}

/** Of the straight line that fits the values best: by how much they grow from one to the next. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const covariance = values.reduce((sum, value, i) => sum + (i - middle) * value, 0);
  const variance = values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return covariance / variance;
}
