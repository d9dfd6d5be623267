/** Which events are taken at all, before anybody spends time on their signature. Pure. */

import { type EventTemplate, tagValue } from "../nostr/event.ts";
import { KIND } from "../nostr/kinds.ts";
import type { RelayLimits } from "./relay-info.ts";

/** Why the relay does not take an event, as the reason of an OK message; null when it does. */
export function findEventFault(event: EventTemplate, nowMs: number, limits: RelayLimits): string | null {
  // Published, an answer to somebody's challenge would be a login for whoever reads it.
  if (event.kind === KIND.auth) return "invalid: an answer to a challenge is not published";
  if (event.created_at * 1000 > nowMs + limits.futureMs) return "invalid: created_at is too far in the future";
  const expiry = expiryOf(event);
  if (expiry !== null && expiry * 1000 <= nowMs) return "invalid: this event has expired";
  return null;
}

/** The second from which an event is gone, or null. (NIP-40) */
export function expiryOf(event: EventTemplate): number | null {
  const text = tagValue(event, "expiration");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
