/** Which conversations stand in the list of chats: requests have a scene of their own, the blocked are silent. */
import type { Conversation } from "../../src/api/contract.ts";

/** In the node's order, newest first. */
export function shownConversations(conversations: readonly Conversation[]): Conversation[] {
  return conversations.filter(({ contact }) => contact.state === "accepted" || contact.state === "pending");
}

/** The conversation `step` places further down the list, around its ends; null in an empty list. */
export function neighbour(conversations: readonly Conversation[], current: string | null, step: 1 | -1): string | null {
  const shown = shownConversations(conversations);
  const from = shown.findIndex(({ id }) => id === current);
  const start = from >= 0 ? from : step === 1 ? -1 : 0;
  return shown.at((start + step) % shown.length)?.id ?? null;
}
