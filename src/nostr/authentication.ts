/**
 * Proof to a relay that a client holds a key (NIP-42): a signed answer to the relay's challenge.
 *
 *   kind 22242 | tags [["relay", "wss://..."], ["challenge", "..."]] | never published
 */

import { type NostrEvent, signEvent, tagValue, type VerifiedEvent } from "./event.ts";
import { KIND } from "./kinds.ts";

const FRESH_S = 600; // NIP-42 suggests about ten minutes

/** The answer to `challenge` for the relay at `relayUrl`. It proves nothing to any other relay. */
export function createAuthEvent(
  relayUrl: string,
  challenge: string,
  secretKey: Uint8Array,
  nowS: number,
): VerifiedEvent {
  const tags = [
    ["relay", relayUrl],
    ["challenge", challenge],
  ];
  return signEvent({ kind: KIND.auth, created_at: nowS, tags, content: "" }, secretKey);
}

/** What a relay expects of an answer. */
export interface AuthExpectation {
  readonly challenge: string;
  readonly nowS: number;
  /** Is this URL one of the relay's own? */
  isOwnUrl(url: URL): boolean;
}

/** Why an answer does not count, or null when it does. Its signature is checked elsewhere. */
export function findAuthFault(event: NostrEvent, expected: AuthExpectation): string | null {
  if (event.kind !== KIND.auth) return "the kind must be 22242";
  if (tagValue(event, "challenge") !== expected.challenge) return "the challenge is not the one of this connection";
  if (Math.abs(event.created_at - expected.nowS) > FRESH_S) return "created_at is more than ten minutes off";
  const url = URL.parse(tagValue(event, "relay") ?? "");
  // Otherwise a hostile relay could hand our challenge to its own client and log in here with the answer.
  if (!url || !expected.isOwnUrl(url)) return "it is made for another relay";
  return null;
}
