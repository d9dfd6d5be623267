/** Chats: the list, and beside it (or instead of it on a narrow screen) the chosen conversation. */
import { Archive, ChevronDown, ChevronUp, Inbox, MessagesSquare, UserPlus, UsersRound } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { Link } from "wouter";
import type { Conversation } from "../../src/api/contract.ts";
import { prefetchMessages, useContacts, useConversations } from "../api/queries.ts";
import { ButtonLink, IconLink } from "../components/button.tsx";
import { ConversationRow, Count } from "../components/chat/conversation-row.tsx";
import { SearchField, useSettled } from "../components/chat/search-field.tsx";
import { SearchHits } from "../components/chat/search-hits.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { useTitle } from "../components/scene.tsx";
import { ReachNotice } from "../components/shell/reach-notice.tsx";
import { groupedConversations, shownConversations } from "../lib/conversation-list.ts";
import { ConversationScene } from "./conversation.tsx";

/** The first few are loaded ahead: those are the ones people switch between. */
const PREFETCHED = 5;

export interface ChatsSceneProps {
  /** The open conversation's id; null while none is. */
  readonly who: string | null;
  readonly at: number | null;
}

/** Both parts stay in the page on a wide screen; a narrow one shows the part that was asked for. */
export function ChatsScene({ who, at }: ChatsSceneProps): ReactNode {
  return (
    <div className="flex h-full">
      <div
        className={`h-full w-full shrink-0 flex-col border-divider pane:flex pane:w-86 pane:border-e ${who ? "hidden" : "flex"}`}
      >
        <ChatList current={who} />
      </div>
      <div className={`h-full min-w-0 grow flex-col ${who ? "flex" : "hidden pane:flex"}`}>
        {who ? <ConversationScene key={who} who={who} at={at} /> : <NothingChosen />}
      </div>
    </div>
  );
}

function ChatList({ current }: { readonly current: string | null }): ReactNode {
  const { data, error, refetch } = useConversations();
  const [typed, setTyped] = useState("");
  const words = useSettled(typed);
  const groups = useMemo(() => data && groupedConversations(data), [data]);
  useEffect(() => {
    // What is cached already is not fetched again.
    for (const { id } of groups?.current.slice(0, PREFETCHED) ?? []) prefetchMessages(id);
  }, [groups]);
  return (
    <>
      <header className="flex min-h-20 items-center gap-1 ps-5 pe-3">
        <h1 className="grow text-2xl font-semibold tracking-tight">Chats</h1>
        <IconLink href="/groups/new" icon={UsersRound} label="New group" />
        <IconLink href="/contacts/add" icon={UserPlus} label="Add a contact" />
      </header>
      {data && data.length > 0 && (
        <search className="flex px-4 pb-3">
          <SearchField label="Search all messages" value={typed} onChange={setTyped} onClear={() => setTyped("")} />
        </search>
      )}
      {words === "" && <RequestsRow />}
      <nav aria-label="Conversations" className="min-h-0 grow overflow-y-auto pb-4">
        {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
        {!groups && !error && <Skeleton label="Loading your conversations" />}
        {words !== "" && <SearchHits words={words} who={null} />}
        {words === "" && groups && <Groups {...groups} open={current} />}
      </nav>
      <ReachNotice />
    </>
  );
}

interface GroupsProps {
  readonly current: readonly Conversation[];
  readonly archived: readonly Conversation[];
  /** Id of the open conversation. */
  readonly open: string | null;
}

function Groups({ current, archived, open }: GroupsProps): ReactNode {
  if (current.length + archived.length === 0) return <NoConversations />;
  return (
    <>
      <Rows conversations={current} open={open} />
      {archived.length > 0 && <Archived conversations={archived} open={open} />}
    </>
  );
}

interface RowsProps {
  readonly conversations: readonly Conversation[];
  readonly open: string | null;
}

/** Out of the way until asked for. */
function Archived({ conversations, open }: RowsProps): ReactNode {
  const [shown, setShown] = useState(false);
  const Chevron = shown ? ChevronUp : ChevronDown;
  return (
    <>
      <button
        type="button"
        aria-expanded={shown}
        onClick={() => setShown(!shown)}
        className="ring-inside mx-2 mt-2 flex min-h-11 w-[calc(100%-1rem)] items-center gap-3 rounded-xl px-3 text-start text-muted transition-colors hover:bg-surface"
      >
        <Archive aria-hidden className="mx-3 size-5" />
        <span className="grow">Archived ({conversations.length})</span>
        <Chevron aria-hidden className="size-5" />
      </button>
      {shown && <Rows conversations={conversations} open={open} />}
    </>
  );
}

function Rows({ conversations, open }: RowsProps): ReactNode {
  return (
    <ul>
      {conversations.map((conversation) => (
        <li key={conversation.id}>
          <ConversationRow conversation={conversation} current={conversation.id === open} />
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
