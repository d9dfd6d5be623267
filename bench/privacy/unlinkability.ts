/**
 * Unlinkability: 64 people, and relays that keep everything and collude. They know of each cell its time, socket, size,
 * tags and bytes, and which sockets are the same person's. Two games, each with 63 candidates:
 *
 *   recipient   of a cell that one person's socket sent, name the person it is meant for. Asked of every real cell
 *   sender      a person, and the ten minutes in which he received something (somebody watches his screen, say): name
 *               who sent it. Asked of every delivery. His exact time is not told: the relay delivers what it gets at once,
 *               so that it would name the cell
 *
 * The attacker's classifier learnt from the answers of half of the people, and is asked about the other half. Advantage:
 * its share of right answers, less that of the better of two blind guesses (anybody; always whoever was the answer most
 * often). Where chance alone could make it as much as the bound, the row only informs.
 *
 * Where the cells come from: whole days are the product's law and emitters in virtual time (`crowd-model.ts`), no event is
 * made. Short, busy stretches go over two real relays with the product's code between them (`relay-world.ts`); whole days
 * of that are `unlinkability-day.ts`, and take an hour.
 */

import { type Bench, type Row, row } from "../report.ts";
import type { CoverProfile } from "../../src/messaging/cover/cover-law.ts";
import { type Pace, watchCrowd } from "./crowd-model.ts";
import { play, type Question, type Score } from "./guessing-game.ts";
import { LinkingAttack } from "./linking-attack.ts";
import { watchRelays } from "./relay-world.ts";
import type { Trace } from "./trace.ts";

/**
 * Advantage in percent: what is no more than chance. A control is caught if its advantage is above that even at the lower
 * end of its 95 % confidence interval.
 */
const CHANCE = 1;
/** Every second text makes its recipient open the app; or nobody hears of a text before he opens it by himself. */
export const NOTIFIED = 0.5;
/** How many times the usual number of visits there are in the stretches on real relays. */
const BUSY = 12;

export const NAMES: Readonly<Record<Pace, string>> = {
  stealth: "stealth",
  balanced: "balanced",
  app: "control: a pace that follows the app",
  fast: "control: fast",
};

interface Stretches {
  readonly count: number;
  readonly hours: number;
}

/** Crowds that have nothing to do with each other, so that chance is small beside the bound; a control needs fewer. */
interface Scale {
  readonly people: number;
  readonly days: Readonly<Record<Pace, number>>;
  /** On real relays. */
  readonly stretches: Readonly<Record<CoverProfile, Stretches>>;
}

const FULL: Scale = {
  people: 64,
  days: { stealth: 10, balanced: 5, app: 1, fast: 1 },
  stretches: {
    stealth: { count: 2, hours: 0.5 },
    balanced: { count: 2, hours: 0.2 },
    fast: { count: 1, hours: 0.5 },
  },
};
const SHORT: Stretches = { count: 1, hours: 0.2 };
const QUICK: Scale = {
  people: 16,
  days: { stealth: 12, balanced: 6, app: 2, fast: 1 },
  stretches: { stealth: SHORT, balanced: SHORT, fast: SHORT },
};

export const unlinkabilityExperiment: Bench = {
  name: "unlinkability",
  about: "who writes to whom: relays that collude name recipient and sender of cells of 64 people",
  async run({ quick }) {
    const scale = quick ? QUICK : FULL;
    const rows: Row[] = [];
    for (const pace of ["stealth", "balanced", "app", "fast"] as const) {
      const traces = await repeat(scale.days[pace], () => watchDay(pace, NOTIFIED, scale));
      rows.push(...judge(`${NAMES[pace]}, ${traces.length} days in virtual time`, pace, traces));
    }
    // Who talks is there at the same times, even if no message calls him.
    const unaware = await repeat(scale.days.app, () => watchDay("app", 0, scale));
    rows.push(...judge(`${NAMES.app}, texts open no app, ${unaware.length} days in virtual time`, "app", unaware));
    for (const profile of ["stealth", "balanced", "fast"] as const) {
      const { count, hours } = scale.stretches[profile];
      const options = { profile, people: scale.people, hours, notified: NOTIFIED, busy: BUSY };
      const traces = await repeat(count, () => watchRelays(options));
      rows.push(...judge(`${NAMES[profile]}, ${count} x ${hours} h on two real relays`, profile, traces));
    }
    return rows;
  },
};

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < times; i++) results.push(await work());
  return results;
}

async function watchDay(pace: Pace, notified: number, { people }: Scale): Promise<Trace> {
  const { trace } = await watchCrowd({ people, days: 1, pace, notified });
  return trace;
}

/** `who` names the crowd in the rows; of `traces` one each, of crowds that have nothing to do with each other. */
export function judge(who: string, pace: Pace, traces: readonly Trace[]): Row[] {
  const people = traces[0]?.sent.length ?? 0;
  const recipients: Question[] = [];
  const senders: Question[] = [];
  for (const [i, trace] of traces.entries()) {
    const attack = new LinkingAttack(trace);
    const personOf = (number: number): number => i * people + number;
    for (const { from, to, atMs, address } of trace.real)
      recipients.push({ asked: personOf(from), answer: to, evidence: () => attack.aboutCell(from, atMs, address) });
    for (const { from, to, atMs } of trace.deliveries)
      senders.push({ asked: personOf(to), answer: from, evidence: () => attack.aboutDelivery(to, atMs) });
  }
  const cells = traces.flatMap(({ sent }) => sent).reduce((sum, { atMs }) => sum + atMs.length, 0);
  return [
    describeGame(`${who}: recipient of a real cell`, pace, play(recipients, people), cells),
    describeGame(`${who}: sender of what was received`, pace, play(senders, people), cells),
  ];
}

function describeGame(who: string, pace: Pace, score: Score, cells: number): Row {
  const { questions, right, blind, low, high } = score;
  const control = pace === "fast" || pace === "app";
  const interval = [low, high].map((share) => percent(share - blind)).join(" to ");
  return row({
    metric: `${who}, ${questions} asked among ${cells} cells: right ${percent(right)}, blind ${percent(blind)}; advantage (95 % confidence ${interval})`,
    unit: "%",
    ours: Math.max(100 * ((control ? low : right) - blind), 1e-3),
    peer: null,
    theirs: CHANCE,
    ...(control || 100 * (high - low) < 2 * CHANCE ? { goal: 1 } : {}),
    better: control ? "higher" : "lower",
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
