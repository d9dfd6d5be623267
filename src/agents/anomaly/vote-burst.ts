/**
 * More ballots in a minute of one log than count there: two a vote. An agent that keeps the measure (journal/measure.ts) never says so
 * many, however much waits, so who does is flooding.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { type Deed, groupedBy } from "./deed.ts";
import type { Finding } from "./ground.ts";

const MINUTE_MS = 60_000;
const BALLOTS = 2 * AGENT_LIMITS.votesAMinute;

export function findVoteBursts(deeds: readonly Deed[]): Finding[] {
  const ballots = deeds.filter(({ act }) => act.kind !== "entry");
  const minutes = groupedBy(ballots, ({ device, madeAtMs }) => `${device}${Math.floor(madeAtMs / MINUTE_MS)}`);
  return minutes.flatMap(([first, ...rest]) => {
    if (!first || rest.length < BALLOTS) return [];
    return [{ accused: first.operator, evidence: [first, ...rest.slice(0, BALLOTS)] }];
  });
}
