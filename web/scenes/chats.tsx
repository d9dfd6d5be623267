/** Chats: the list, and beside it (or instead of it on a narrow screen) the chosen conversation. */
import { Inbox, MessagesSquare, UserPlus } from "lucide-react";
import { type ReactNode, useEffect, useMemo } from "react";
import { Link } from "wouter";
import type { Conversation } from "../../src/api/contract.ts";
import { prefetchMessages, useContacts, useConversations } from "../api/queries.ts";
import { ButtonLink, IconLink } from "../components/button.tsx";
import { ConversationRow, Count } from "../components/chat/conversation-row.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { useTitle } from "../components/scene.tsx";
import { ReachNotice } from "../components/shell/reach-notice.tsx";
import { shownConversations } from "../lib/conversation-list.ts";
import { ConversationScene } from "./conversation.tsx";

/** The first few are loaded ahead: those are the ones people switch between. */
const PREFETCHED = 5;

/** Both parts stay in the page on a wide screen; a narrow one shows the part that was asked for. */
export function ChatsScene({ npub }: { readonly npub: string | null }): ReactNode {
  return (
    <div className="flex h-full">
      <div
        className={`h-full w-full shrink-0 flex-col border-divider pane:flex pane:w-86 pane:border-e ${npub ? "hidden" : "flex"}`}
      >
        <ChatList current={npub} />
      </div>
      <div className={`h-full min-w-0 grow flex-col ${npub ? "flex" : "hidden pane:flex"}`}>
        {npub ? <ConversationScene key={npub} npub={npub} /> : <NothingChosen />}
      </div>
    </div>
  );
}

function ChatList({ current }: { readonly current: string | null }): ReactNode {
  const { data, error, refetch } = useConversations();
  const shown = useMemo(() => data && shownConversations(data), [data]);
  useEffect(() => {
    // What is cached already is not fetched again.
    for (const { id } of shown?.slice(0, PREFETCHED) ?? []) prefetchMessages(id);
  }, [shown]);
  return (
    <>
      <header className="flex min-h-20 items-center gap-1 ps-5 pe-3">
        <h1 className="grow text-2xl font-semibold tracking-tight">Chats</h1>
        <IconLink href="/contacts/add" icon={UserPlus} label="Add a contact" />
      </header>
      <RequestsRow />
      <nav aria-label="Conversations" className="min-h-0 grow overflow-y-auto pb-4">
        {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
        {!shown && !error && <Skeleton label="Loading your conversations" />}
        {shown && <Rows conversations={shown} current={current} />}
      </nav>
      <ReachNotice />
    </>
  );
}

interface RowsProps {
  readonly conversations: readonly Conversation[];
  readonly current: string | null;
}

function Rows({ conversations, current }: RowsProps): ReactNode {
  if (conversations.length === 0) return <NoConversations />;
  return (
    <ul>
      {conversations.map((conversation) => (
        <li key={conversation.id}>
          <ConversationRow conversation={conversation} current={conversation.id === current} />
        </li>
      ))}
    </ul>
  );
}

/** On a wide screen the same words with the button stand beside it. */
function NoConversations(): ReactNode {
  return (
    <div className="px-5 py-2 text-muted pane:block">
      <p className="mb-4">No conversations yet. Invite someone, or add a person whose link or npub you have.</p>
      <ButtonLink kind="primary" href="/invite" icon={UserPlus} className="pane:hidden">
        Invite someone
      </ButtonLink>
    </div>
  );
}

/** Requests stand apart: nobody gets into the list of chats by merely writing. */
function RequestsRow(): ReactNode {
  const { data } = useContacts();
  const count = data?.filter(({ state }) => state === "request").length ?? 0;
  if (count === 0) return null;
  return (
    <Link
      href="/requests"
      className="ring-inside mx-2 mb-1 flex min-h-14 items-center gap-3 rounded-xl border border-divider px-3 hover:bg-surface"
    >
      <Inbox aria-hidden className="mx-3 size-5" />
      <span className="grow">Message requests</span>
      <Count value={count} label="waiting" />
    </Link>
  );
}

function NothingChosen(): ReactNode {
  useTitle("Chats");
  const { data } = useConversations();
  if (!data) return null;
  if (shownConversations(data).length > 0) {
    return (
      <Empty icon={MessagesSquare} title="Choose a conversation">
        Or press <kbd className="rounded border border-control px-1.5 font-mono text-sm text-ink">Ctrl K</kbd> and type
        a name.
      </Empty>
    );
  }
  return (
    <Empty
      icon={MessagesSquare}
      title="Nobody here yet"
      action={
        <ButtonLink kind="primary" href="/invite" icon={UserPlus}>
          Invite someone
        </ButtonLink>
      }
    >
      Show somebody your QR code or send your invite link. No account is needed on either side.
    </Empty>
  );
}
