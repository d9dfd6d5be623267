/**
 * Weeks of a whole crowd, as the relay that all of it reads sees it: of each person, when his cells came.
 *
 *   SocialWorld -> the emitter of each person (the product's, under its law) -> the relay; the letter has arrived
 *
 * Only times are modelled: no event is made, no socket opened. One relay stands for both, because the streams to two have
 * the same pace and nothing else in common.
 */

import { CoverLaw, type CoverProfile } from "../../src/messaging/cover/cover-law.ts";
import { type Departure, Emitter } from "../../src/messaging/cover/emitter.ts";
import type { VerifiedEvent } from "../../src/nostr/event.ts";
import { AppPace } from "./app-pace.ts";
import { CrowdTime } from "./crowd-time.ts";
import { DAY_MS, type Letter, SocialWorld } from "./social-world.ts";
import type { Delivery, RealCell, Trace } from "./trace.ts";

/** A profile; or the control, a pace that follows the app. */
export type Pace = CoverProfile | "app";

export interface CrowdOptions {
  readonly people: number;
  readonly days: number;
  readonly pace: Pace;
  /** Share of texts that make their recipient open the app. */
  readonly notified: number;
}

export interface Crowd {
  readonly trace: Trace;
  readonly world: SocialWorld;
}

/** A whole day since 1970. */
const START_MS = 20_000 * DAY_MS;
const EVENT = {} as VerifiedEvent;
const TAKEN = Promise.resolve();
/** Through the relay. */
const DELIVERY_MS = 20;

export async function watchCrowd({ people, days, pace, notified }: CrowdOptions): Promise<Crowd> {
  const time = new CrowdTime(START_MS);
  const sent = Array.from({ length: people }, () => ({ atMs: [] as number[], addresses: [] }));
  const real: RealCell[] = [];
  const deliveries: Delivery[] = [];
  const dummy: Departure = { make: () => EVENT, settled: () => {} };
  const senders = sent.map(({ atMs }) => {
    const law = pace === "app" ? new AppPace(time) : new CoverLaw(pace);
    const publish = (): Promise<void> => {
      atMs.push(time.nowMs());
      return TAKEN;
    };
    // Not the product's source of chance, which takes most of the time; the law is the same.
    const options = { law, clock: time, timers: time, random: Math.random, dummy: () => dummy, publish };
    return { law, emitter: new Emitter(options) };
  });
  const arrive = (letter: Letter): void => {
    deliveries.push({ from: letter.from, to: letter.to, atMs: time.nowMs() });
    world.arrived(letter);
  };
  const post = (letter: Letter): void => {
    const { from, to, cells } = letter;
    let left = cells;
    const make = (): VerifiedEvent => {
      real.push({ from, to, atMs: time.nowMs(), address: 0 });
      // On its own timer: the cell is not at the relay before it is made.
      if (--left === 0) time.schedule(() => arrive(letter), DELIVERY_MS);
      return EVENT;
    };
    for (let i = 0; i < cells; i++) senders[from]?.emitter.post({ make, settled: () => {} });
  };
  const setAppOpen = (person: number, open: boolean): void => {
    const law = senders[person]?.law;
    if (law instanceof AppPace) law.setAppOpen(open);
  };
  const world = new SocialWorld({ people, time, carriage: { post, setAppOpen }, random: Math.random, notified });
  await time.advance(days * DAY_MS);
  for (const { emitter } of senders) emitter.close();
  return { trace: { startMs: START_MS, endMs: START_MS + days * DAY_MS, sent, real, deliveries }, world };
}
