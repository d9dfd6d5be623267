/**
 * Statistical disclosure: over 30 days, does the one to whom a person writes most stand out among the 63 others who use
 * the same relay? The attacker knows how many cells each socket sent in each minute and nothing else, because a cell has
 * nothing else; he learnt on another crowd, in which he was told who is whose friend.
 */

import { type Bench, type Row, row } from "../report.ts";
import { type Pace, watchCrowd } from "./crowd-model.ts";
import { collectEvidence, type Evidence, learnFrom, rankOf } from "./disclosure-attack.ts";
import type { SocialWorld } from "./social-world.ts";
import { countMinutes } from "./trace.ts";

/** How far above chance, in standard errors, counts as more than chance; once in 100 runs chance alone does it. */
const BOUND = 2.33;
/** The same for how many true partners rank first, of which the distribution has a longer tail. */
const FIRSTS = 4;
/** Crowds that have nothing to do with each other. A control is seen in two. */
const CROWDS = 6;
const CONTROL_CROWDS = 2;
/** The control has to put the true partner, on average, among so many of 63. */
const FOUND = 3;

interface Setting {
  readonly pace: Pace;
  readonly notified: number;
  readonly who: string;
}

const NOTIFIED = "every second text makes its recipient open the app";

const SETTINGS: readonly Setting[] = [
  { pace: "stealth", notified: 0.5, who: `stealth, ${NOTIFIED}` },
  { pace: "balanced", notified: 0.5, who: `balanced, ${NOTIFIED}` },
  { pace: "app", notified: 0.5, who: `control: a pace that follows the app, ${NOTIFIED}` },
  { pace: "fast", notified: 0.5, who: `control: fast, ${NOTIFIED}` },
];

/** Settings of which a true partner must not stand out. */
const PROTECTED: readonly Pace[] = ["stealth", "balanced"];

export const disclosureExperiment: Bench = {
  name: "disclosure",
  about: "statistical disclosure: who writes to whom, by 30 days of everybody's cells",
  async run({ quick }) {
    const scale = quick ? { people: 24, days: 5 } : { people: 64, days: 30 };
    const rows: Row[] = [];
    for (const setting of SETTINGS) rows.push(...(await attack(setting, scale.people, scale.days)));
    return rows;
  },
};

async function attack({ pace, notified, who }: Setting, people: number, days: number): Promise<Row[]> {
  const crowds: { readonly evidence: Evidence; readonly world: SocialWorld }[] = [];
  const control = !PROTECTED.includes(pace);
  const count = control ? CONTROL_CROWDS : CROWDS;
  for (let i = 0; i < count; i++) {
    const { trace, world } = await watchCrowd({ people, days, pace, notified });
    crowds.push({ evidence: collectEvidence(countMinutes(trace)), world });
  }
  // Each crowd is attacked with what another one taught.
  const found = crowds.flatMap(({ evidence, world }, i) => {
    const other = crowds[(i + 1) % count];
    const scorer = learnFrom(other?.evidence ?? [], (person) => other?.world.closest(person) ?? person);
    return evidence.map((about, target) => {
      const partner = world.closest(target);
      const pair = `${i} ${Math.min(target, partner)} ${Math.max(target, partner)}`;
      return { pair, rank: rankOf(partner, about, scorer) };
    });
  });
  return describe(who, control, found, people - 1, days);
}

interface Found {
  /** Two people who are each other's closest are found by the same cells, so their ranks are not independent. */
  readonly pair: string;
  readonly rank: number;
}

function describe(who: string, control: boolean, found: readonly Found[], candidates: number, days: number): Row[] {
  const ranks = found.map(({ rank }) => rank);
  const pairs = new Set(found.map(({ pair }) => pair)).size;
  const mean = ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
  const chance = (candidates + 1) / 2;
  // Of ranks that are drawn by chance, as if both of a pair always had the same: the attack is tested against that.
  const error = Math.sqrt((candidates ** 2 - 1) / 12 / pairs);
  const first = ranks.filter((rank) => rank <= 1).length;
  const metric = `${who}: ${ranks.length} targets, ${days} days: mean rank of the true partner ${mean.toFixed(1)} of ${candidates} (chance ${chance}, 98 % of runs within ${(chance - BOUND * error).toFixed(1)} and ${(chance + BOUND * error).toFixed(1)}), first ${first} times (chance ${(ranks.length / candidates).toFixed(1)})`;
  const judged = { peer: null, goal: 1, better: "lower" } as const;
  if (control) return [row({ ...judged, metric: `${metric}; mean rank`, unit: "", ours: mean, theirs: FOUND })];
  const ours = Math.max((chance - mean) / error, 1e-6);
  const expected = ranks.length / candidates;
  return [
    row({ ...judged, metric: `${metric}; better than chance by`, unit: "standard errors", ours, theirs: BOUND }),
    // A mean hides a few who are found for certain.
    row({
      ...judged,
      metric: `${who}: targets of which the true partner ranks first`,
      unit: "",
      ours: Math.max(first, 1e-6),
      theirs: expected + FIRSTS * Math.sqrt(expected),
    }),
  ];
}
