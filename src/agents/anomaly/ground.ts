/**
 * What detectors may know beside what was said: how subjects stood at the beginning of a round.
 *
 * Times in logs are what their signers say, and anybody can say something at the same time as another, or just after him. So what two
 * operators do alike tells something only where everybody else is against it: honest people agree because it is true, and then others
 * agree with them, too.
 */
import type { OperatorId } from "../agent-ids.ts";
import type { Vote } from "../votes/ballot.ts";
import type { VoteRules } from "../votes/rounds.ts";
import type { Side } from "../votes/sides.ts";
import type { Tally } from "../votes/tally.ts";
import type { TallyBefore } from "../votes/tally-book.ts";
import type { Deed } from "./deed.ts";

export interface Ground {
  readonly rules: VoteRules;
  /** At whose beginning it is judged. */
  readonly round: number;
  readonly tallyBefore: TallyBefore;
}

/** That somebody did what he should not, and by which deeds anybody sees it. */
export interface Finding {
  readonly accused: OperatorId;
  /** By time; at most `caseEvidence`. */
  readonly evidence: readonly Deed[];
}

/** `deeds`: by `compareDeeds`. */
export type Detector = (deeds: readonly Deed[], ground: Ground) => Finding[];

/** The fewest others who make something of it: one may err. */
const OTHERS_LEAST = 2;

export function sideOf(tally: Tally | null, operator: OperatorId): Side | null {
  return tally?.votes.find((vote) => vote.operator === operator)?.side ?? null;
}

/** Whether more than half of all others who are on a side are on the other one. */
export function isAgainstOthers(tally: Tally, pair: readonly OperatorId[], side: Vote): boolean {
  const others = tally.votes.filter((vote) => vote.side !== "none" && !pair.includes(vote.operator));
  const opposed = others.filter((vote) => vote.side !== side).length;
  return others.length >= OTHERS_LEAST && 2 * opposed > others.length;
}
