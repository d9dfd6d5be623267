/**
 * The games of `unlinkability.ts` with nothing left out: a day of 64 people over two real relays, each cell made, sent,
 * checked, stored and told by the product's code. Under `balanced` four hours of an afternoon in which everybody writes
 * twelve times as much: a whole day has two million cells. Most of an hour; runs only when it is named.
 */

import type { CoverProfile } from "../../src/messaging/cover/cover-law.ts";
import type { Bench, Row } from "../report.ts";
import { watchRelays } from "./relay-world.ts";
import { judge, NAMES, NOTIFIED } from "./unlinkability.ts";

interface Stretch {
  readonly profile: CoverProfile;
  readonly hours: number;
  /** How many times the usual number of visits. */
  readonly busy: number;
}

const FULL: readonly Stretch[] = [
  { profile: "fast", hours: 24, busy: 1 },
  { profile: "stealth", hours: 24, busy: 1 },
  { profile: "balanced", hours: 4, busy: 12 },
];

export const unlinkabilityDayExperiment: Bench = {
  name: "unlinkability-day",
  about: "the same over two real relays for a simulated day; most of an hour, only when named",
  async run({ quick }) {
    const rows: Row[] = [];
    for (const { profile, hours, busy } of FULL) {
      const scale = quick ? { people: 16, hours: hours / 48 } : { people: 64, hours };
      const startMs = performance.now();
      const trace = await watchRelays({ ...scale, profile, notified: NOTIFIED, busy });
      console.error(`  ${profile}: watched after ${Math.round((performance.now() - startMs) / 1_000)} s`);
      rows.push(...judge(`${NAMES[profile]}, ${scale.hours} h on two real relays`, profile, [trace]));
    }
    return rows;
  },
};
