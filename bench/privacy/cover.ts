/**
 * Real or cover, as far as time tells: attacks on the stream that one relay sees, each beside a control without the
 * protection. Size, tags and keys are the cell's matter (NEP-12); who writes to whom is another experiment's.
 */

import { type Bench, percentile, type Row, row } from "../report.ts";
import { CLOCK_DIFFERENCE_PPM, type ClockSign, measureClockError } from "./clock-drift-attack.ts";
import { classifyCells } from "./cover-classifier.ts";
import { gapsOf, HOUR_MS, type Habit, type Sender, watchStream } from "./cover-world.ts";
import { slowAnswerAttack } from "./slow-answer-attack.ts";
import { areaUnderCurve, binomialInterval, ksDistance } from "./statistics.ts";

/** How far from 0.5, which is guessing, an attacker's area under the curve may be by chance; and what is caught. */
const CHANCE = 0.02;
const CAUGHT = 0.05;
/** Standard errors beyond which distances of two kinds of pairs are not of one kind: by chance once in 700 times. */
const APART = 3;

interface Setting {
  readonly name: string;
  readonly profile: "stealth" | "balanced";
  readonly hours: number;
  /** As much as the profile carries without a growing queue. */
  readonly habit: Habit;
}

const STEALTH: Setting = {
  name: "stealth",
  profile: "stealth",
  hours: 12,
  habit: { conversationsPerHour: 1, messagesPerConversation: 12 },
};

const BALANCED: Setting = {
  name: "balanced",
  profile: "balanced",
  hours: 5,
  habit: { conversationsPerHour: 4, messagesPerConversation: 20 },
};

/** Messages that come alone show best what the gap before a cell tells. */
const SCATTERED: Setting = {
  ...BALANCED,
  name: "balanced, single messages",
  habit: { conversationsPerHour: 60, messagesPerConversation: 1 },
};

const NAMES: Readonly<Record<Sender, string>> = {
  law: "the law",
  naive: "control: naive, real cells at once beside dummies",
  exponential: "control: exponential gaps",
};

interface Scale {
  readonly pairs: number;
  readonly people: number;
}

export const coverExperiment: Bench = {
  name: "cover",
  about: "real or cover, by time alone: busy and idle people, each cell, a relay that answers late",
  async run({ quick }) {
    const scale = quick ? { pairs: 30, people: 30 } : { pairs: 200, people: 240 };
    return [
      ...(await comparePeople(STEALTH, scale)),
      ...(await comparePeople(BALANCED, scale)),
      ...(await classify(STEALTH, "naive", scale)),
      ...(await classify(BALANCED, "naive", scale)),
      ...(await classify(SCATTERED, "exponential", scale)),
      await countFast(),
      ...(await answerLate(scale)),
      ...(await measureClocks(quick ? 8 : 30)),
    ];
  },
};

/** KS distances of busy/idle pairs against those of idle/idle pairs, under the law and from a naive sender. */
async function comparePeople(setting: Setting, { pairs }: Scale): Promise<Row[]> {
  const idle = await measurePairs(setting, "law", false, pairs);
  const bound = percentile(idle, 0.95);
  const rows: Row[] = [];
  for (const sender of ["law", "naive"] as const) {
    const busy = await measurePairs(setting, sender, true, pairs);
    const above = busy.filter((distance) => distance > bound).length;
    const { low, high } = binomialInterval(above, pairs);
    // The median alone would pass though almost half of all busy people stood out.
    const error = Math.sqrt((1 / busy.length + 1 / idle.length) / 12);
    const apart = (areaUnderCurve(busy, idle) - 0.5) / error;
    const better = sender === "law" ? "lower" : "higher";
    const who = `${setting.name}, ${NAMES[sender]}`;
    rows.push(
      row({
        metric: `${who}: KS distance of the gaps of a busy and an idle person (${setting.hours} h, median of ${pairs} pairs; theirs: 95th percentile of idle/idle pairs)`,
        unit: "",
        ours: percentile(busy, 0.5),
        peer: null,
        theirs: bound,
        goal: 1,
        better,
      }),
      row({
        metric: `${who}: busy/idle pairs beyond that percentile (95 % confidence: ${percent(low)} to ${percent(high)}; 5 by chance)`,
        unit: "%",
        ours: (100 * above) / pairs,
        peer: null,
        theirs: null,
        better,
      }),
      row({
        metric: `${who}: distances of busy/idle pairs larger than those of idle/idle pairs (Mann-Whitney)`,
        unit: "standard errors",
        ours: Math.max(apart, 1e-6),
        peer: null,
        theirs: APART,
        goal: 1,
        better,
      }),
    );
  }
  return rows;
}

