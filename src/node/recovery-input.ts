/** What somebody types to come back: the recovery key itself, or shares of it, one a line. */

import { parseRecoveryKey } from "../crypto/recovery-key.ts";
import { joinShares, parseShare, SHARE_PREFIX, SHARE_WORDS } from "../crypto/recovery-share.ts";

/**
 * The 32-byte recovery key; the caller wipes it. `asShares`: nothing else is expected. Throws ValidationError
 * `bad_recovery_key`, and what `parseShare` and `joinShares` throw.
 */
export async function readRecoveryKey(text: string, asShares: boolean = looksLikeShares(text)): Promise<Uint8Array> {
  return asShares ? joinShares(linesOf(text).map(parseShare)) : parseRecoveryKey(text);
}

function looksLikeShares(text: string): boolean {
  return linesOf(text).some((line) => line.startsWith(SHARE_PREFIX) || line.match(/[a-z]+/gi)?.length === SHARE_WORDS);
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
