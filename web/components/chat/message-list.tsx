/**
 * The messages of a conversation as a list of which only the visible part is in the page, so that ten
 * thousand scroll as smoothly as ten. It stays at its end while new ones come, unless one has scrolled up.
 */
import { ArrowDown } from "lucide-react";
import { type ReactNode, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { Row } from "../../lib/message-rows.ts";
import { Button } from "../button.tsx";
import { MessageBubble } from "./message-bubble.tsx";

export interface MessageListProps {
  readonly rows: readonly Row[];
  readonly label: string;
  /** Asks for older messages; called again as long as the top is near. */
  readonly onTop: () => void;
  /** Tells whether the newest message is in sight. */
  readonly onEnd: (atEnd: boolean) => void;
}

/** Close enough to an edge to count as being there, in pixels. */
const TOP_MARGIN = 400;
const END_MARGIN = 60;

/** The spacer above keeps a short conversation at the foot, where the eye is while writing. */
export function MessageList({ rows, label, onTop, onEnd }: MessageListProps): ReactNode {
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const shift = usePrepended(rows);
  useEffect(() => onEnd(atEnd), [atEnd, onEnd]);
  const toEnd = useStickToEnd(list, scroller, rows, atEnd);
  const measured = useAfterPaint();

  const follow = (offset: number): void => {
    const { scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    setAtEnd(offset + viewportSize >= scrollSize - END_MARGIN);
    if (offset < TOP_MARGIN) onTop();
  };
  return (
    <div className="relative min-h-0 grow">
      <section
        ref={scroller}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={label}
        className={`ring-inside flex h-full flex-col overflow-y-auto py-2 ${measured ? "" : "invisible"}`}
      >
        {rows.length === 0 && (
          <p className="m-auto p-6 text-center text-muted">No messages yet. Write the first one.</p>
        )}
        <div className="grow" />
        <Virtualizer ref={list} scrollRef={scroller} as="ul" item="li" shift={shift} onScroll={follow} data={rows}>
          {(row) => <RowView key={row.key} row={row} />}
        </Virtualizer>
      </section>
      {!atEnd && (
        <Button icon={ArrowDown} onClick={toEnd} className="absolute end-4 bottom-3 bg-page">
          Newest
        </Button>
      )}
    </div>
  );
}

function RowView({ row }: { readonly row: Row }): ReactNode {
  if (row.kind === "message") return <MessageBubble message={row.message} sending={row.sending} />;
  const text = row.kind === "day" ? row.label : "New messages";
  return (
    <div className="flex items-center gap-3 px-4 py-3 text-sm text-muted rail:px-6">
      <span className="h-px grow bg-divider" />
      {text}
      <span className="h-px grow bg-divider" />
    </div>
  );
}

/** False for the first two frames, in which the rows are measured and would be seen to move. */
function useAfterPaint(): boolean {
  const [painted, setPainted] = useState(false);
  useEffect(() => {
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => setPainted(true));
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  return painted;
}

/** True while the last change put rows before the known ones: the list then keeps its place. */
function usePrepended(rows: readonly Row[]): boolean {
  const first = rows.find((row) => row.kind === "message")?.key;
  const last = rows.at(-1)?.key;
  const [seen, setSeen] = useState({ first, last, prepended: false });
  if (seen.first !== first || seen.last !== last) {
    setSeen({ first, last, prepended: seen.first !== first && seen.last === last });
  }
  return seen.prepended;
}

/** Keeps the newest row in sight while one is at the end, and after sending; returns the jump itself. */
function useStickToEnd(
  list: RefObject<VirtualizerHandle | null>,
  scroller: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  atEnd: boolean,
): () => void {
  const last = rows.at(-1);
  const stick = atEnd || (last?.kind === "message" && last.sending !== null);
  const toEnd = useCallback(() => list.current?.scrollToIndex(rows.length - 1, { align: "end" }), [list, rows]);
  useLayoutEffect(() => {
    if (stick) toEnd();
  }, [stick, toEnd]);
  useEffect(() => {
    if (!scroller.current || !stick) return undefined;
    // The composer grows and the keyboard of a phone opens: the end stays in sight.
    const observer = new ResizeObserver(toEnd);
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [scroller, stick, toEnd]);
  return toEnd;
}
