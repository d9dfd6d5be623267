/** A clock and what is left of a disappearing message. */
import { Timer } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { formatMoment } from "../../lib/format.ts";
import { shortSpan } from "../../lib/spans.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** Counts by seconds in the last minutes only: what changes often costs attention and battery. */
export function ExpiryMark({ at }: { readonly at: string }): ReactNode {
  const [nowMs, setNowMs] = useState(Date.now);
  const leftMs = Date.parse(at) - nowMs;
  const stepMs = leftMs < 2 * MINUTE_MS ? SECOND_MS : MINUTE_MS / 2;
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, [stepMs]);
  return (
    <span className="inline-flex items-center gap-1 tabular-nums" title={`Disappears ${formatMoment(at)}`}>
      <Timer aria-hidden className="size-4" />
      <span className="sr-only">Disappears in </span>
      {shortSpan(leftMs)}
    </span>
  );
}
