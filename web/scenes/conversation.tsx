/** One conversation: its header, its messages, and the composer or the reason why there is none. */
import { UserX } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useConversation, useConversations, useContact } from "../api/queries.ts";
import { useGroup } from "../api/groups.ts";
import { onMessage } from "../api/push.ts";
import { ButtonLink } from "../components/button.tsx";
import { ConversationFoot } from "../components/chat/conversation-foot.tsx";
import { ConversationHeader } from "../components/chat/conversation-header.tsx";
import { ConversationMessages, type RoomProps } from "../components/chat/conversation-messages.tsx";
import { ConversationSearch } from "../components/chat/conversation-search.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { Scene, useTitle } from "../components/scene.tsx";
import { formatClock } from "../lib/format.ts";

export interface ConversationSceneProps {
  /** The conversation's id: an npub, or that of a group. */
  readonly who: string;
  /** Position of a message to open at; null for the newest. */
  readonly at: number | null;
}

/** Remounted for each conversation: drafts live in a store, scroll and marks start anew. */
export function ConversationScene({ who, at }: ConversationSceneProps): ReactNode {
  const contact = useContact(who);
  const conversation = useConversation(who);
  const { error } = useConversations();
  const { data: group, isLoading, ...fetched } = useGroup(conversation?.kind === "group" ? who : null);
  const name = contact?.name ?? conversation?.name;
  useTitle(name ?? "Chats");
  const unknown = name === undefined && (contact === undefined || (conversation === undefined && !error));
  if (unknown || isLoading) {
    return <Skeleton label="Loading the conversation" />;
  }
  if (name === undefined) return <Nobody />;
  if (fetched.error && !group) return <LoadFailure error={fetched.error} onRetry={() => void fetched.refetch()} />;
  const known = { contact: contact ?? null, conversation: conversation ?? null, group: group ?? null };
  return <Room who={who} at={at} name={name} {...known} />;
}

function Nobody(): ReactNode {
  return (
    <Scene title="Conversation" back="/chats">
      <Empty icon={UserX} title="No such contact" action={<ButtonLink href="/contacts/add">Add a contact</ButtonLink>}>
        This person is not among your contacts, or was removed.
      </Empty>
    </Scene>
  );
}

function Room(room: RoomProps): ReactNode {
  const { who, at, name, contact, conversation, group } = room;
  const [searching, setSearching] = useState(false);
  const endSearch = useCallback(() => setSearching(false), []);
  return (
    <div className="flex h-full min-w-0 flex-col">
      <ConversationHeader
        who={who}
        name={name}
        contact={contact}
        conversation={conversation}
        group={group}
        onSearch={() => setSearching(!searching)}
      />
      {searching && <ConversationSearch who={who} name={name} onClose={endSearch} />}
      <ConversationMessages key={at ?? "newest"} room={room} />
      <ConversationFoot who={who} name={name} contact={contact} group={group} />
      <Announcer who={who} />
    </div>
  );
}

/** Reads new messages out to screen readers; the list itself is not live, as scrolling would read it all. */
function Announcer({ who }: { readonly who: string }): ReactNode {
  const [said, setSaid] = useState("");
  useEffect(
    () =>
      onMessage((message) => {
        if (message.conversation !== who || message.mine) return;
        const author = message.kind === "notice" ? "" : `${message.from.name}: `;
        setSaid(`${author}${message.text} ${formatClock(message.at)}`);
      }),
    [who],
  );
  return (
    <p aria-live="polite" className="sr-only">
      {said}
    </p>
  );
}
