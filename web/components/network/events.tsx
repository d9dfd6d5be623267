/** What happened to routes lately, the newest first: how a dead path was noticed and left. */
import { type ReactNode, useEffect, useState } from "react";
import type { RouteEvent } from "../../../src/api/contract.ts";
import { formatAgo, formatMoment } from "../../lib/format.ts";
import { routeName } from "../../lib/network-words.ts";
import { Button } from "../button.tsx";
import { Section } from "../scene.tsx";

const SHOWN = 8;
const TICK_MS = 5_000;

export function EventsSection({ events }: { readonly events: readonly RouteEvent[] }): ReactNode {
  const [all, setAll] = useState(false);
  const nowMs = useNow();
  const newest = events.toReversed();
  return (
    <Section title="Lately" id="events">
      {events.length === 0 && <p className="text-muted">Nothing happened since Nocturne was started.</p>}
      <ol className="flex flex-col">
        {(all ? newest : newest.slice(0, SHOWN)).map(({ at, route, text }, i) => (
          <li key={`${events.length - i}`} className="border-b border-divider py-2 first:pt-0">
            <p>{text}</p>
            <p className="facts text-sm text-muted">
              <span>{routeName(route)}</span>
              <time dateTime={at} title={formatMoment(at)}>
                {formatAgo(at, nowMs)}
              </time>
            </p>
          </li>
        ))}
      </ol>
      {!all && events.length > SHOWN && (
        <Button onClick={() => setAll(true)} className="self-start">
          Show all {events.length}
        </Button>
      )}
    </Section>
  );
}

/** Goes on while it is shown. */
function useNow(): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}
