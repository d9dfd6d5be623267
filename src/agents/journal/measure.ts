/**
 * How much a device says in a minute, by the times in its own log: the same for all who read it. What is beyond the limit stays in
 * the log, and counts for nothing.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { StatementKind } from "../statement.ts";

/** What was said in the minute of the last statement. */
export interface Measure {
  /** Minutes since 1970. */
  readonly minute: number;
  readonly counts: Readonly<Partial<Record<Group, number>>>;
}

type Group = "papers" | "entries" | "votes" | "claims" | "work" | "cases";

const GROUPS: Readonly<Record<StatementKind, Group>> = {
  certificate: "papers",
  enrolment: "papers",
  revocation: "papers",
  entry: "entries",
  withdrawal: "entries",
  commitment: "votes",
  reveal: "votes",
  lease: "claims",
  job: "work",
  result: "work",
  check: "work",
  case: "cases",
  contact: "papers",
};
const MOST: Readonly<Record<Group, number>> = {
  papers: AGENT_LIMITS.papersAMinute,
  entries: AGENT_LIMITS.entriesAMinute,
  // A vote is a commitment and a reveal.
  votes: 2 * AGENT_LIMITS.votesAMinute,
  claims: AGENT_LIMITS.claimsAMinute,
  work: AGENT_LIMITS.workAMinute,
  cases: AGENT_LIMITS.casesAMinute,
};
const MINUTE_MS = 60_000;

export const NOTHING_SAID: Measure = { minute: 0, counts: {} };

/** After one more statement; `isVoid`: it is one too many. */
export function measure(
  before: Measure,
  kind: StatementKind,
  madeAtMs: number,
): { readonly after: Measure; readonly isVoid: boolean } {
  const minute = Math.floor(madeAtMs / MINUTE_MS);
  const counts = minute === before.minute ? before.counts : {};
  const group = GROUPS[kind];
  const count = (counts[group] ?? 0) + 1;
  return { after: { minute, counts: { ...counts, [group]: count } }, isVoid: count > MOST[group] };
}
