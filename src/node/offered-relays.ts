/** Public relays that a person may choose from. They are never used unasked: each learns your network address. */
import type { OfferedRelays } from "./views.ts";

export const OFFERED_RELAYS: OfferedRelays = [
  { url: "wss://nos.lol", note: "Free and widely used." },
  { url: "wss://relay.damus.io", note: "Free, run by the makers of Damus." },
  { url: "wss://relay.primal.net", note: "Free, run by Primal." },
  { url: "wss://nostr.mom", note: "Free, run by one volunteer." },
];
