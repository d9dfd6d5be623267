/**
 * The same two operators commit within moments of each other about the same subjects, again and again, to the same side, and against
 * everybody else.
 *
 *   subject 1   a ·b                    c          d       a, b for; c, d against: counts
 *   subject 2            b· a       d                      a, b, d for: does not
 *
 * Not in the opening of a commit window: agents commit by themselves then to what waited, all at the same time. Why against everybody
 * else: else one operator brings any other into disrepute by following his commitments.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId, SubjectId } from "../agent-ids.ts";
import { roundMs, roundOf, type VoteRules } from "../votes/rounds.ts";
import { type Deed, groupedBy } from "./deed.ts";
import { type Finding, type Ground, isAgainstOthers, sideOf } from "./ground.ts";

interface Together {
  readonly subject: SubjectId;
  readonly pair: readonly [Deed, Deed];
}

export function findCoordinatedTiming(deeds: readonly Deed[], ground: Ground): Finding[] {
  const commitments = deeds.filter((deed) => deed.act.kind === "commitment" && !isOpening(ground.rules, deed.madeAtMs));
  const together = groupedBy(commitments, ({ act }) => subjectOf(act))
    .flatMap((said) => meetings(firstOfEach(said, ground.rules)))
    .filter((one) => isTelling(one, ground));
  return groupedBy(together, ({ pair }) => namesOf(pair).sort().join()).flatMap(findingsOf);
}

/** The first hour of a commit window, or a quarter of a shorter one. */
function isOpening(rules: VoteRules, atMs: number): boolean {
  return atMs % roundMs(rules) < Math.min(AGENT_LIMITS.openingMs, rules.commitMs / 4);
}

function firstOfEach(said: readonly Deed[], rules: VoteRules): Deed[] {
  const groups = groupedBy(said, ({ operator, madeAtMs }) => `${operator}${roundOf(rules, madeAtMs)}`);
  return groups.flatMap(([first]) => first ?? []).sort((a, b) => a.madeAtMs - b.madeAtMs);
}

function meetings(said: readonly Deed[]): Together[] {
  return said.flatMap((one, i) => {
    const after = said.slice(i + 1);
    const end = after.findIndex(({ madeAtMs }) => madeAtMs - one.madeAtMs >= AGENT_LIMITS.togetherMs);
    const near = after.slice(0, end === -1 ? after.length : end);
    return near
      .filter(({ operator }) => operator !== one.operator)
      .map((other) => ({ subject: subjectOf(one.act), pair: [one, other] as const }));
  });
}

function isTelling({ subject, pair }: Together, { tallyBefore, round }: Ground): boolean {
  const tally = tallyBefore(subject, round);
  const [side, other] = namesOf(pair).map((operator) => sideOf(tally, operator));
  if (!tally || !side || side === "none" || side !== other) return false;
  return isAgainstOthers(tally, namesOf(pair), side);
}

function findingsOf(together: readonly Together[]): Finding[] {
  const subjects = groupedBy(together, ({ subject }) => subject).flatMap((all) => all.at(-1) ?? []);
  if (subjects.length < AGENT_LIMITS.togetherSubjects) return [];
  const evidence = subjects.slice(-AGENT_LIMITS.togetherSubjects).flatMap(({ pair }) => pair);
  return [...new Set(namesOf(evidence))].map((accused) => ({ accused, evidence }));
}

function namesOf(deeds: readonly Deed[]): OperatorId[] {
  return deeds.map(({ operator }) => operator);
}

function subjectOf(act: Deed["act"]): SubjectId {
  return act.kind === "entry" ? act.entry : act.subject;
}
