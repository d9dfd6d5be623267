/**
 * Writing a message: checks what a person asked for, then puts message and letter into the vault in
 * one transaction. Once that is committed the message cannot get lost, whatever happens to the process.
 */

import { utf8Encode } from "../core/bytes.ts";
import { PolicyError, UsageError, ValidationError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { Identity } from "../vault/identity.ts";
import type { ContactBook, ContactRow } from "./contact-book.ts";
import { writeRumor } from "./interop.ts";
import { createLetterId, isLetterId, letterHead } from "./letter.ts";
import type { MessageStore, StoredMessage } from "./message-store.ts";
import type { Outbox } from "./outbox.ts";
import type { MessageFile, SendMessage } from "./views.ts";

export interface Rooms {
  readonly contacts: ContactBook;
  readonly messages: MessageStore;
  readonly outbox: Outbox;
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
  if (utf8Encode(request.text).length > MESSAGE_LIMITS.textBytes) {
    throw new ValidationError("text_too_long", `A message holds at most ${MESSAGE_LIMITS.textBytes} bytes of text.`, {
      hint: "Split it, or send it as a file.",
    });
  }
  if (files > MESSAGE_LIMITS.filesPerMessage) {
    throw new ValidationError("too_many_files", `A message carries at most ${MESSAGE_LIMITS.filesPerMessage} files.`, {
      hint: "Send them in several messages.",
    });
  }
}

/** Throws when this contact may not be written to now, or not in this profile. */
export function checkRecipient(contact: ContactRow, interop: boolean, outbox: Outbox): void {
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
      hint: "Ask the person over another channel; then: nocturne contact accept NAME",
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
  if (outbox.countTo(contact.publicKey) >= MESSAGE_LIMITS.outboxPerContact) {
    throw new ValidationError("outbox_full", "Too many messages to this contact are still waiting to be delivered.", {
      hint: "Wait until some have arrived.",
    });
  }
}

/** Stores the message and its letter; call inside a transaction. */
export function compose(
  rooms: Rooms,
  identity: Identity,
  contact: ContactRow,
  message: { id: string | undefined; text: string; files: readonly MessageFile[]; interop: boolean },
  nowMs: number,
): StoredMessage {
  const base = { contact: contact.publicKey, mine: true, atMs: nowMs, text: message.text, state: "queued" } as const;
  if (message.interop) {
    const text = [message.text, ...message.files.map((file) => `${file.name}: ${file.url}`)].join("\n").trim();
    const rumor = JSON.stringify(writeRumor(identity, contact.publicKey, text, nowMs));
    checkEncoded(rumor);
    const id = message.id ?? createLetterId();
    rooms.outbox.add({ id, to: contact.publicKey, content: { profile: "interop", rumor } });
    return rooms.messages.add({ ...base, id, files: message.files, profile: "interop" });
  }
  const head = letterHead(nowMs, message.id);
  const n = contact.lastSent + 1;
  rooms.contacts.update(contact, { lastSent: n });
  const letter = { ...head, kind: "text", n, text: message.text, files: [...message.files] } as const;
  checkEncoded(JSON.stringify(letter));
  rooms.outbox.add({ id: head.id, to: contact.publicKey, content: { profile: "hidden", letter } });
  return rooms.messages.add({ ...base, id: head.id, files: message.files, profile: "hidden" });
}

/** Quotes, line breaks and control characters grow when they are written as JSON. */
function checkEncoded(json: string): void {
  if (utf8Encode(json).length <= MESSAGE_LIMITS.letterBytes) return;
  throw new ValidationError("text_too_long", "This message is too long once it is encoded for sending.", {
    hint: "Split it, or send it as a file.",
  });
}
