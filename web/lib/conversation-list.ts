/** Which conversations stand in the list of chats, in which group, and what of them is unread. */
import type { Contact, Conversation } from "../../src/api/contract.ts";
import { isMuted } from "./spans.ts";

/** The other person of a conversation of two; null for groups and channels. */
export function contactOf(conversation: Conversation): Contact | null {
  return conversation.kind === "direct" ? conversation.contact : null;
}

/** In the node's order. Requests have a scene of their own, the blocked are silent. */
export function shownConversations(conversations: readonly Conversation[]): Conversation[] {
  return conversations.filter((conversation) => {
    const contact = contactOf(conversation);
    return !contact || contact.state === "accepted" || contact.state === "pending";
  });
}

/** The list as it is shown: pinned ones first, archived ones apart. */
export function groupedConversations(conversations: readonly Conversation[]): {
  readonly current: Conversation[];
  readonly archived: Conversation[];
} {
  const shown = shownConversations(conversations);
  const current = shown.filter(({ archived }) => !archived);
  return {
    current: [...current.filter(({ pinned }) => pinned), ...current.filter(({ pinned }) => !pinned)],
    archived: shown.filter(({ archived }) => archived),
  };
}

/** Unread messages that ask for attention: not those of conversations that were silenced. */
export function unreadCount(conversations: readonly Conversation[], nowMs: number = Date.now()): number {
  const loud = shownConversations(conversations).filter((conversation) => !isMuted(conversation, nowMs));
  return loud.reduce((sum, { unread }) => sum + unread, 0);
}

/** The conversation `step` places further down the list, around its ends; null in an empty list. */
export function neighbour(conversations: readonly Conversation[], current: string | null, step: 1 | -1): string | null {
  const shown = groupedConversations(conversations).current;
  const from = shown.findIndex(({ id }) => id === current);
  const start = from >= 0 ? from : step === 1 ? -1 : 0;
  return shown.at((start + step) % shown.length)?.id ?? null;
}
