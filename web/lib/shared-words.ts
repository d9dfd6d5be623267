/** How a file is protected that was sent in a conversation. */
import type { MessageFile, SharedWith } from "../../src/api/contract.ts";

/** Said before a file is sent. */
export const WHO_OPENS_WORDS =
  "Only the devices in that conversation can open it. In groups of more than 20 devices, and with other Nostr programs, whoever has its link can.";

export function sharedWords({ forRecipients }: Pick<SharedWith, "forRecipients">): string {
  return forRecipients ? "only their devices open it" : "opens for whoever has its link";
}

/** Of all files of a message; null if it has none. */
export function filesWords(files: readonly MessageFile[]): string | null {
  if (files.length === 0) return null;
  const forRecipients = files.every((file) => file.forRecipients);
  return forRecipients ? "Only the devices in this conversation open them" : "Open for whoever has their link";
}
