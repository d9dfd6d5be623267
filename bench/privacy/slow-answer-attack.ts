/**
 * Attack: a relay answers some cells late, in a pattern that only it knows, to mark the stream. If the gap after a
 * late answer differs from others, the mark is there, and whoever sees the stream elsewhere knows it again.
 */

import { VirtualTime } from "../../test/support/virtual-time.ts";
import { randomUnit } from "../../src/core/random.ts";
import { CoverLaw, drawPeriodMs } from "../../src/messaging/cover/cover-law.ts";
import { type Departure, Emitter } from "../../src/messaging/cover/emitter.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { START_MS } from "./cover-world.ts";
import { areaUnderCurve } from "./statistics.ts";

const LATE_MS = 5_000;
const MEAN_GAP_MS = 5_000;

/** Area under the curve of the gap after a cell as a sign that it was answered late: 0.5 if the attack fails. */
export async function slowAnswerAttack(sender: "emitter" | "awaiting", durationMs: number): Promise<number> {
  const time = new VirtualTime(START_MS);
  const cells: { readonly atMs: number; readonly late: boolean }[] = [];
  const publish = (): Promise<void> => {
    const late = Math.random() < 0.5;
    cells.push({ atMs: time.nowMs(), late });
    return new Promise((resolve) => time.schedule(resolve, late ? LATE_MS : 0));
  };
  if (sender === "emitter") startEmitter(time, publish);
  else startAwaiting(time, publish);
  await time.advance(durationMs);
  const gapsAfter = (late: boolean) =>
    cells.slice(0, -1).flatMap((cell, i) => (cell.late === late ? [(cells[i + 1]?.atMs ?? 0) - cell.atMs] : []));
  return areaUnderCurve(gapsAfter(true), gapsAfter(false));
}

function startEmitter(time: VirtualTime, publish: () => Promise<void>): Emitter {
  const law = new CoverLaw("balanced");
  const dummy = (): Departure => ({ make: () => ({}) as VerifiedEvent, settled: () => {} });
  return new Emitter({ law, clock: time, timers: time, random: randomUnit, dummy, publish });
}

/** The control: draws the next gap when the answer is there. */
function startAwaiting(time: VirtualTime, publish: () => Promise<void>): void {
  const tick = async (): Promise<void> => {
    await publish();
    time.schedule(() => void tick(), drawPeriodMs(MEAN_GAP_MS, randomUnit()));
  };
  void tick();
}
