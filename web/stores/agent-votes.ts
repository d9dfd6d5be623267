/** Votes of the own agent, each with a way back until its notice closes: after that it is committed to, and stands in a log. */
import type { VoteInput } from "../../src/api/contract.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { promiseLater, takeBack } from "./removals.ts";

export type Side = VoteInput["vote"];

/** What the promises call a vote that was not given yet. */
function promisedVoteId(subject: string, side: Side): string {
  return `vote:${subject}:${side}`;
}

/** The side of a vote that can still be taken back; null for none. */
export function promisedSide(promised: ReadonlySet<string>, subject: string): Side | null {
  return ([1, -1] as const).find((side) => promised.has(promisedVoteId(subject, side))) ?? null;
}

/** The same side once more takes it back; the other one takes its place. `what` is what it is about, for example "this entry". */
export function voteLater(promised: ReadonlySet<string>, subject: string, side: Side, what: string): void {
  const before = promisedSide(promised, subject);
  if (before !== null) takeBack(promisedVoteId(subject, before));
  if (before === side) return;
  promiseLater({
    id: promisedVoteId(subject, side),
    notice: `Your agent votes ${side === 1 ? "for" : "against"} ${what}`,
    method: "POST",
    path: "/agents/knowledge/vote",
    body: { entry: subject, vote: side } satisfies VoteInput,
    afterwards: () => queryClient.invalidateQueries({ queryKey: keys.agents }),
  });
}
