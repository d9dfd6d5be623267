/** What a message answers, above its text; it leads to the original. */
import { type ReactNode, useContext } from "react";
import type { Quote } from "../../../src/api/contract.ts";
import { MessageActions } from "./message-actions.ts";

/** A quote whose message is gone says so and leads nowhere. */
export function MessageQuote({ quote }: { readonly quote: Quote }): ReactNode {
  const { onJump } = useContext(MessageActions);
  if (!quote.from) {
    return (
      <p className="my-1 border-s-2 border-control ps-3 text-sm text-muted italic">
        The original is not here any more.
      </p>
    );
  }
  return (
    <button
      type="button"
      onClick={() => onJump(quote)}
      className="ring-inside my-1 block min-h-11 w-full rounded-e-lg border-s-2 border-ink ps-3 pe-2 text-start text-sm hover:bg-divider"
    >
      <QuoteWords quote={quote} />
    </button>
  );
}

/** Whose words, and the beginning of them, on two lines. */
export function QuoteWords({ quote }: { readonly quote: Quote }): ReactNode {
  return (
    <>
      <bdi className="block truncate font-semibold">{quote.from?.name}</bdi>
      <bdi className="line-clamp-2 text-muted wrap-anywhere">{quote.excerpt || "Deleted message"}</bdi>
    </>
  );
}
