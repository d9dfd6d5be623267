/**
 * The page's own address `/s/<slug>#<secret>` and what the tab remembers beside it.
 *
 * The secret is behind the #, which browsers never send. It is taken out of the address as soon as it is read, so that
 * it is not shown, bookmarked, shared with the tab or handed to whoever goes back to this page. (The browser has
 * written the address as it was opened into its history by then, which no page can prevent.) Until the tab is closed,
 * or the link's last use is saved, it is in the tab's session storage, so that a reload in the middle of a one-time
 * download does not lose it. Where storage is blocked, a reload needs the link anew.
 *
 * A claimed use is remembered in `history.state`, for this tab only: after a reload or a crash a one-time download
 * goes on under its lease instead of being lost. A lease opens nothing without the secret.
 */
import type { LinkClaim, LinkInfo } from "../../src/api/contract.ts";

/** The public half of the address: what the node is asked about. */
export function readSlug(): string {
  return location.pathname.split("/")[2] ?? "";
}

/** Takes the secret out of the address bar; the one that this tab was given before, or null, where there is none. */
export function takeSecret(): string | null {
  const given = location.hash.slice(1);
  if (given !== "") {
    history.replaceState(history.state, "", location.pathname);
    stored((storage) => storage.setItem(readSlug(), given));
  }
  const secret = given === "" ? stored((storage) => storage.getItem(readSlug())) : given;
  return secret && /^[\w-]{22}$/.test(secret) ? secret : null;
}

/** The link is of no use any more: nothing of it stays in this tab. */
export function forgetSecret(): void {
  stored((storage) => storage.removeItem(readSlug()));
  keepClaim(null);
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

/** null where the browser lets this page store nothing. */
function stored<T>(use: (storage: Storage) => T): T | null {
  try {
    return use(sessionStorage);
  } catch {
    return null;
  }
}
