/**
 * Pure edits of a conversation's cached pages, as the push socket's events ask for them.
 *
 *     pages[0] newest ... pages[n] oldest, each page oldest message first, ordered by `position`
 */
import type { DeliveryState, Message } from "../../src/api/contract.ts";
import type { MessagePages } from "./queries.ts";

/** The pages with `message` put in its place, or replaced where its id is known already. */
export function withMessage(pages: MessagePages, message: Message): MessagePages {
  const known = pages.pages.some((page) => page.messages.some(({ id }) => id === message.id));
  if (known) return mapMessages(pages, (old) => (old.id === message.id ? message : old));
  const [newest, ...older] = pages.pages;
  if (!newest) return pages;
  const messages = [...newest.messages, message].sort((a, b) => a.position - b.position);
  return { ...pages, pages: [{ ...newest, messages }, ...older] };
}

/** The pages with one message's delivery state changed. */
export function withState(pages: MessagePages, id: string, state: DeliveryState): MessagePages {
  return mapMessages(pages, (old) => (old.id === id ? settled(old, state) : old));
}

/** All cached messages, oldest first. */
export function messagesOf(pages: MessagePages | undefined): Message[] {
  return pages ? pages.pages.toReversed().flatMap((page) => page.messages) : [];
}

/** A message that left no longer waits for anything. */
function settled(message: Message, state: DeliveryState): Message {
  const { waiting, ...rest } = message;
  return state === "queued" && waiting !== undefined ? { ...rest, state, waiting } : { ...rest, state };
}

/** Copies all pages: React and the query cache tell a change by identity. */
function mapMessages(pages: MessagePages, change: (message: Message) => Message): MessagePages {
  return { ...pages, pages: pages.pages.map((page) => ({ ...page, messages: page.messages.map(change) })) };
}
