/**
 * Most of the votes about the entries of one operator are against them: many votes, about several entries, by several others. So neither one
 * bad day nor one enemy makes it.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId } from "../agent-ids.ts";
import type { CountedVote } from "../votes/tally.ts";
import { type Deed, groupedBy } from "./deed.ts";
import type { Finding, Ground } from "./ground.ts";

interface VotedEntry {
  readonly deed: Deed;
  /** Of others, on a side. */
  readonly votes: readonly CountedVote[];
}

export function findAccuracyDrops(deeds: readonly Deed[], ground: Ground): Finding[] {
  return groupedBy(deeds, ({ operator }) => operator).flatMap((all) => findingOf(votedEntries(all, ground)));
}

function votedEntries(deeds: readonly Deed[], { tallyBefore, round }: Ground): VotedEntry[] {
  const entries = new Map<string, Deed>();
  for (const deed of deeds) if (deed.act.kind === "entry") entries.set(deed.act.entry, deed);
  const voted = [...entries.values()].map((deed) => {
    const tally = deed.act.kind === "entry" ? tallyBefore(deed.act.entry, round) : null;
    const votes = tally?.votes.filter(({ side, operator }) => side !== "none" && operator !== deed.operator) ?? [];
    return { deed, votes };
  });
  return voted.filter(({ votes }) => votes.length > 0).slice(-AGENT_LIMITS.caseEvidence);
}

function findingOf(entries: readonly VotedEntry[]): Finding[] {
  const votes = entries.flatMap((one) => one.votes);
  const against = votes.filter(({ side }) => side === "against");
  const isMost = 100 * against.length > AGENT_LIMITS.downPercent * votes.length;
  const isMuch = entries.length >= AGENT_LIMITS.downEntries && votes.length >= AGENT_LIMITS.downVotes;
  const [first] = entries;
  if (!first || !isMost || !isMuch || countOperators(against) < AGENT_LIMITS.downVoters) return [];
  return [{ accused: first.deed.operator, evidence: entries.map(({ deed }) => deed) }];
}

function countOperators(votes: readonly CountedVote[]): number {
  return new Set(votes.map(({ operator }): OperatorId => operator)).size;
}
