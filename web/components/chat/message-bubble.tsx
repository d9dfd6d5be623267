/**
 * One message. Heard in this order: "Alice: text 18:53". Outgoing messages are outlined at the end side,
 * incoming ones filled at the start side. Kept to few elements, because a screen full of them must scroll smoothly.
 */
import { Ban, Clock, TriangleAlert } from "lucide-react";
import { memo, type ReactNode, useContext, useRef } from "react";
import type { Message } from "../../../src/api/contract.ts";
import { formatClock, formatMoment } from "../../lib/format.ts";
import { type Outgoing, discardOutgoing, sendAgain } from "../../stores/outgoing.ts";
import { Button } from "../button.tsx";
import { DeliveryTick } from "./delivery-tick.tsx";
import { ExpiryMark } from "./expiry-mark.tsx";
import { MessageActions } from "./message-actions.ts";
import { AttachedFile } from "./attached-file.tsx";
import { MessageQuote } from "./message-quote.tsx";
import { MessageText } from "./message-text.tsx";
import { ReactionChips } from "./reaction-chips.tsx";
import { useLongPress } from "./use-long-press.ts";
import { VoiceNote } from "./voice-note.tsx";

export interface MessageBubbleProps {
  readonly message: Message;
  /** This tab's own copy while the node has not taken it. */
  readonly sending: Outgoing | null;
  /** Jumped to just now. */
  readonly marked: boolean;
}

/** Renders anew only when its own message changes, not whenever the list does. */
export const MessageBubble: typeof Bubble = memo(Bubble);

function Bubble({ message, sending, marked }: MessageBubbleProps): ReactNode {
  const { onMenu } = useContext(MessageActions);
  const menuButton = useRef<HTMLButtonElement>(null);
  const longPress = useLongPress(() => menuButton.current && onMenu(message, menuButton.current));
  if (message.kind === "notice") return <NoticeLine message={message} />;
  const { mine } = message;
  const look = mine ? "border-control" : "border-transparent bg-divider";
  return (
    <div
      className={`flex flex-col px-4 py-1 transition-colors rail:px-6 ${mine ? "items-end" : "items-start"} ${marked ? "bg-surface" : ""}`}
    >
      <div className={`group flex w-full items-center ${mine ? "flex-row-reverse" : ""}`}>
        <div
          {...(sending ? {} : longPress)}
          className={`max-w-[min(36rem,calc(100%-2.75rem))] rounded-2xl border px-3.5 py-2 pointer-coarse:select-none ${look} ${marked ? "outline-2 outline-ink" : ""}`}
        >
          <Author message={message} />
          {message.deleted ? <Tombstone mine={mine} /> : <Content message={message} />}
          <Details message={message} failed={(sending?.failure ?? null) !== null} />
        </div>
        {!sending && <MenuButton ref={menuButton} message={message} />}
      </div>
      {message.reactions.length > 0 && <ReactionChips message={message} />}
      {message.waiting && <Aside icon={Clock}>Waiting: {message.waiting}</Aside>}
      {sending?.failure && <NotSent sending={sending} />}
    </div>
  );
}

/**
 * In the page for every message, as a screen reader reads one item at a time; in sight only where more than one
 * person writes.
 */
function Author({ message: { mine, from } }: { readonly message: Message }): ReactNode {
  const { showNames } = useContext(MessageActions);
  const name = mine ? "You" : from.name;
  if (!showNames || mine) return <bdi className="sr-only">{name}: </bdi>;
  return (
    <bdi className="block truncate text-sm font-semibold">
      {name}
      <span className="sr-only">: </span>
    </bdi>
  );
}

