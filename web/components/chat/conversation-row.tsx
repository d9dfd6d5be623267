/** A conversation in the list: who, the last thing said, when, and how much is unread. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Conversation } from "../../../src/api/contract.ts";
import { prefetchMessages } from "../../api/queries.ts";
import { standingOf } from "../../lib/contact-words.ts";
import { formatRecent } from "../../lib/format.ts";
import { StarSign } from "../star-sign.tsx";

export interface ConversationRowProps {
  readonly conversation: Conversation;
  readonly current: boolean;
}

/** Pointing at a row loads its messages, so that the click shows them at once. */
export function ConversationRow({ conversation, current }: ConversationRowProps): ReactNode {
  const { contact, last, unread, id } = conversation;
  return (
    <Link
      href={`/chats/${id}`}
      aria-current={current ? "page" : undefined}
      onPointerEnter={() => prefetchMessages(id)}
      onFocus={() => prefetchMessages(id)}
      className="ring-inside mx-2 flex min-h-18 items-center gap-3 rounded-xl px-3 py-2 transition-colors hover:bg-surface aria-[current]:bg-divider"
    >
      <StarSign npub={id} className={current ? "size-11 bg-page" : "size-11"} />
      <span className="min-w-0 grow">
        <span className="flex items-baseline gap-2">
          <span className={`grow truncate ${unread > 0 ? "font-bold" : "font-medium"}`}>
            <bdi>{contact.name}</bdi>
          </span>
          {last && (
            <time dateTime={last.at} className="shrink-0 text-sm text-muted">
              {formatRecent(last.at)}
            </time>
          )}
        </span>
        <span className="flex items-center gap-2">
          <Preview conversation={conversation} />
          {unread > 0 && <Count value={unread} label="unread" />}
        </span>
      </span>
    </Link>
  );
}

/** What stands between the two of you (a changed card, no answer yet) matters more than the last words. */
function Preview({ conversation }: { readonly conversation: Conversation }): ReactNode {
  const { last, contact } = conversation;
  const standing = contact.cardChanged || contact.state === "pending" ? standingOf(contact) : null;
  const said = last && (last.text || last.files.map((file) => file.name).join(", "));
  return (
    <span className="min-w-0 grow truncate text-muted">
      {!standing && last?.mine && "You: "}
      <bdi>{standing ?? said ?? "No messages yet"}</bdi>
    </span>
  );
}

/** A number that never grows wider than its badge; screen readers hear what is counted. */
export function Count({ value, label }: { readonly value: number; readonly label: string }): ReactNode {
  return (
    <span className="min-w-6 shrink-0 rounded-full bg-ink px-1.5 text-center text-sm leading-6 font-bold text-page">
      {value > 99 ? "99+" : value}
      <span className="sr-only"> {label}</span>
    </span>
  );
}
