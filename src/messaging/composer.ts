/**
 * Writing a message: checks what a person asked for, then puts message and letter into the vault in
 * one transaction. Once that is committed the message cannot get lost, whatever happens to the process.
 */

import { utf8Encode } from "../core/bytes.ts";
import { PolicyError, UsageError, ValidationError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { Identity } from "../vault/identity.ts";
import type { ContactBook, ContactRow } from "./contact-book.ts";
import type { ConversationBook } from "./conversation-book.ts";
import type { DeviceBook } from "./device/device-book.ts";
import { mainDeviceOnly } from "./device/device-errors.ts";
import type { GroupBook } from "./group-book.ts";
import type { HeardBook } from "./heard-book.ts";
import { notMember } from "./group-errors.ts";
import { writeRumor } from "./interop.ts";
import { type ContentLetter, isLetterId, letterHead, type TextLetter } from "./letter.ts";
import { createLetterId } from "./letter-id.ts";
import type { MessageStore, StoredMessage } from "./message-store.ts";
import type { Outbox } from "./outbox.ts";
import type { MessageFile, SendMessage } from "./views.ts";

export interface Rooms {
  readonly contacts: ContactBook;
  readonly messages: MessageStore;
  readonly outbox: Outbox;
  readonly conversations: ConversationBook;
  readonly groups: GroupBook;
  readonly devices: DeviceBook;
  readonly heard: HeardBook;
}

/** What a person wrote, its files already shared. */
export interface Draft {
  readonly id: string | undefined;
  readonly text: string;
  readonly files: readonly MessageFile[];
  readonly interop: boolean;
  readonly replyTo: string | null;
}

/** Throws when the request itself cannot be sent, whoever the recipient is. */
export function checkRequest(request: SendMessage): void {
  const files = request.files?.length ?? 0;
  if (request.id !== undefined && !isLetterId(request.id)) {
    throw new UsageError("bad_message_id", "A message id is 32 lower-case hexadecimal characters.");
  }
  if (request.text.trim() === "" && files === 0) {
    throw new ValidationError("empty_message", "There is nothing to send.", { hint: "Write some text or add a file." });
  }
  checkText(request.text);
  if (files > MESSAGE_LIMITS.filesPerMessage) {
    throw new ValidationError("too_many_files", `A message carries at most ${MESSAGE_LIMITS.filesPerMessage} files.`, {
      hint: "Send them in several messages.",
    });
  }
  if (request.voiceSeconds !== undefined && files !== 1) {
    throw new UsageError("bad_voice_note", "A voice note is exactly one file.");
  }
  if (request.interop && request.replyTo !== undefined) throw interopUnsupported();
}

/** Throws ValidationError `text_too_long`. */
export function checkText(text: string): void {
  if (utf8Encode(text).length <= MESSAGE_LIMITS.textBytes) return;
  throw new ValidationError("text_too_long", `A message holds at most ${MESSAGE_LIMITS.textBytes} bytes of text.`, {
    hint: "Split it, or send it as a file.",
  });
}

export function messageDeleted(): ValidationError {
  return new ValidationError("message_deleted", "This message was deleted.");
}

export function interopUnsupported(): PolicyError {
  return new PolicyError(
    "interop_unsupported",
    "Replies, reactions, edits, deletions and timers reach other Nostr programs not at all, or would stay there.",
    { hint: "Use them with people who have Nocturne." },
  );
}

/** Throws when this contact may not be written to now, or not in this profile. */
function checkRecipient(contact: ContactRow, interop: boolean, outbox: Outbox): void {
  if (contact.state === "blocked") {
    throw new ValidationError("contact_blocked", "You have blocked this contact.", {
      hint: "Accept the contact again to write: nocturne contact accept NAME",
    });
  }
  if (contact.state === "request") {
    throw new ValidationError("not_accepted", "This person's request is not accepted yet.", {
      hint: "Accept it first: nocturne contact accept NAME",
    });
  }
  if (contact.changedCard) {
    throw new PolicyError("card_changed", "This contact came back with other keys, so nothing is sent to it.", {
      hint: "Compare the new safety number over another channel: nocturne contact verify NAME NUMBER",
    });
  }
  if (contact.profile === "interop" && !interop) {
    throw new PolicyError(
      "interop_needed",
      "This contact uses another Nostr program, which hides less than Nocturne.",
      {
        hint: "Send with --interop if that is good enough.",
      },
    );
  }
  if (outbox.isFull(contact.publicKey)) {
    throw new ValidationError("outbox_full", "Too many messages to this contact are still waiting to be delivered.", {
      hint: "Wait until some have arrived.",
    });
  }
}

/** Stores the message and its letter; call inside a transaction. Throws ValidationError `unknown_message`. */
export function compose(
  rooms: Rooms,
  identity: Identity,
  conversation: string,
  draft: Draft,
  nowMs: number,
): StoredMessage {
  const { timerSeconds } = rooms.conversations.get(conversation);
  const author = identity.publicKey;
  const base = { conversation, author, mine: true, atMs: nowMs, text: draft.text, files: draft.files } as const;
  if (draft.interop) {
    if (timerSeconds !== null) throw interopUnsupported();
    const text = [draft.text, ...draft.files.map((file) => `${file.name}: ${file.url}`)].join("\n").trim();
    const rumor = JSON.stringify(writeRumor(identity, conversation, text, nowMs));
    checkEncoded(rumor);
    const id = draft.id ?? createLetterId();
    rooms.outbox.add({ id, to: conversation, content: { profile: "interop", rumor } });
    return rooms.messages.add({ ...base, id, state: "queued", profile: "interop" });
  }
  const { replyTo } = draft;
  if (replyTo !== null) requireMessage(rooms.messages, replyTo, conversation);
  const n = nextNumber(rooms, conversation);
  const letter: TextLetter = {
    ...letterHead(nowMs, draft.id),
    kind: "text",
    n,
    text: draft.text,
    files: [...draft.files],
    ...(replyTo === null ? {} : { replyTo }),
    ...(timerSeconds === null ? {} : { expires: timerSeconds }),
  };
  postLetter(rooms, conversation, letter, timerSeconds !== null);
  // In a group of oneself there is nobody to wait for.
  const state = rooms.outbox.rowsOf(letter.id).length > 0 ? "queued" : "delivered";
  return rooms.messages.add({ ...base, id: letter.id, state, profile: "hidden", replyTo, timerSeconds });
}

/** The number of our next text in a conversation, without gaps from 1. */
function nextNumber({ contacts, groups }: Rooms, conversation: string): number {
  const group = groups.get(conversation);
  if (group) return groups.put({ ...group, lastSent: group.lastSent + 1 }).lastSent;
  const contact = contacts.find(conversation);
  return contacts.update(contact, { lastSent: contact.lastSent + 1 }).lastSent;
}

/** Puts a letter of a conversation on its way; `unsaved` keeps it out of backups. Throws ValidationError `text_too_long`. */
export function postLetter(
  { outbox, groups }: Pick<Rooms, "outbox" | "groups">,
  conversation: string,
  letter: ContentLetter,
  unsaved: boolean,
): void {
  checkEncoded(JSON.stringify(letter));
  const group = groups.get(conversation);
  if (!group) return outbox.add({ id: letter.id, to: conversation, content: { profile: "hidden", letter }, unsaved });
  for (const to of groups.others(group)) {
    outbox.add({ id: letter.id, to, content: { profile: "hidden", letter, group: conversation }, unsaved });
  }
}

/** Throws when one may not write in this conversation now, or not in this profile. */
export function checkConversation(rooms: Rooms, conversation: string, interop: boolean): void {
  const group = rooms.groups.get(conversation);
  if (!group) {
    const contact = rooms.contacts.find(conversation);
    checkRecipient(contact, interop, rooms.outbox);
    // Outside of sessions a linked device is a stranger to everybody.
    if (!rooms.devices.isMain && (interop || contact.state !== "accepted")) throw mainDeviceOnly();
    return;
  }
  if (interop) throw interopUnsupported();
  if (!group.joined) throw notMember();
}

/** A text of this conversation, of any if none is named. Throws ValidationError `unknown_message`. */
export function requireMessage(messages: MessageStore, id: string, conversation?: string): StoredMessage {
  const message = messages.get(id);
  const isThere = message && !message.notice && (conversation ?? message.conversation) === message.conversation;
  if (isThere) return message;
  throw new ValidationError("unknown_message", "There is no message with this id.");
}

/** Quotes, line breaks and control characters grow when they are written as JSON. */
function checkEncoded(json: string): void {
  if (utf8Encode(json).length <= MESSAGE_LIMITS.letterBytes) return;
  throw new ValidationError("text_too_long", "This message is too long once it is encoded for sending.", {
    hint: "Split it, or send it as a file.",
  });
}
