/** One conversation: its header, its messages, and the composer or the reason why there is none. */
import { UserX } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Contact, Message } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { messagesOf } from "../api/message-cache.ts";
import { onMessage, refetchSoon } from "../api/push.ts";
import { keys } from "../api/keys.ts";
import { useContact, useConversations, useMessages } from "../api/queries.ts";
import { ButtonLink } from "../components/button.tsx";
import { ConversationFoot } from "../components/chat/conversation-foot.tsx";
import { ConversationHeader } from "../components/chat/conversation-header.tsx";
import { MessageList } from "../components/chat/message-list.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { Scene, useTitle } from "../components/scene.tsx";
import { formatClock } from "../lib/format.ts";
import { firstUnread, rowsOf } from "../lib/message-rows.ts";
import { outgoingStore } from "../stores/outgoing.ts";
import { useStore } from "../stores/store.ts";

/** Remounted for each contact: drafts live in a store, scroll and marks start anew. */
export function ConversationScene({ npub }: { readonly npub: string }): ReactNode {
  const contact = useContact(npub);
  useTitle(contact?.name ?? "Chats");
  if (contact === undefined) return <Skeleton label="Loading the conversation" />;
  if (contact === null) {
    return (
      <Scene title="Conversation" back="/chats">
        <Empty
          icon={UserX}
          title="No such contact"
          action={<ButtonLink href="/contacts/add">Add a contact</ButtonLink>}
        >
          This person is not among your contacts, or was removed.
        </Empty>
      </Scene>
    );
  }
  return (
    <div className="flex h-full min-w-0 flex-col">
      <ConversationHeader contact={contact} />
      <Messages contact={contact} />
      <ConversationFoot contact={contact} />
      <Announcer npub={npub} />
    </div>
  );
}

function Messages({ contact }: { readonly contact: Contact }): ReactNode {
  const { npub, name } = contact;
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useMessages(npub);
  const outgoing = useStore(outgoingStore);
  const messages = useMemo(() => messagesOf(data), [data]);
  const firstNew = useFirstNew(npub, messages);
  const rows = useMemo(
    () =>
      rowsOf(
        messages,
        outgoing.filter((message) => message.npub === npub),
        firstNew,
      ),
    [messages, outgoing, npub, firstNew],
  );
  const [atEnd, setAtEnd] = useState(true);
  useMarkRead(contact, messages, atEnd);
  const loadOlder = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (error && !data) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (!data) return <div className="grow" />;
  return <MessageList rows={rows} label={`Messages with ${name}`} onTop={loadOlder} onEnd={setAtEnd} />;
}

/** Where the line "New messages" stands: fixed when the conversation opens, so that it does not wander while one reads. */
function useFirstNew(npub: string, messages: readonly Message[]): string | null {
  const { data: conversations } = useConversations();
  const [mark, setMark] = useState<string | null>();
  if (mark === undefined && conversations && messages.length > 0) {
    const unread = conversations.find(({ id }) => id === npub)?.unread ?? 0;
    setMark(firstUnread(messages, unread));
  }
  return mark ?? null;
}

/** Tells the node how far one has read: only what was in sight, in a visible tab, of somebody accepted. */
function useMarkRead(contact: Contact, messages: readonly Message[], atEnd: boolean): void {
  const { npub, state } = contact;
  const last = messages.findLast(({ mine }) => !mine);
  const visible = useVisible();
  const told = useRef(-1);
  useEffect(() => {
    const seen = atEnd && visible && state === "accepted" && last && last.state !== "read";
    if (!seen || told.current >= last.position) return;
    told.current = last.position;
    call("POST", `/conversations/${npub}/read`, { upTo: last.position }).then(
      () => refetchSoon(keys.conversations, keys.status),
      () => {
        told.current = -1;
      },
    );
  }, [npub, state, last, atEnd, visible]);
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

/** Reads new messages out to screen readers; the list itself is not live, as scrolling would read it all. */
function Announcer({ npub }: { readonly npub: string }): ReactNode {
  const [said, setSaid] = useState("");
  useEffect(
    () =>
      onMessage((message) => {
        if (message.conversation !== npub || message.mine) return;
        setSaid(`${message.from.name}: ${message.text} ${formatClock(message.at)}`);
      }),
    [npub],
  );
  return (
    <p aria-live="polite" className="sr-only">
      {said}
    </p>
  );
}
