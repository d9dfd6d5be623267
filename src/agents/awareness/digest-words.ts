/** Why a digest names something, in words of this program: for people, and for programs that read for them. */
import type { DigestConflict, DigestGap } from "./digest.ts";

const CONFLICTS: Readonly<Record<DigestConflict["reason"], string>> = {
  correction: "a correction that has not been voted for, of an entry that stands",
  decided: "of two, one was found true and the other false",
  split: "votes on both sides, and nothing decided",
};

export function gapWords({ reason, count }: Pick<DigestGap, "reason" | "count">): string {
  if (reason === "old") return `nothing new for ${count} days`;
  if (reason === "one_operator") return `${count} entries, all of one operator`;
  return count === 1 ? "a prediction ended, and nobody verified it" : `${count} predictions ended unverified`;
}

export function conflictWords({ reason }: Pick<DigestConflict, "reason">): string {
  return CONFLICTS[reason];
}
