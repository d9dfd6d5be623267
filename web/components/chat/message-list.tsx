/**
 * The messages of a conversation as a list of which only the visible part is in the page, so that ten
 * thousand scroll as smoothly as ten. It stays at its end while new ones come, unless one has scrolled up.
 */
import { ArrowDown } from "lucide-react";
import { type ReactNode, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { Row } from "../../lib/message-rows.ts";
import { keepsEnd, type ScrollPlace } from "../../lib/scroll-end.ts";
import { Button } from "../button.tsx";
import { MessageBubble } from "./message-bubble.tsx";

/** A message to be brought into sight; a new object each time, as one may jump to the same message twice. */
export interface Jump {
  readonly id: string;
}

export interface MessageListProps {
  readonly rows: readonly Row[];
  readonly label: string;
  /** Newer messages than these exist, so that the end of the rows is not the newest. */
  readonly hasNewer: boolean;
  readonly jump: Jump | null;
  /** Asks for older messages; called again as long as the top is near. */
  readonly onTop: () => void;
  /** Asks for newer messages, at the end of the rows. */
  readonly onBottom: () => void;
  /** Tells whether the newest message is in sight. */
  readonly onEnd: (atEnd: boolean) => void;
  /** Brings the newest among the rows. */
  readonly onNewest: () => Promise<void>;
}

/** So near to an edge of the rows more are asked for, in pixels: some screens ahead of a fast finger. */
const LOAD_MARGIN = 2_000;
/** Drawn, and so measured, before it comes into sight: some frames of a fast finger, also on a busy machine. */
const BUFFER_PIXELS = 300;
const MARKED_MS = 2_000;
const SETTLED_MS = 50;

/** The spacer above keeps a short conversation at the foot, where the eye is while writing. */
export function MessageList(props: MessageListProps): ReactNode {
  const { rows, label, hasNewer, jump, onEnd, onNewest } = props;
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLElement>(null);
  const [atEnd, setAtEnd] = useState(jump === null);
  const shift = usePrepended(rows);
  useEffect(() => onEnd(atEnd), [atEnd, onEnd]);
  const marked = useJump(list, rows, jump);
  const toEnd = useStickToEnd(list, scroller, rows, atEnd && !hasNewer);
  const measured = useAfterPaint();
  const toNewest = useCallback(async () => {
    await onNewest();
    setAtEnd(true);
  }, [onNewest]);

  const look = useLook(list, props, setAtEnd);
  // Also after every load: a page that is shorter than the screen brings no scrolling with it.
  useEffect(() => {
    if (!measured || rows.length === 0) return undefined;
    // Not before the list has found its place among the new rows.
    const timer = setTimeout(look, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [measured, look, rows.length]);

  return (
    <div className="relative min-h-0 grow">
      <section
        ref={scroller}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={label}
        className={`ring-inside flex h-full flex-col overflow-y-auto py-2 [overflow-anchor:none] ${measured ? "" : "invisible"}`}
      >
        {rows.length === 0 && (
          <p className="m-auto p-6 text-center text-muted">No messages yet. Write the first one.</p>
        )}
        <div className="grow" />
        <Virtualizer
          ref={list}
          scrollRef={scroller}
          as="ul"
          item="li"
          shift={shift}
          bufferSize={BUFFER_PIXELS}
          onScroll={look}
          data={rows}
        >
          {(row) => <RowView key={row.key} row={row} marked={row.key === marked} />}
        </Virtualizer>
      </section>
      {!atEnd && (
        <Button
          icon={ArrowDown}
          onClick={hasNewer ? () => void toNewest() : toEnd}
          className="absolute end-4 bottom-3 bg-page"
        >
          Newest
        </Button>
      )}
    </div>
  );
}

function RowView({ row, marked }: { readonly row: Row; readonly marked: boolean }): ReactNode {
  if (row.kind === "message") return <MessageBubble message={row.message} sending={row.sending} marked={marked} />;
  const text = row.kind === "day" ? row.label : "New messages";
  return (
    <div className="flex items-center gap-3 px-4 py-3 text-sm text-muted rail:px-6">
      <span className="h-px grow bg-divider" />
      {text}
      <span className="h-px grow bg-divider" />
    </div>
  );
}

/** Only what this tab sends itself comes last without the node having taken it. */
function isSending(row: Row | undefined): boolean {
  return row?.kind === "message" && row.sending !== null;
}

/** Brings a message into the middle once it is among the rows; returns its id for as long as it is marked. */
function useJump(list: RefObject<VirtualizerHandle | null>, rows: readonly Row[], jump: Jump | null): string | null {
  const [seen, setSeen] = useState<Jump | null>(null);
  const done = useRef<Jump | null>(null);
  useLayoutEffect(() => {
    const index = jump && jump !== done.current ? rows.findIndex(({ key }) => key === jump.id) : -1;
    if (!jump || index < 0) return;
    done.current = jump;
    list.current?.scrollToIndex(index, { align: "center" });
  }, [list, rows, jump]);
  useEffect(() => {
    const timer = setTimeout(() => setSeen(jump), MARKED_MS);
    return () => clearTimeout(timer);
  }, [jump]);
  return jump === seen ? null : (jump?.id ?? null);
}

/** Looks where the list is: whether at its end, and so near to an edge that more rows are wanted. */
function useLook(
  list: RefObject<VirtualizerHandle | null>,
  { hasNewer, onTop, onBottom }: Pick<MessageListProps, "hasNewer" | "onTop" | "onBottom">,
  setAtEnd: (change: (was: boolean) => boolean) => void,
): () => void {
  const place = useRef<ScrollPlace | null>(null);
  return useCallback((): void => {
    const { scrollSize = 0, viewportSize = 0, scrollOffset = 0 } = list.current ?? {};
    const before = place.current;
    const now = { scrollSize, viewportSize, scrollOffset };
    place.current = now;
    setAtEnd((was) => !hasNewer && keepsEnd(was, before, now));
    if (scrollOffset < LOAD_MARGIN) onTop();
    if (scrollSize - scrollOffset - viewportSize < LOAD_MARGIN) onBottom();
  }, [list, hasNewer, onTop, onBottom, setAtEnd]);
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

/**
 * True while the last change put rows before the known ones, or took the first ones away: the list then keeps its
 * place, counted from its end.
 */
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
  const stick = atEnd || isSending(rows.at(-1));
  const toEnd = useCallback(() => list.current?.scrollToIndex(rows.length - 1, { align: "end" }), [list, rows]);
  useLayoutEffect(() => {
    if (stick) toEnd();
  }, [stick, toEnd]);
  useEffect(() => {
    const section = scroller.current;
    if (!section || !stick) return undefined;
    // The composer grows, the keyboard of a phone opens, rows turn out to be taller than they were thought to be, perhaps
    // long after the list gave up following them: the end stays in sight.
    const observer = new ResizeObserver(() => {
      section.scrollTop = section.scrollHeight;
    });
    for (const box of [section, ...section.children]) observer.observe(box);
    return () => observer.disconnect();
  }, [scroller, stick]);
  return toEnd;
}
