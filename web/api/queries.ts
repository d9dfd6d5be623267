/**
 * What the scenes read. Every list is fetched once and then kept true by the events of the push socket,
 * so that switching scenes and conversations shows what is cached at once.
 */
import {
  QueryClient,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type {
  Contact,
  Conversation,
  DeviceView,
  FileSpace,
  FileVersion,
  FileView,
  FolderListing,
  FoundFiles,
  IdentityView,
  LinkView,
  MessagePage,
  MountView,
  OfferedRelays,
  ReceivedFile,
  SearchHit,
  Settings,
  SharesView,
  Status,
  SummaryView,
  TrashView,
  UploadView,
  WorkCost,
} from "../../src/api/contract.ts";
import { ApiFailure, call, isDropped } from "./client.ts";
import { keys } from "./keys.ts";
import {
  type MessagePages,
  type PageParam,
  newerParam,
  olderParam,
  pageQuery,
  reachesNewest,
} from "./message-pages.ts";

const SEARCH_HITS = 50;
/** How long a place in the middle of a conversation, or the answer to a search, outlives its being shown. */
const AWAY_MS = 30_000;
const NEWEST_KEPT_MS = 300_000;
const UNREACHABLE_RETRIES = 2;

/** Only silence is worth asking again; a refusal stays a refusal. */
function retry(failures: number, error: Error): boolean {
  return error instanceof ApiFailure && error.status === 0 && !isDropped(error) && failures < UNREACHABLE_RETRIES;
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

/** What work costs on the node's machine. */
export const useWorkCosts = (): UseQueryResult<WorkCost[]> => useGet(keys.workCosts, "/settings/work");
/** How the node is, whether it is locked, and what is unread. Answers while locked too. */
export const useStatus = (): UseQueryResult<Status> => useGet(keys.status, "/status");
/** Your public key, fingerprint and devices. */
export const useIdentity = (): UseQueryResult<IdentityView> => useGet(keys.identity, "/identity");
/** The devices of the account, the main one first. */
export const useDevices = (): UseQueryResult<readonly DeviceView[]> => useGet(keys.devices, "/devices");
/** What the person chose; `changeSettings` edits this cache before the node has answered. */
export const useSettings = (): UseQueryResult<Settings> => useGet(keys.settings, "/settings");
/** Whether other programs of the machine may use the library as a drive, and how. */
export const useMount = (): UseQueryResult<MountView> => useGet(keys.mount, "/mount");
/** Everybody, requests and blocked people included. */
export const useContacts = (): UseQueryResult<readonly Contact[]> => useGet(keys.contacts, "/contacts");
/** What changes without an event is asked for each time. */
function useFresh<T>(queryKey: readonly string[], path: string): UseQueryResult<T> {
  return useQuery<T>({ queryKey, queryFn: ({ signal }) => call<T>("GET", path, undefined, signal), staleTime: 0 });
}

/** Where the account's summary lies. */
export const useSummary = (): UseQueryResult<SummaryView> => useFresh(keys.summary, "/recovery/summary");
/** Who keeps shares of the recovery key, and for how many one is kept. */
export const useShares = (): UseQueryResult<SharesView> => useFresh(keys.shares, "/recovery/shares");
/** The whole library, in the node's order. */
/** Uploads that have not ended, of all tabs and programs. */
export function useUploads(): UseQueryResult<readonly UploadView[]> {
  return useQuery({
    queryKey: keys.uploads,
    queryFn: ({ signal }) => call("GET", "/uploads", undefined, signal),
    refetchOnMount: "always", // no event tells of them
  });
}

export const useFiles = (): UseQueryResult<readonly FileView[]> => useGet(keys.files, "/files");
/** What lies in a folder; "" is the top. */
export const useFolder = (id: string): UseQueryResult<FolderListing> =>
  useGet(keys.folder(id), `/folders?folder=${id}`);
/** What was deleted and can come back. */
export const useTrash = (): UseQueryResult<TrashView> => useGet(keys.trash, "/trash");
/** What the library takes and what the disk has left. */
export const useSpace = (): UseQueryResult<FileSpace> => useGet(keys.space, "/files/space");
/** The earlier versions of a file, the latest first. */
export const useVersions = (id: string): UseQueryResult<readonly FileVersion[]> =>
  useGet([...keys.versions, id], `/files/${id}/versions`);
/** All share links, ended ones included until they are taken away. */
export const useLinks = (): UseQueryResult<readonly LinkView[]> => useGet(keys.links, "/links");

/** Files of messages that are fetched into the library, or were. */
export const useReceived = (): UseQueryResult<readonly ReceivedFile[]> => useGet(keys.received, "/received");

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

/** The conversation of this id; undefined while loading, null if there is none yet. */
export function useConversation(who: string): Conversation | null | undefined {
  const { data } = useConversations();
  return data && (data.find(({ id }) => id === who) ?? null);
}

/** The messages around a position, or the newest at once; older ones by `fetchNextPage`, newer ones by `fetchPreviousPage`. */
export function useMessages(who: string, at: number | null): UseInfiniteQueryResult<MessagePages> {
  return useInfiniteQuery(messagesOptions(who, at));
}

/** Loads a conversation ahead of the click, so that switching shows it without a wait. */
export function prefetchMessages(who: string): void {
  void queryClient.prefetchInfiniteQuery(messagesOptions(who, null));
}

/** Puts the newest page in place of pages that no longer reach so far. Throws ApiFailure. */
export async function returnToNewest(who: string): Promise<void> {
  const page = await call<MessagePage>("GET", messagesPath(who, null));
  const queryKey = keys.messages(who, null);
  queryClient.setQueryData<MessagePages>(queryKey, { pages: [page], pageParams: [null] });
  // A message that came after this page was read found no page that reaches so far, and is not in it.
  void queryClient.invalidateQueries({ queryKey });
}

/** Lets go of pages from whose end the newest message is missing, so that the next opening starts at the newest. */
export function forgetIfAway(who: string): void {
  const queryKey = keys.messages(who, null);
  const pages = queryClient.getQueryData<MessagePages>(queryKey);
  if (pages && !reachesNewest(pages)) queryClient.removeQueries({ queryKey });
}

/** Messages that contain these words, newest first; in one conversation or in all. Nothing is asked for no words. */
export function useSearch(words: string, who: string | null): UseQueryResult<readonly SearchHit[]> {
  const inside = who === null ? "" : `&in=${encodeURIComponent(who)}`;
  const path = `/search?q=${encodeURIComponent(words)}${inside}&limit=${SEARCH_HITS}`;
  return useQuery<readonly SearchHit[]>({
    queryKey: keys.search(words, who),
    queryFn: ({ signal }) => call("GET", path, undefined, signal),
    enabled: words !== "",
    // Words typed a minute ago may find more now.
    staleTime: 0,
    gcTime: AWAY_MS,
    placeholderData: (before) => (words === "" ? undefined : before),
  });
}

/** Files and folders of these names, wherever they lie. The last answer stays until the next one is there. */
export function useFoundFiles(words: string): UseQueryResult<FoundFiles> {
  return useQuery<FoundFiles>({
    queryKey: [...keys.foundFiles, words],
    queryFn: ({ signal }) => call("GET", `/files/search?q=${encodeURIComponent(words)}`, undefined, signal),
    enabled: words !== "",
    gcTime: AWAY_MS,
    placeholderData: (before) => (words === "" ? undefined : before),
  });
}

interface MessagesOptions {
  queryKey: readonly string[];
  queryFn: (context: { pageParam: PageParam; signal: AbortSignal }) => Promise<MessagePage>;
  initialPageParam: PageParam;
  getNextPageParam: typeof olderParam;
  getPreviousPageParam: typeof newerParam;
  gcTime: number;
}

/** Shared by the hook and the prefetch, so that both fill the same cache entry. */
function messagesOptions(who: string, at: number | null): MessagesOptions {
  return {
    queryKey: keys.messages(who, at),
    queryFn: ({ pageParam, signal }) => call("GET", messagesPath(who, pageParam), undefined, signal),
    initialPageParam: at === null ? null : { around: at },
    getNextPageParam: olderParam,
    getPreviousPageParam: newerParam,
    gcTime: at === null ? NEWEST_KEPT_MS : AWAY_MS,
  };
}

function messagesPath(who: string, param: PageParam): string {
  return `/conversations/${encodeURIComponent(who)}/messages?${pageQuery(param)}`;
}
