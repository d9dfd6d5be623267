/** The messages of one conversation: fetched page by page, marked as read, jumped to. */
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Contact, Conversation, Group, Message, Quote } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { type MessagePages, messagesOf, trimmed } from "../../api/message-pages.ts";
import { refetchSoon } from "../../api/push.ts";
import { forgetIfAway, queryClient, returnToNewest, useConversations, useMessages } from "../../api/queries.ts";
import { firstUnread, type Row, rowsOf } from "../../lib/message-rows.ts";
import { actingId } from "../../stores/acting.ts";
import { outgoingStore } from "../../stores/outgoing.ts";
import { removalsStore } from "../../stores/removals.ts";
import { useStore } from "../../stores/store.ts";
import { showFailure } from "../../stores/toasts.ts";
import { LoadFailure } from "../feedback.tsx";
import { type Jump, MessageList } from "./message-list.tsx";
import { MessageTools } from "./message-tools.tsx";

/** Whom one talks to: a contact, a group, or a contact with whom nothing was said yet (no conversation). */
export interface RoomProps {
  readonly who: string;
  readonly at: number | null;
  readonly name: string;
  readonly contact: Contact | null;
  readonly conversation: Conversation | null;
  /** Null for two people. */
  readonly group: Group | null;
}

/** While a change is fetched nothing jumps: what is on screen stays where it is. */
export function ConversationMessages({ room }: { readonly room: RoomProps }): ReactNode {
  const { who, at, name, contact, group } = room;
  const { data, error, refetch, hasPreviousPage, loadOlder, loadNewer } = usePages(who, at);
  const messages = useMemo(() => messagesOf(data), [data]);
  const rows = useRows(who, messages, at);
  const [atEnd, setAtEnd] = useState(at === null);
  useMarkRead(who, contact, messages, atEnd);
  const [jump, jumpTo] = useJumps(who, at, messages);
  const toNewest = useToNewest(who, at);
  useNewestForOwn(who, at, rows);

  if (error && !data) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (!data) return <div className="grow" />;
  const readOnly = group ? !group.joined : contact === null || !canWriteTo(contact);
  return (
    <MessageTools readOnly={readOnly} showNames={group !== null} onJump={jumpTo}>
      <MessageList
        rows={rows}
        label={`Messages with ${name}`}
        hasNewer={hasPreviousPage}
        jump={jump}
        onTop={loadOlder}
        onBottom={loadNewer}
        onEnd={setAtEnd}
        onNewest={toNewest}
      />
    </MessageTools>
  );
}

function canWriteTo({ cardChanged, state }: Contact): boolean {
  return !cardChanged && (state === "accepted" || state === "pending");
}

type Pages = Pick<ReturnType<typeof useMessages>, "data" | "error" | "refetch" | "hasPreviousPage"> & {
  readonly loadOlder: () => void;
  readonly loadNewer: () => void;
};

/**
 * The pages around where one reads. What is far away is let go in a step of its own, after the new page is in its
 * place: a list that grows at one end and shrinks at the other in one step could not tell where it is.
 */
function usePages(who: string, at: number | null): Pages {
  const query = useMessages(who, at);
  const { data, isFetching, hasNextPage, hasPreviousPage, fetchNextPage, fetchPreviousPage } = query;
  const reading = useRef<"older" | "newer">("older");
  useEffect(() => {
    const far = reading.current === "older" ? "newest" : "oldest";
    if (!data || trimmed(data, far) === data) return;
    // Of what the cache holds by now: a message may have come since this was drawn.
    queryClient.setQueryData<MessagePages>(keys.messages(who, at), (now) => now && trimmed(now, far));
  }, [who, at, data]);
  useEffect(() => () => forgetIfAway(who), [who]);
  const loadOlder = useCallback(() => {
    if (!hasNextPage || isFetching) return;
    reading.current = "older";
    void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const loadNewer = useCallback(() => {
    if (!hasPreviousPage || isFetching) return;
    reading.current = "newer";
    void fetchPreviousPage();
  }, [hasPreviousPage, isFetching, fetchPreviousPage]);
  return { ...query, loadOlder, loadNewer };
}

function useRows(who: string, messages: readonly Message[], at: number | null): readonly Row[] {
  const outgoing = useStore(outgoingStore);
  const removed = useStore(removalsStore);
  const firstNew = useFirstNew(who, messages, at);
  return useMemo(() => {
    const shown = messages.filter(({ id }) => !removed.has(id));
    const own = outgoing.filter((message) => message.who === who && message.persona === actingId());
    return rowsOf(shown, own, firstNew);
  }, [messages, outgoing, removed, who, firstNew]);
}

/** Where the line "New messages" stands: fixed when the conversation opens, so that it does not wander while one reads. */
function useFirstNew(who: string, messages: readonly Message[], at: number | null): string | null {
  const { data: conversations } = useConversations();
  const [mark, setMark] = useState<string | null>();
  if (mark === undefined && conversations && messages.length > 0) {
    const unread = conversations.find(({ id }) => id === who)?.unread ?? 0;
    setMark(at === null ? firstUnread(messages, unread) : null);
  }
  return mark ?? null;
}

/** The address names a position; a quote names a message, which may be loaded or not. */
function useJumps(who: string, at: number | null, messages: readonly Message[]): [Jump | null, (quote: Quote) => void] {
  const [, navigate] = useLocation();
  const [jump, setJump] = useState<Jump | null>(null);
  const first = at === null ? undefined : messages.find(({ position }) => position >= at);
  const [opened, setOpened] = useState(false);
  if (!opened && first) {
    setOpened(true);
    setJump({ id: first.id });
  }
  const loaded = useRef(messages);
  useEffect(() => {
    loaded.current = messages;
  });
  const jumpTo = useCallback(
    ({ id, position }: Quote) => {
      if (loaded.current.some((message) => message.id === id)) setJump({ id });
      else if (position !== null) navigate(`/chats/${who}/${position}`);
    },
    [who, navigate],
  );
  return [jump, jumpTo];
}

function useToNewest(who: string, at: number | null): () => Promise<void> {
  const [, navigate] = useLocation();
  return useCallback(async () => {
    if (at !== null) navigate(`/chats/${who}`);
    else await returnToNewest(who).catch(showFailure);
  }, [who, at, navigate]);
}

/** Whoever sends from within the past wants to see it go. */
function useNewestForOwn(who: string, at: number | null, rows: readonly Row[]): void {
  const [, navigate] = useLocation();
  const last = rows.at(-1);
  const sends = last?.kind === "message" && last.sending !== null;
  useEffect(() => {
    if (sends && at !== null) navigate(`/chats/${who}`);
  }, [sends, who, at, navigate]);
}

/** Tells the node how far one has read: only what was in sight, in a visible tab, of somebody accepted. */
function useMarkRead(who: string, contact: Contact | null, messages: readonly Message[], atEnd: boolean): void {
  const last = messages.findLast(({ mine }) => !mine);
  const visible = useVisible();
  const told = useRef(-1);
  const state = contact?.state ?? "accepted";
  useEffect(() => {
    const seen = atEnd && visible && state === "accepted" && last && last.state !== "read";
    if (!seen || told.current >= last.position) return;
    told.current = last.position;
    call("POST", `/conversations/${who}/read`, { upTo: last.position }).then(
      () => refetchSoon(keys.conversations, keys.status),
      () => {
        told.current = -1;
      },
    );
  }, [who, state, last, atEnd, visible]);
}

/** A tab in the background reads nothing. */
function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const update = (): void => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", update);
    return () => document.removeEventListener("visibilitychange", update);
  }, []);
  return visible;
}
