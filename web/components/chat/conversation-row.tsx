/** A conversation in the list: who, the last thing said, when, and how much is unread. */
import { BellOff, Pin } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Conversation, Message } from "../../../src/api/contract.ts";
import { prefetchMessages } from "../../api/queries.ts";
import { standingOf } from "../../lib/contact-words.ts";
import { contactOf } from "../../lib/conversation-list.ts";
import { formatRecent } from "../../lib/format.ts";
import { isMuted } from "../../lib/spans.ts";
import { draftOf, draftsStore } from "../../stores/drafts.ts";
import { useStore } from "../../stores/store.ts";
import { StarSign } from "../star-sign.tsx";

export interface ConversationRowProps {
  readonly conversation: Conversation;
  readonly current: boolean;
}

/** Pointing at a row loads its messages, so that the click shows them at once. */
export function ConversationRow({ conversation, current }: ConversationRowProps): ReactNode {
  const { name, last, unread, id, pinned } = conversation;
  const muted = isMuted(conversation);
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
          <span className={`grow truncate ${unread > 0 && !muted ? "font-bold" : "font-medium"}`}>
            <bdi>{name}</bdi>
          </span>
          {last && (
            <time dateTime={last.at} className="shrink-0 text-sm text-muted">
              {formatRecent(last.at)}
            </time>
          )}
        </span>
        <span className="flex items-center gap-2">
          <Preview conversation={conversation} current={current} />
          {muted && <BellOff aria-label="Muted" className="size-4 shrink-0 text-muted" />}
          {pinned && <Pin aria-label="Pinned" className="size-4 shrink-0 text-muted" />}
          {unread > 0 && <Count value={unread} label="unread" quiet={muted} />}
        </span>
      </span>
    </Link>
  );
}

/**
 * What stands between the two of you (a changed card, no answer yet) matters more than the last words, and so does
 * what one has begun to write oneself.
 */
function Preview({ conversation, current }: ConversationRowProps): ReactNode {
  useStore(draftsStore);
  const { last, id, typing } = conversation;
  const contact = contactOf(conversation);
  const standing = contact && (contact.cardChanged || contact.state === "pending") ? standingOf(contact) : null;
  const draft = current ? "" : draftOf(id).text.trim();
  const [before, words] = standing
    ? ["", standing]
    : typing.length > 0
      ? ["", "typing…"]
      : draft !== ""
        ? ["Draft: ", draft]
        : lastWords(conversation, last);
  return (
    <span className="min-w-0 grow truncate text-muted">
      {before}
      <bdi>{words}</bdi>
    </span>
  );
}

/** Whose words, unless it is clear, and the words. */
function lastWords({ kind }: Conversation, last: Message | null): [string, string] {
  if (!last) return ["", "No messages yet"];
  if (last.kind === "notice") return ["", last.text];
  const author = last.mine ? "You: " : kind === "group" ? `${last.from.name}: ` : "";
  if (last.deleted) return [author, "Deleted message"];
  const voice = last.files.some(({ voiceSeconds }) => voiceSeconds !== undefined);
  return [author, last.text || (voice ? "Voice note" : last.files.map(({ name }) => name).join(", "))];
}

export interface CountProps {
  readonly value: number;
  readonly label: string;
  /** Counts, but does not call. */
  readonly quiet?: boolean;
}

/** A number that never grows wider than its badge; screen readers hear what is counted. */
export function Count({ value, label, quiet = false }: CountProps): ReactNode {
  const look = quiet ? "border border-control text-muted" : "border border-ink bg-ink text-page";
  return (
    <span className={`min-w-6 shrink-0 rounded-full px-1.5 text-center text-sm leading-5.5 font-bold ${look}`}>
      {value > 99 ? "99+" : value}
      <span className="sr-only"> {label}</span>
    </span>
  );
}
