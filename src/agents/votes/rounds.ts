/**
 * Time is cut into rounds, from 1970 on, the same for all: nobody opens or closes anything.
 *
 *   round r    | commit window   | reveal window | round r + 1 ...
 *              r x (commit + reveal)             (r + 1) x (commit + reveal)
 *
 * A window has its first millisecond and not its last: that is the first of the next one.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import { isCount } from "../../mesh/byte-reader.ts";
import type { NetworkId } from "../agent-ids.ts";

/** What a genesis says about votes. */
export interface VoteRules {
  readonly network: NetworkId;
  readonly commitMs: number;
  readonly revealMs: number;
}

export interface RoundWindows {
  readonly startMs: number;
  /** The end of the commit window, and the start of the reveal window. */
  readonly revealMs: number;
  readonly endMs: number;
}

/** Throws UsageError `vote_rules` for windows that no genesis can have. */
export function checkRules({ commitMs, revealMs }: VoteRules): void {
  for (const ms of [commitMs, revealMs]) {
    const isWindow =
      ms % 1_000 === 0 && ms >= AGENT_LIMITS.windowLeastS * 1_000 && ms <= AGENT_LIMITS.windowMostS * 1_000;
    if (!isWindow) throw new UsageError("vote_rules", "A window of votes cannot be this long.");
  }
}

export function roundMs({ commitMs, revealMs }: VoteRules): number {
  return commitMs + revealMs;
}

/** Null for a time that is none: not whole, before 1970, or not exact. */
export function roundOf(rules: VoteRules, atMs: number): number | null {
  return isCount(atMs) ? Math.floor(atMs / roundMs(rules)) : null;
}

export function windowsOf(rules: VoteRules, round: number): RoundWindows {
  const startMs = round * roundMs(rules);
  return { startMs, revealMs: startMs + rules.commitMs, endMs: startMs + roundMs(rules) };
}

/** Which window is open at a time that is one. */
export function windowAt(rules: VoteRules, atMs: number): "commit" | "reveal" {
  return atMs % roundMs(rules) < rules.commitMs ? "commit" : "reveal";
}
