/** What the states of a contact mean, in words that fit one line. */
import type { Contact } from "../../src/api/contract.ts";

type Encryption = Contact["encryption"];

/** How the next message is protected, in a line that fits beside a name. */
export const PROTECTION_SHORT: Record<Encryption, string> = {
  hybrid: "Post-quantum encryption",
  "card-unknown": "Card not found yet",
  interop: "Not hidden",
};

/** The same in a sentence. */
export const PROTECTION: Record<Encryption, string> = {
  hybrid: "Messages are encrypted by elliptic curve and ML-KEM together, which withstands quantum computers.",
  "card-unknown":
    "This person’s card was not found yet, and without it nothing can be sealed. It is looked for again by itself; an invite link brings it along.",
  interop: "Messages are not hidden: they go as ordinary Nostr direct messages.",
};

/** Where the two of you stand; null when there is nothing to say. */
export function standingOf({ state, cardChanged, verified }: Contact): string | null {
  if (state === "blocked") return "Blocked";
  if (state === "request") return "Wants to write to you";
  if (cardChanged) return "Card changed";
  if (state === "pending") return "Not answered yet";
  return verified ? "Verified" : null;
}