async function measurePairs(setting: Setting, sender: Sender, busy: boolean, pairs: number): Promise<number[]> {
  const { profile, hours, habit } = setting;
  const distances: number[] = [];
  for (let i = 0; i < pairs; i++) {
    const first = await watchStream({ sender, profile, hours, habit: busy ? habit : null });
    const second = await watchStream({ sender, profile, hours, habit: null });
    distances.push(ksDistance(gapsOf(first), gapsOf(second)));
  }
  return distances;
}

async function classify(setting: Setting, control: Sender, { people }: Scale): Promise<Row[]> {
  const { name, profile, hours, habit } = setting;
  const rows: Row[] = [];
  for (const sender of ["law", control] as const) {
    // The more people, the smaller what chance does; a control needs few.
    const tried = sender === "law" ? people : Math.min(people, 60);
    const { auc, real, cover } = await classifyCells({ sender, profile, hours, habit }, tried);
    const metric = `${name}, ${NAMES[sender]}: a classifier tells ${real} real from ${cover} cover cells of people it did not learn from`;
    rows.push(aucRow(metric, auc, sender !== "law"));
  }
  return rows;
}

/** Under `fast` no statistic is needed. */
async function countFast(): Promise<Row> {
  const cells = await watchStream({ sender: "law", profile: "fast", hours: 10, habit: BALANCED.habit });
  const metric = "fast, without cover: cells that a busy person sends; an idle one sends none";
  return row({ metric, unit: "/h", ours: cells.length / 10, peer: null, theirs: null });
}

async function answerLate({ people }: Scale): Promise<Row[]> {
  const durationMs = (people / 10) * HOUR_MS;
  const what = "a relay marks a stream by answering some cells after 5 s, and finds the mark in the gaps after them";
  return [
    aucRow(`balanced, the law: ${what}`, await slowAnswerAttack("emitter", durationMs), false),
    aucRow(`control: a sender that awaits the answer: ${what}`, await slowAnswerAttack("awaiting", durationMs), true),
  ];
}

async function measureClocks(machines: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const sign of ["pace", "pace, same periods", "dates"] as const) {
    const ours = await measureClockError(sign, machines);
    const metric = `${CLOCKS[sign]}: error of an observer who measures a device's clock by 8 h of its stream (theirs: what two clocks differ by)`;
    const better = sign === "pace" ? "higher" : "lower";
    // Dates are not protected, and NEP-15 says so: that row informs.
    const goal = sign === "dates" ? {} : { goal: 1 };
    rows.push(row({ metric, unit: "ppm", ours, peer: null, theirs: CLOCK_DIFFERENCE_PPM, better, ...goal }));
  }
  return rows;
}

const CLOCKS: Readonly<Record<ClockSign, string>> = {
  pace: "balanced, the law, by its pace",
  "pace, same periods": "control: periods of one length, by their pace",
  dates: "balanced, the law, by the dates of its cells (not protected)",
};

/** The row holds the distance from guessing, so that it has a ratio; the area under the curve stands in the words. */
function aucRow(what: string, auc: number, control: boolean): Row {
  return row({
    metric: `${what}: AUC ${auc.toFixed(3)}; distance from 0.5`,
    unit: "",
    ours: Math.max(Math.abs(auc - 0.5), 1e-6),
    peer: null,
    theirs: control ? CAUGHT : CHANCE,
    goal: 1,
    better: control ? "higher" : "lower",
  });
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}
