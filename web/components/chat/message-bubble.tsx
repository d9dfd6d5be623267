/**
 * One message. Heard in this order: "Alice: text 18:53". Outgoing messages are outlined at the end side,
 * incoming ones filled at the start side.
 */
import { Clock, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Message } from "../../../src/api/contract.ts";
import { formatClock, formatMoment } from "../../lib/format.ts";
import { type Outgoing, discardOutgoing, sendAgain } from "../../stores/outgoing.ts";
import { Button } from "../button.tsx";
import { DeliveryTick } from "./delivery-tick.tsx";
import { MessageFile } from "./message-file.tsx";
import { MessageText } from "./message-text.tsx";

export interface MessageBubbleProps {
  readonly message: Message;
  /** This tab's own copy while the node has not taken it. */
  readonly sending: Outgoing | null;
}

/**
 * The sender's name is in the page for every message, though hidden from sight, as a screen reader reads one item
 * at a time.
 */
export function MessageBubble({ message, sending }: MessageBubbleProps): ReactNode {
  const { mine, from, text, files } = message;
  const look = mine ? "border-control" : "border-transparent bg-divider";
  return (
    <div className={`flex flex-col gap-1.5 px-4 py-1 rail:px-6 ${mine ? "items-end" : "items-start"}`}>
      <div className={`max-w-[min(36rem,86%)] rounded-2xl border px-3.5 py-2 ${look}`}>
        <span className="sr-only">
          <bdi>{mine ? "You" : from.name}</bdi>:{" "}
        </span>
        {text !== "" && (
          <p dir="auto" className="whitespace-pre-wrap wrap-anywhere">
            <MessageText text={text} />
          </p>
        )}
        {files.length > 0 && (
          <div className="my-1.5 flex flex-col gap-2">
            {files.map((file) => (
              <MessageFile key={file.id} file={file} mine={mine} />
            ))}
          </div>
        )}
        <Details message={message} failed={(sending?.failure ?? null) !== null} />
      </div>
      {message.waiting && <Aside icon={Clock}>Waiting: {message.waiting}</Aside>}
      {sending?.failure && <NotSent sending={sending} />}
    </div>
  );
}

/** A message that was not sent has no tick: "queued" would promise what nobody does. */
function Details({ message, failed }: { readonly message: Message; readonly failed: boolean }): ReactNode {
  const { at, mine, profile, state } = message;
  return (
    <p className="mt-0.5 flex flex-wrap items-center justify-end gap-x-2.5 text-sm text-muted">
      {profile === "interop" && <span>Not hidden</span>}
      <time dateTime={at} title={formatMoment(at)}>
        {formatClock(at)}
      </time>
      {mine && !failed && <DeliveryTick state={state} />}
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
    <p className="flex max-w-[min(36rem,86%)] gap-1.5 text-sm text-muted">
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span>{children}</span>
    </p>
  );
}
