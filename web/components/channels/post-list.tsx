/** The posts of a channel, lowest number first; it stays at its end while new ones come, unless one scrolled up. */
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Channel, ChannelEntry, ChannelPost } from "../../../src/api/contract.ts";
import { entriesOf, usePosts } from "../../api/channels.ts";
import { channelName } from "../../lib/channel-words.ts";
import { formatMoment } from "../../lib/format.ts";
import { Button } from "../button.tsx";
import { LoadFailure, Skeleton } from "../feedback.tsx";
import { DeleteQuestion, EditQuestion } from "./post-dialogs.tsx";
import { type PostAsk, PostItem } from "./post-item.tsx";

/** Close enough to the newest to count as being there. */
const END_MARGIN = 60;

export function PostList({ channel }: { readonly channel: Channel }): ReactNode {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = usePosts(channel.id);
  const entries = useMemo(() => entriesOf(data), [data]);
  if (error && !data) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton label="Loading the posts" />;
  return (
    <Posts channel={channel} entries={entries}>
      {hasNextPage && (
        <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()} className="mx-auto mb-4">
          Earlier posts
        </Button>
      )}
    </Posts>
  );
}

interface PostsProps {
  readonly channel: Channel;
  readonly entries: readonly ChannelEntry[];
  /** Stands above them. */
  readonly children: ReactNode;
}

function Posts({ channel, entries, children }: PostsProps): ReactNode {
  const scroller = useRef<HTMLElement>(null);
  const [asking, setAsking] = useState<PostAsk | null>(null);
  const close = (): void => setAsking(null);
  const onScroll = useStickToEnd(scroller, entries);
  return (
    <section
      ref={scroller}
      onScroll={onScroll}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={`Posts of ${channelName(channel)}`}
      className="ring-inside flex min-h-0 grow flex-col overflow-y-auto py-4"
    >
      {children}
      {entries.length === 0 && <p className="m-auto p-6 text-center text-muted">{emptyWords(channel)}</p>}
      <ul className="mx-auto flex w-full max-w-3xl flex-col gap-3 px-4 rail:px-6">
        {entries.map((entry) => (
          <li key={keyOf(entry)}>
            <Entry entry={entry} entries={entries} onAsk={setAsking} />
          </li>
        ))}
      </ul>
      {asking?.kind === "edit" && <EditQuestion post={asking.post} onClose={close} />}
      {asking?.kind === "delete" && <DeleteQuestion post={asking.post} onClose={close} />}
    </section>
  );
}

interface EntryProps {
  readonly entry: ChannelEntry;
  readonly entries: readonly ChannelEntry[];
  readonly onAsk: (asked: PostAsk) => void;
}

function Entry({ entry, entries, onAsk }: EntryProps): ReactNode {
  if (entry.type === "gap") return <Line>{gapWords(entry.from, entry.to)}</Line>;
  if (entry.type === "moved") {
    return <Line title={formatMoment(entry.at)}>The owner started afresh. What follows needs the new link.</Line>;
  }
  return <PostItem post={entry} answered={answeredBy(entry, entries)} onAsk={onAsk} />;
}

function Line({ title, children }: { readonly title?: string; readonly children: ReactNode }): ReactNode {
  return (
    <p title={title} className="flex items-center gap-3 py-2 text-center text-sm text-muted">
      <span className="h-px min-w-4 grow bg-divider" />
      <span>{children}</span>
      <span className="h-px min-w-4 grow bg-divider" />
    </p>
  );
}

function gapWords(from: number, to: number): string {
  return from === to
    ? `Post ${from} is missing: no relay has told it yet.`
    : `Posts ${from} to ${to} are missing: no relay has told them yet.`;
}

function emptyWords({ mine, state }: Channel): string {
  if (state === "waiting") return "Nothing yet.";
  return mine ? "No posts yet. Write the first one, then give the link to your readers." : "No posts yet.";
}

/** The post that this one answers, if it is loaded. */
function answeredBy({ replyTo }: ChannelPost, entries: readonly ChannelEntry[]): ChannelPost | null {
  if (replyTo === null) return null;
  const found = entries.find((entry) => entry.type === "post" && entry.n === replyTo);
  return found?.type === "post" ? found : null;
}

function keyOf(entry: ChannelEntry): string {
  return entry.type === "gap" ? `gap${entry.from}` : `${entry.n}`;
}

/** Returns what the scroller calls while it is scrolled. */
function useStickToEnd(scroller: RefObject<HTMLElement | null>, entries: readonly ChannelEntry[]): () => void {
  const atEnd = useRef(true);
  const toEnd = useCallback(() => {
    if (atEnd.current) scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, [scroller]);
  useLayoutEffect(toEnd, [toEnd, entries]);
  useEffect(() => {
    const { current } = scroller;
    if (!current) return undefined;
    // The composer grows and the keyboard of a phone opens: the end stays in sight.
    const observer = new ResizeObserver(toEnd);
    observer.observe(current);
    return () => observer.disconnect();
  }, [scroller, toEnd]);
  return useCallback(() => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = scroller.current ?? {};
    atEnd.current = scrollHeight - scrollTop - clientHeight <= END_MARGIN;
  }, [scroller]);
}
