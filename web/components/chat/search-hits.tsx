/** What a search found: whose message, the words around the place, when. Choosing one leads there. */
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { SearchHit } from "../../../src/api/contract.ts";
import { useConversations, useSearch } from "../../api/queries.ts";
import { formatRecent } from "../../lib/format.ts";
import { foundParts } from "../../lib/found-words.ts";
import { LoadFailure, Skeleton } from "../feedback.tsx";

export interface SearchHitsProps {
  readonly words: string;
  /** Of one conversation only; null for all. */
  readonly who: string | null;
  readonly onChoose?: () => void;
}

/** Newest first. */
export function SearchHits({ words, who, onChoose }: SearchHitsProps): ReactNode {
  const { data, error, refetch } = useSearch(words, who);
  const { data: conversations = [] } = useConversations();
  const names = new Map(conversations.map(({ id, name }) => [id, name]));
  if (error) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={3} label="Searching" />;
  if (data.length === 0) {
    return <p className="px-5 py-3 text-muted">No message contains these words. Words are found by their beginning.</p>;
  }
  return (
    <ul aria-label="Messages found">
      {data.map((hit) => (
        <li key={hit.message.id}>
          <Hit
            hit={hit}
            words={words}
            title={who === null ? names.get(hit.message.conversation) : undefined}
            onChoose={onChoose}
          />
        </li>
      ))}
    </ul>
  );
}

interface HitProps {
  readonly hit: SearchHit;
  readonly words: string;
  /** The conversation's name, where there are several. */
  readonly title: string | undefined;
  readonly onChoose: (() => void) | undefined;
}

function Hit({ hit: { message, excerpt }, words, title, onChoose }: HitProps): ReactNode {
  const author = message.mine ? "You" : message.from.name;
  return (
    <Link
      href={`/chats/${message.conversation}/${message.position}`}
      onClick={onChoose}
      className="ring-inside mx-2 flex min-h-14 flex-col justify-center rounded-xl px-3 py-2 transition-colors hover:bg-surface"
    >
      <span className="flex items-baseline gap-2">
        <bdi className="grow truncate font-medium">{title ?? author}</bdi>
        <time dateTime={message.at} className="shrink-0 text-sm text-muted">
          {formatRecent(message.at)}
        </time>
      </span>
      <span className="line-clamp-2 text-sm text-muted wrap-anywhere">
        {title !== undefined && message.mine && "You: "}
        <bdi>
          {foundParts(excerpt, words).map(({ text, found }, i) =>
            found ? (
              <mark key={i} className="bg-transparent font-bold text-ink underline underline-offset-2">
                {text}
              </mark>
            ) : (
              text
            ),
          )}
        </bdi>
      </span>
    </Link>
  );
}
