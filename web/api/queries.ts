/**
 * What the scenes read. Every list is fetched once and then kept true by the events of the push socket,
 * so that switching scenes and conversations shows what is cached at once.
 */
import {
  type InfiniteData,
  QueryClient,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type {
  Contact,
  Conversation,
  FileView,
  IdentityView,
  LinkView,
  MessagePage,
  OfferedRelays,
  Settings,
  Status,
} from "../../src/api/contract.ts";
import { ApiFailure, call } from "./client.ts";
import { keys } from "./keys.ts";

const PAGE_MESSAGES = 50;
const UNREACHABLE_RETRIES = 2;

/** Only silence is worth asking again; a refusal stays a refusal. */
function retry(failures: number, error: Error): boolean {
  return error instanceof ApiFailure && error.status === 0 && failures < UNREACHABLE_RETRIES;
}

/** Nothing grows stale by itself, because the push socket tells of every change; localhost needs no "online" check. */
export const queryClient: QueryClient = new QueryClient({
  defaultOptions: {
    queries: { retry, staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false, networkMode: "always" },
    mutations: { retry: false, networkMode: "always" },
  },
});

function useGet<T>(queryKey: readonly string[], path: string, enabled = true): UseQueryResult<T> {
  return useQuery<T>({ queryKey, queryFn: ({ signal }) => call<T>("GET", path, undefined, signal), enabled });
}

/** How the node is, whether it is locked, and what is unread. Answers while locked too. */
export const useStatus = (): UseQueryResult<Status> => useGet(keys.status, "/status");
/** Your public key, fingerprint and devices. */
export const useIdentity = (): UseQueryResult<IdentityView> => useGet(keys.identity, "/identity");
/** What the person chose; `changeSettings` edits this cache before the node has answered. */
export const useSettings = (): UseQueryResult<Settings> => useGet(keys.settings, "/settings");
/** Everybody, requests and blocked people included. */
export const useContacts = (): UseQueryResult<readonly Contact[]> => useGet(keys.contacts, "/contacts");
/** The whole library, in the node's order. */
export const useFiles = (): UseQueryResult<readonly FileView[]> => useGet(keys.files, "/files");
/** All share links, ended ones included until they are taken away. */
export const useLinks = (): UseQueryResult<readonly LinkView[]> => useGet(keys.links, "/links");

/** Newest first, with the last message and the number of unread ones. */
export function useConversations(): UseQueryResult<readonly Conversation[]> {
  return useGet(keys.conversations, "/conversations");
}

/** Fetched only once the person asks to see them: no public relay is so much as named unasked. */
export function useOfferedRelays(asked: boolean): UseQueryResult<OfferedRelays> {
  return useGet(keys.offeredRelays, "/relays/offered", asked);
}

/** The one contact with this npub; undefined while loading, null if there is none. */
export function useContact(npub: string): Contact | null | undefined {
  const { data } = useContacts();
  return data && (data.find((contact) => contact.npub === npub) ?? null);
}

/** Pages of a conversation, newest page first; each page is oldest first. */
export type MessagePages = InfiniteData<MessagePage, number | null>;

/** The newest messages at once, older ones by `fetchNextPage`. */
export function useMessages(npub: string): UseInfiniteQueryResult<MessagePages> {
  return useInfiniteQuery({ ...messagesOptions(npub), getNextPageParam: positionBefore });
}

/** Loads a conversation ahead of the click, so that switching shows it without a wait. */
export function prefetchMessages(npub: string): void {
  void queryClient.prefetchInfiniteQuery(messagesOptions(npub));
}

interface MessagesOptions {
  queryKey: readonly string[];
  queryFn: (context: { pageParam: number | null; signal: AbortSignal }) => Promise<MessagePage>;
  initialPageParam: number | null;
}

/** Shared by the hook and the prefetch, so that both fill the same cache entry. */
function messagesOptions(npub: string): MessagesOptions {
  return {
    queryKey: keys.messages(npub),
    queryFn: ({ pageParam, signal }) => {
      const before = pageParam === null ? "" : `&before=${pageParam}`;
      return call("GET", `/conversations/${npub}/messages?limit=${PAGE_MESSAGES}${before}`, undefined, signal);
    },
    initialPageParam: null,
  };
}

/** Where the next older page ends; null at the beginning of the conversation. */
function positionBefore(page: MessagePage): number | null {
  return page.more ? (page.messages[0]?.position ?? null) : null;
}
