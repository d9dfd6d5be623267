/**
 * The pages of a conversation in the cache: where each came from, which way it goes on, and how many are kept.
 *
 *     pages[0] newest ... pages[n] oldest, each page oldest message first, ordered by `position`
 *     pageParams[i]: null (the newest) | {before} | {after} | {around} - how pages[i] was asked for
 *
 * However long a conversation is, at most KEPT_PAGES are held: what is far from where one reads is let go.
 */
import type { InfiniteData } from "@tanstack/react-query";
import type { Message, MessagePage } from "../../src/api/contract.ts";

export type PageParam = null | { readonly before: number } | { readonly after: number } | { readonly around: number };

export type MessagePages = InfiniteData<MessagePage, PageParam>;

export const PAGE_MESSAGES = 50;
export const KEPT_PAGES = 8;

/** "limit=50&before=123" */
export function pageQuery(param: PageParam): string {
  const [where] = Object.entries(param ?? {});
  return where ? `limit=${PAGE_MESSAGES}&${where[0]}=${where[1]}` : `limit=${PAGE_MESSAGES}`;
}

/** All cached messages, oldest first. */
export function messagesOf(pages: MessagePages | undefined): Message[] {
  return pages ? pages.pages.toReversed().flatMap((page) => page.messages) : [];
}

/** How to ask for what is older; null at the beginning of the conversation. */
export function olderParam(last: MessagePage, pages: readonly MessagePage[], param: PageParam): PageParam {
  // A page that was asked for by what lies before it always has something before it.
  const more = last.more || (param !== null && "after" in param);
  const oldest = pages.findLast(({ messages }) => messages.length > 0)?.messages[0];
  return more && oldest ? { before: oldest.position } : null;
}

/** How to ask for what is newer; null when the newest message is held. */
export function newerParam(first: MessagePage, pages: readonly MessagePage[], param: PageParam): PageParam {
  if (!hasNewer(first, param)) return null;
  const newest = pages.find(({ messages }) => messages.length > 0)?.messages.at(-1);
  return newest ? { after: newest.position } : null;
}

/** False while messages exist that are newer than the held ones. */
export function reachesNewest({ pages, pageParams }: MessagePages): boolean {
  return pages[0] !== undefined && !hasNewer(pages[0], pageParams[0] ?? null);
}

function hasNewer(first: MessagePage, param: PageParam): boolean {
  if (param === null) return false;
  return "before" in param || first.newer;
}

/** Lets go of pages far above (`from` "oldest") or below ("newest") until KEPT_PAGES are left. */
export function trimmed(pages: MessagePages, from: "oldest" | "newest"): MessagePages {
  const surplus = pages.pages.length - KEPT_PAGES;
  if (surplus <= 0) return pages;
  const cut = <T>(list: readonly T[]): T[] => (from === "oldest" ? list.slice(0, KEPT_PAGES) : list.slice(surplus));
  return { pages: cut(pages.pages), pageParams: cut(pages.pageParams) };
}
