/** How long to wait before the next try: doubled each time, and random, so that a relay that comes back is not stormed. */

import { randomBelow } from "../core/random.ts";

/**
 * Milliseconds before try number `attempt` (0 is the first one after a failure): between half of
 * `firstMs` * 2^attempt and all of it, never more than `maxMs`.
 */
export function retryDelayMs(attempt: number, firstMs: number, maxMs: number): number {
  const wholeMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  const halfMs = Math.floor(wholeMs / 2);
  return halfMs + randomBelow(wholeMs - halfMs + 1);
}
