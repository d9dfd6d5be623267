/**
 * A conversation as the rows of a list: messages, between them the days, and once a line above what is new.
 *
 *     day "Yesterday" | message | notice | day "Today" | new | message | message (still being sent)
 */
import type { Message, Quote } from "../../src/api/contract.ts";
import type { Outgoing } from "../stores/outgoing.ts";
import { formatDay } from "./format.ts";

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly label: string }
  | { readonly kind: "new"; readonly key: string }
  | { readonly kind: "message"; readonly key: string; readonly message: Message; readonly sending: Outgoing | null };

/** `firstNew`: id of the oldest message that was unread when the conversation was opened, or null. */
export function rowsOf(messages: readonly Message[], outgoing: readonly Outgoing[], firstNew: string | null): Row[] {
  const known = new Set(messages.map(({ id }) => id));
  const sending = outgoing.filter(({ id }) => !known.has(id));
  const rows: Row[] = [];
  let day = "";
  const add = (message: Message, own: Outgoing | null): void => {
    const label = formatDay(message.at);
    if (label !== day) rows.push({ kind: "day", key: `day ${message.id}`, label });
    day = label;
    if (message.id === firstNew) rows.push({ kind: "new", key: "new" });
    rows.push({ kind: "message", key: message.id, message, sending: own });
  };
  for (const message of messages) add(message, null);
  for (const own of sending) add(messageOf(own), own);
  return rows;
}

/** The oldest unread incoming message, counted back from the newest; null when all is read. */
export function firstUnread(messages: readonly Message[], unread: number): string | null {
  if (unread === 0) return null;
  return messages.filter(({ mine, kind }) => !mine && kind === "text").at(-unread)?.id ?? null;
}

const EXCERPT_CHARACTERS = 120;

/** What is quoted of a message before the node has made its own quote. */
export function quoteOf({ id, from, text, files, position }: Message): Quote {
  const words = text || files.map(({ name }) => name).join(", ");
  return { id, from, excerpt: Array.from(words).slice(0, EXCERPT_CHARACTERS).join(""), position };
}

function messageOf({ id, who, text, files, interop, replyTo, voiceSeconds, at }: Outgoing): Message {
  const voice = voiceSeconds === null ? {} : { voiceSeconds };
  return {
    id,
    conversation: who,
    kind: "text",
    from: { npub: "", name: "You" },
    mine: true,
    at,
    text,
    files: files.map((file) => ({ id: file.id, name: file.name, bytes: file.bytes, url: "", ...voice })),
    state: "queued",
    profile: interop ? "interop" : "hidden",
    editedAt: null,
    deleted: false,
    replyTo: replyTo && quoteOf(replyTo),
    reactions: [],
    expiresAt: null,
    position: Number.MAX_SAFE_INTEGER,
  };
}
