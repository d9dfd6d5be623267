/**
 * How long an operator waits whose results were found wrong, one after the other: his leases of that time count for
 * nothing, and his machine takes no work. One that was found right ends it.
 *
 *   wrong in a row   1        2        3         more
 *   waits            1 min    5 min    30 min    24 h       from when the last was found wrong
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";

export interface Verdict {
  readonly isRight: boolean;
  /** When others had said so. */
  readonly atMs: number;
}

const { backOffOnceMs, backOffTwiceMs, backOffThriceMs, backOffLongMs } = AGENT_LIMITS;
const WAITS_MS = [backOffOnceMs, backOffTwiceMs, backOffThriceMs, backOffLongMs] as const;

/** Until when, by what had been found at this time; 0 for who need not wait. */
export function backOffUntil(verdicts: readonly Verdict[], nowMs: number): number {
  const known = verdicts.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
  const wrong = known.slice(known.findLastIndex(({ isRight }) => isRight) + 1);
  const last = wrong.at(-1);
  if (!last) return 0;
  return last.atMs + (WAITS_MS[wrong.length - 1] ?? backOffLongMs);
}
