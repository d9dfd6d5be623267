/** What the text below belongs to: the message it answers, or the one it changes. */
import { Pencil, Reply, X } from "lucide-react";
import type { ReactNode } from "react";
import { quoteOf } from "../../lib/message-rows.ts";
import { composerField } from "../../lib/composer-field.ts";
import { type Draft, editDraft } from "../../stores/drafts.ts";
import { IconButton } from "../button.tsx";
import { QuoteWords } from "./message-quote.tsx";

export interface ComposerContextProps {
  readonly who: string;
  readonly draft: Draft;
}

/** Escape in the field takes it away too. */
export function ComposerContext({ who, draft }: ComposerContextProps): ReactNode {
  const { replyTo, editing } = draft;
  const message = editing?.message ?? replyTo;
  if (!message) return null;
  const Icon = editing ? Pencil : Reply;
  const cancel = (): void => {
    editDraft(who, { replyTo: null, editing: null });
    composerField()?.focus();
  };
  return (
    <section
      aria-label={editing ? "Editing a message" : "Replying to a message"}
      className="mb-2 flex items-center gap-3 border-s-2 border-ink ps-3 text-sm"
    >
      <Icon aria-hidden className="size-4 shrink-0" />
      <div className="min-w-0 grow">
        {editing ? (
          <>
            <p className="font-semibold">Editing</p>
            <bdi className="line-clamp-2 text-muted wrap-anywhere">{message.text}</bdi>
          </>
        ) : (
          <QuoteWords quote={quoteOf(message)} />
        )}
      </div>
      <IconButton icon={X} label={editing ? "Stop editing" : "Do not reply"} onClick={cancel} className="ring-inside" />
    </section>
  );
}
