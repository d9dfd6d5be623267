/** What the scenes of channels read; kept true by the push events "channel", "channel-post" and "channel-gone". */
import {
  type InfiniteData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type { Channel, ChannelEntry, ChannelLink, ChannelPage } from "../../src/api/contract.ts";
import { call } from "./client.ts";
import { keys } from "./keys.ts";

const PAGE_ENTRIES = 50;

type PostPages = InfiniteData<ChannelPage, number | null>;

/** Your own channels and those you read. */
export function useChannels(): UseQueryResult<readonly Channel[]> {
  return useQuery<readonly Channel[]>({
    queryKey: keys.channels,
    queryFn: ({ signal }) => call("GET", "/channels", undefined, signal),
  });
}

/** The newest entries at once; earlier ones by `fetchNextPage`. */
export function usePosts(id: string): UseInfiniteQueryResult<PostPages> {
  return useInfiniteQuery({
    queryKey: keys.postsOf(id),
    queryFn: ({ pageParam, signal }) => call<ChannelPage>("GET", postsPath(id, pageParam), undefined, signal),
    initialPageParam: null as number | null,
    getNextPageParam: (last: ChannelPage) => last.before,
  });
}

/** Asked for anew each time it is shown: an epoch later it is another. */
export function useChannelLink(id: string): UseQueryResult<ChannelLink> {
  return useQuery<ChannelLink>({
    queryKey: keys.channelLink(id),
    queryFn: ({ signal }) => call("GET", `/channels/${id}/link`, undefined, signal),
    staleTime: 0,
    gcTime: 0,
  });
}

/** All cached entries, lowest number first. */
export function entriesOf(pages: PostPages | undefined): ChannelEntry[] {
  return pages ? pages.pages.toReversed().flatMap(({ entries }) => entries) : [];
}

function postsPath(id: string, before: number | null): string {
  return `/channels/${id}/posts?limit=${PAGE_ENTRIES}${before === null ? "" : `&before=${before}`}`;
}
