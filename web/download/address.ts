/**
 * The page's own address `/s/<slug>#<secret>` and what the tab remembers beside it.
 *
 * The secret is behind the #, which browsers never send. It stays in the address bar while it is of use: a reload, a
 * bookmark or a duplicated tab must still open the file, and the person was sent the very same link anyway. It goes
 * once the link's last use is saved: then it fetches nothing any more, but beside a copy of the ciphertext it would
 * still open the file, so it must not linger in the history. It is never put into storage, a log or a request.
 *
 * A claimed use is remembered in `history.state`, for this tab only: after a reload or a crash a one-time download
 * goes on under its lease instead of being lost. A lease opens nothing without the secret.
 */
import type { LinkClaim, LinkInfo } from "../../src/api/contract.ts";
import { type LinkAddress, parseLink } from "../../src/crypto/link-key.ts";

/** The public half of the address: what the node is asked about. */
export function readSlug(): string {
  return location.pathname.split("/")[2] ?? "";
}

/** Both halves of the address; null when the fragment is missing or cut. */
export function readAddress(): LinkAddress | null {
  try {
    return parseLink(location.href);
  } catch {
    return null;
  }
}

/** Takes the secret out of the address bar and of this history entry. */
export function forgetSecret(): void {
  history.replaceState(null, "", location.pathname);
}

/** What is remembered of a claim. The info goes along because a used link no longer tells its password's salt. */
export interface KeptClaim {
  readonly claim: LinkClaim;
  readonly info: LinkInfo;
}

/** A use that this tab claimed before and whose lease still runs; null without one. */
export function keptClaim(): KeptClaim | null {
  const kept = history.state as KeptClaim | null;
  return kept && Date.parse(kept.claim.leaseExpiresAt) > Date.now() ? kept : null;
}

/** Remembers a claimed use, or forgets it with null. */
export function keepClaim(kept: KeptClaim | null): void {
  history.replaceState(kept, "");
}
