/** Reactions under a bubble: the emoji, how many, and on pointing at it or by ear who. */
import { type ReactNode, useContext } from "react";
import type { Message, Reaction } from "../../../src/api/contract.ts";
import { MessageActions } from "./message-actions.ts";

/** Pressing one joins it, or takes one's own back. */
export function ReactionChips({ message }: { readonly message: Message }): ReactNode {
  const { onReact, readOnly } = useContext(MessageActions);
  return (
    <div className={`-mt-2.5 flex flex-wrap px-1 ${message.mine ? "justify-end" : ""}`}>
      {message.reactions.map((reaction) => (
        <button
          key={reaction.emoji}
          type="button"
          aria-pressed={reaction.mine}
          aria-label={wordsOf(reaction)}
          title={wordsOf(reaction)}
          onClick={() => !readOnly && onReact(message, reaction.emoji)}
          className="ring-inside flex h-11 min-w-11 items-center justify-center rounded-lg px-0.5"
        >
          <span
            className={`rounded-full border bg-page px-2 text-sm leading-6 ${reaction.mine ? "border-ink" : "border-control"}`}
          >
            {reaction.emoji}
            {reaction.by.length > 1 && ` ${reaction.by.length}`}
          </span>
        </button>
      ))}
    </div>
  );
}

/** "👍 Ada", "👍 2: Ada, Grace": begins with what is seen. */
function wordsOf({ emoji, by, mine }: Reaction): string {
  const count = by.length > 1 ? `${by.length}: ` : "";
  const names = by.map(({ name }) => name).join(", ");
  return `${emoji} ${count}${names}${mine ? " (yours; press to take back)" : ""}`;
}
