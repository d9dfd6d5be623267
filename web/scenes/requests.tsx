/** Message requests: people who wrote first. The list, and beside it the one under review. */
import { ArrowLeft, Inbox, UserCheck } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Contact } from "../../src/api/contract.ts";
import { useContacts } from "../api/queries.ts";
import { ButtonLink, IconLink } from "../components/button.tsx";
import { Badge } from "../components/choice.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { useTitle } from "../components/scene.tsx";
import { StarSign } from "../components/star-sign.tsx";
import { ConversationScene } from "./conversation.tsx";

/** Reading a request answers nothing: no receipt and no sign of life goes out. */
export function RequestsScene({ npub }: { readonly npub: string | null }): ReactNode {
  useTitle("Message requests");
  const { data, error, refetch } = useContacts();
  const requests = data?.filter(({ state }) => state === "request");
  return (
    <div className="flex h-full">
      <div
        className={`h-full w-full shrink-0 flex-col border-divider pane:flex pane:w-86 pane:border-e ${npub ? "hidden" : "flex"}`}
      >
        <header className="flex min-h-20 items-center gap-1 px-3">
          <IconLink href="/chats" icon={ArrowLeft} label="Back to chats" />
          <h1 className="text-2xl font-semibold tracking-tight">Requests</h1>
        </header>
        <div className="min-h-0 grow overflow-y-auto">
          {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
          {!requests && !error && <Skeleton label="Loading requests" />}
          {requests && <RequestList requests={requests} current={npub} />}
        </div>
      </div>
      <div className={`h-full min-w-0 grow flex-col ${npub ? "flex" : "hidden pane:flex"}`}>
        {npub ? <ConversationScene key={npub} who={npub} at={null} /> : <Advice />}
      </div>
    </div>
  );
}

interface RequestListProps {
  readonly requests: readonly Contact[];
  readonly current: string | null;
}

function RequestList({ requests, current }: RequestListProps): ReactNode {
  if (requests.length === 0) {
    return (
      <Empty icon={Inbox} title="No requests" action={<ButtonLink href="/chats">Back to chats</ButtonLink>}>
        When somebody new writes to you, it waits here until you decide.
      </Empty>
    );
  }
  return (
    <ul>
      {requests.map((contact) => (
        <li key={contact.npub}>
          <Link
            href={`/requests/${contact.npub}`}
            aria-current={contact.npub === current ? "page" : undefined}
            className="ring-inside mx-2 flex min-h-18 items-center gap-3 rounded-xl px-3 py-2 transition-colors hover:bg-surface aria-[current]:bg-divider"
          >
            <StarSign npub={contact.npub} />
            <span className="min-w-0 grow">
              <span className="flex items-center gap-2">
                <span className="truncate font-medium">
                  <bdi>{contact.name}</bdi>
                </span>
                <Badge>{contact.invited ? "Invited" : "Not invited"}</Badge>
              </span>
              <span dir="ltr" className="block truncate font-mono text-sm text-muted">
                {contact.fingerprint}
              </span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Advice(): ReactNode {
  return (
    <Empty icon={UserCheck} title="Look before you accept">
      A name proves nothing. Compare the fingerprint with the one the person tells you over another channel.
    </Empty>
  );
}
