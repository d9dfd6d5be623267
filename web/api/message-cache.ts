/**
 * Pure edits of a conversation's cached pages, as the push socket's events ask for them.
 */
import type { DeliveryState, Message } from "../../src/api/contract.ts";
import { type MessagePages, PAGE_MESSAGES, reachesNewest, trimmed } from "./message-pages.ts";

/** The pages with `message` put in its place, or replaced where its id is known already. */
export function withMessage(pages: MessagePages, message: Message): MessagePages {
  if (holds(pages, message.id)) return withChanged(pages, message);
  const [newest, ...older] = pages.pages;
  // Where newer messages are missing anyway, this one comes with them when one gets there.
  if (!newest || !reachesNewest(pages)) return pages;
  const messages = [...newest.messages, message].sort((a, b) => a.position - b.position);
  return split({ ...pages, pages: [{ ...newest, messages }, ...older] });
}

/** The pages with a known message in its new form; an unknown one stays unknown. */
export function withChanged(pages: MessagePages, message: Message): MessagePages {
  return mapMessages(pages, (old) => (old.id === message.id ? message : old));
}

/** The pages without one message. */
export function withoutMessage(pages: MessagePages, id: string): MessagePages {
  if (!holds(pages, id)) return pages;
  const rest = pages.pages.map((page) => ({ ...page, messages: page.messages.filter((one) => one.id !== id) }));
  return { ...pages, pages: rest };
}

/** The pages with one message's delivery state changed. */
export function withState(pages: MessagePages, id: string, state: DeliveryState): MessagePages {
  return mapMessages(pages, (old) => (old.id === id ? settled(old, state) : old));
}

function holds(pages: MessagePages, id: string): boolean {
  return pages.pages.some((page) => page.messages.some((one) => one.id === id));
}

/** A message that left no longer waits for anything. */
function settled(message: Message, state: DeliveryState): Message {
  const { waiting, ...rest } = message;
  return state === "queued" && waiting !== undefined ? { ...rest, state, waiting } : { ...rest, state };
}

/** The newest page grows with every message; grown to two it becomes two, so that the oldest can be let go. */
function split(pages: MessagePages): MessagePages {
  const [newest, ...older] = pages.pages;
  if (!newest || newest.messages.length < 2 * PAGE_MESSAGES) return pages;
  const upper = { ...newest, messages: newest.messages.slice(0, -PAGE_MESSAGES) };
  const lower = { ...newest, messages: newest.messages.slice(-PAGE_MESSAGES), more: true };
  const before = lower.messages[0]?.position ?? 0;
  const pageParams = [null, { before }, ...pages.pageParams.slice(1)];
  return trimmed({ pages: [lower, upper, ...older], pageParams }, "oldest");
}

/** Copies all pages: React and the query cache tell a change by identity. */
function mapMessages(pages: MessagePages, change: (message: Message) => Message): MessagePages {
  return { ...pages, pages: pages.pages.map((page) => ({ ...page, messages: page.messages.map(change) })) };
}