function Content({ message }: { readonly message: Message }): ReactNode {
  const { text, files, replyTo } = message;
  return (
    <>
      {replyTo && <MessageQuote quote={replyTo} />}
      {text !== "" && (
        <p dir="auto" className="whitespace-pre-wrap wrap-anywhere">
          <MessageText text={text} />
        </p>
      )}
      {files.length > 0 && (
        <div className="my-1.5 flex flex-col gap-2">
          {files.map((file) =>
            file.voiceSeconds === undefined ? (
              <AttachedFile key={file.id} message={message} file={file} />
            ) : (
              <VoiceNote key={file.id} message={message} file={file} seconds={file.voiceSeconds} />
            ),
          )}
        </div>
      )}
    </>
  );
}

/** Stands where a message was, so that an answer to it does not hang in the air. */
function Tombstone({ mine }: { readonly mine: boolean }): ReactNode {
  return (
    <p className="flex items-center gap-2 text-muted italic">
      <Ban aria-hidden className="size-4 shrink-0" />
      {mine ? "You deleted this message" : "This message was deleted"}
    </p>
  );
}

interface MenuButtonProps {
  readonly ref: React.Ref<HTMLButtonElement>;
  readonly message: Message;
}

/** Seen while the pointer is on the message, and by keyboard; a finger presses long instead. */
function MenuButton({ ref, message }: MenuButtonProps): ReactNode {
  const { onMenu } = useContext(MessageActions);
  const { mine, from, at } = message;
  return (
    <button
      ref={ref}
      type="button"
      aria-haspopup="menu"
      aria-label={`Actions for the message of ${mine ? "you" : from.name}, ${formatMoment(at)}`}
      onClick={(event) => onMenu(message, event.currentTarget)}
      className="ring-inside size-11 shrink-0 rounded-lg text-muted opacity-0 group-hover:opacity-100 hover:text-ink focus-visible:opacity-100 pointer-coarse:pointer-events-none"
    >
      <svg aria-hidden viewBox="0 0 24 24" className="m-auto size-5" fill="currentColor">
        <path d="M5 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm7 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm7 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4z" />
      </svg>
    </button>
  );
}

/** A line in the middle: something happened to the conversation itself. */
function NoticeLine({ message: { text, at } }: { readonly message: Message }): ReactNode {
  return (
    <p className="px-4 py-2 text-center text-sm text-muted rail:px-6" title={formatMoment(at)}>
      <bdi>{text}</bdi>
    </p>
  );
}

/** A message that was not sent has no tick: "queued" would promise what nobody does. */
function Details({ message, failed }: { readonly message: Message; readonly failed: boolean }): ReactNode {
  const { at, mine, profile, state, editedAt, expiresAt, deleted } = message;
  return (
    <p className="mt-0.5 flex flex-wrap items-center justify-end gap-x-2.5 text-sm text-muted">
      {profile === "interop" && <span>Not hidden</span>}
      {expiresAt && <ExpiryMark at={expiresAt} />}
      {editedAt && !deleted && <span title={formatMoment(editedAt)}>edited</span>}
      <time dateTime={at} title={formatMoment(at)}>
        {formatClock(at)}
      </time>
      {mine && !failed && !deleted && <DeliveryTick state={state} />}
    </p>
  );
}

/** Sending again uses the same id, so a message that did arrive is not doubled. */
function NotSent({ sending }: { readonly sending: Outgoing }): ReactNode {
  return (
    <div role="alert" className="flex max-w-[min(36rem,86%)] flex-col items-end gap-2">
      <Aside icon={TriangleAlert}>
        Not sent. {sending.failure?.message} {sending.failure?.hint}
      </Aside>
      <div className="flex gap-2">
        <Button onClick={() => discardOutgoing(sending.id)}>Discard</Button>
        <Button onClick={() => void sendAgain(sending)}>Send again</Button>
      </div>
    </div>
  );
}

function Aside({ icon: Icon, children }: { readonly icon: typeof Clock; readonly children: ReactNode }): ReactNode {
  return (
    <p className="mt-1.5 flex max-w-[min(36rem,86%)] gap-1.5 text-sm text-muted">
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span>{children}</span>
    </p>
  );
}
