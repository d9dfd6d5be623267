/**
 * One operator votes as another did, rounds before, where that one stood against everybody else.
 *
 *   round 1    b for                       before round 2 b's vote is known, and a's is not
 *   round 2    a for, c against, d against     telling: everybody else is on the other side
 *
 * Within a round nobody can copy, since commitments hide votes. Two who look for the truth vote alike, one after the other, too: that is
 * why only votes count with which the first of them stood alone.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId } from "../agent-ids.ts";
import { roundOf } from "../votes/rounds.ts";
import { type Deed, groupedBy } from "./deed.ts";
import { type Finding, type Ground, isAgainstOthers } from "./ground.ts";

/** A vote of somebody after that of another who stood against everybody else. */
interface Follow {
  readonly deed: Deed;
  readonly first: OperatorId;
  readonly isAlike: boolean;
}

export function findMirrors(deeds: readonly Deed[], ground: Ground): Finding[] {
  const firstVotes = groupedBy(
    deeds.filter(({ act }) => act.kind === "reveal"),
    ({ operator, act }) => operator + (act.kind === "reveal" ? act.subject : ""),
  ).flatMap(([first]) => first ?? []);
  const follows = firstVotes.flatMap((deed) => followsOf(deed, ground));
  return groupedBy(follows, ({ deed, first }) => deed.operator + first).flatMap(findingOf);
}

function followsOf(deed: Deed, { rules, round, tallyBefore }: Ground): Follow[] {
  const { act, operator, madeAtMs } = deed;
  if (act.kind !== "reveal") return [];
  // A log may say that it is later than now: then nothing is before.
  const before = tallyBefore(act.subject, Math.min(roundOf(rules, madeAtMs) ?? 0, round));
  const now = tallyBefore(act.subject, round);
  const isHisFirst = before?.votes.every((vote) => vote.operator !== operator) ?? false;
  if (!before || !now || !isHisFirst) return [];
  return before.votes.flatMap(({ operator: first, side }) => {
    if (side === "none" || !isAgainstOthers(now, [operator, first], side)) return [];
    return [{ deed, first, isAlike: act.vote === side }];
  });
}

function findingOf(follows: readonly Follow[]): Finding[] {
  const newest = follows.slice(-AGENT_LIMITS.caseEvidence);
  const alike = newest.filter(({ isAlike }) => isAlike).length;
  const isMost = 100 * alike > AGENT_LIMITS.mirrorPercent * newest.length;
  const [first] = newest;
  if (!first || newest.length < AGENT_LIMITS.mirrorVotes || !isMost) return [];
  return [{ accused: first.deed.operator, evidence: newest.map(({ deed }) => deed) }];
}
