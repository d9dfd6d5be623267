/**
 * Who may see what. Everything is public but the traces of private mail:
 *
 *   kind 1059, a wrap                   to its recipient, who names himself as the only #p of the filter
 *                                       and has proven to hold that key (NIP-42, NIP-59)
 *   kind 5 with ["k", "1059"]           to its author: it lists the wraps that he received (NIP-09)
 *
 * The same rules hold for stored and for live events. Pure.
 */

import { type NostrEvent, tagValues } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import { KIND } from "../nostr/kinds.ts";

/** Does this filter ask for wraps and nothing else? */
export function asksOnlyForWraps(filter: Filter): boolean {
  return filter.kinds !== undefined && filter.kinds.length > 0 && filter.kinds.every((kind) => kind === KIND.wrap);
}

/** May a reader who has proven these keys (hex) see the wraps that this filter finds? */
export function mayShowWraps(filter: Filter, keys: ReadonlySet<string>): boolean {
  const recipients = filter["#p"] ?? [];
  return recipients.length === 1 && keys.has(recipients[0] as string);
}

/** May such a reader see this event, which the filter found? */
export function isVisible(event: NostrEvent, filter: Filter, keys: ReadonlySet<string>): boolean {
  if (event.kind === KIND.wrap) return mayShowWraps(filter, keys);
  if (event.kind === KIND.deletion && tagValues(event, "k").includes(String(KIND.wrap))) return keys.has(event.pubkey);
  return true;
}
