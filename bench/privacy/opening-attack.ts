/** Attack: see in which slot a person opens the app, by counting the cells of the slot in which it happens. */

import { VirtualTime } from "../../test/support/virtual-time.ts";
import { COVER_LIMITS } from "../../src/core/limits.ts";
import { randomUnit } from "../../src/core/random.ts";
import { CoverLaw } from "../../src/messaging/cover/cover-law.ts";
import { Emitter, type EmitterOptions } from "../../src/messaging/cover/emitter.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { START_MS } from "./cover-world.ts";
import { areaUnderCurve } from "./statistics.ts";

/** Area under the curve of the count as a sign that the app was opened, over `people`, every second of whom opens it. */
export async function openingAttack(pace: "quantised" | "at once", people: number): Promise<number> {
  const counts: Record<"opened" | "closed", number[]> = { opened: [], closed: [] };
  for (let i = 0; i < people; i++) counts[i % 2 === 0 ? "opened" : "closed"].push(await countSlot(pace, i % 2 === 0));
  return areaUnderCurve(counts.opened, counts.closed);
}

/** Cells of one slot that begins with the app closed; if `opens`, it is opened at a random moment of it. */
async function countSlot(pace: "quantised" | "at once", opens: boolean): Promise<number> {
  const time = new VirtualTime(START_MS);
  const law = new CoverLaw("balanced", false, START_MS);
  let atOnce: Pick<CoverLaw, "meanPeriodMs"> = law;
  let count = 0;
  const options: EmitterOptions = {
    law: { meanPeriodMs: (nowMs) => (pace === "quantised" ? law : atOnce).meanPeriodMs(nowMs) },
    clock: time,
    timers: time,
    random: randomUnit,
    dummy: () => ({ make: () => ({}) as VerifiedEvent, settled: () => {} }),
    publish: async () => void count++,
  };
  const emitter = new Emitter(options);
  if (opens) {
    time.schedule(() => {
      law.setAppOpen(true, time.nowMs());
      atOnce = new CoverLaw("balanced", true, time.nowMs());
    }, Math.random() * COVER_LIMITS.slotMs);
  }
  await time.advance(COVER_LIMITS.slotMs - 1);
  emitter.close();
  return count;
}
