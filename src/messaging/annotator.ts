/**
 * What a person does to messages that are already there: react, edit, delete, and set the timer of a
 * conversation. Each call changes the own copy and puts a letter into the outbox; the caller runs it inside one
 * transaction and announces the effects.
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import { UsageError, ValidationError } from "../core/errors.ts";
import type { Identity } from "../vault/identity.ts";
import {
  checkConversation,
  checkText,
  interopUnsupported,
  messageDeleted,
  postLetter,
  requireMessage,
  type Rooms,
} from "./composer.ts";
import { type Effects, noEffects } from "./effects.ts";
import { isEmoji, letterHead, type MarkLetter } from "./letter.ts";
import { reactionOf, timeAfter } from "./marks.ts";
import type { StoredMessage } from "./message-store.ts";
import type { Transcript } from "./transcript.ts";

export interface AnnotatorOptions extends Rooms {
  readonly identity: Identity;
  readonly transcript: Transcript;
  /** Ends the share link of an attachment, if it is one of ours. */
  readonly revokeLink: (url: string) => void;
  readonly nowMs: () => number;
}

export class Annotator {
  readonly #o: AnnotatorOptions;

  constructor(options: AnnotatorOptions) {
    this.#o = options;
  }

  /** Sets or takes back (null) the own reaction. Throws ValidationError `bad_emoji`, `unknown_message`. */
  react(id: string, emoji: string | null): Effects {
    if (emoji !== null && !isEmoji(emoji)) throw new ValidationError("bad_emoji", "A reaction is exactly one emoji.");
    const message = this.#writable(id);
    const earlier = reactionOf(message, this.#o.identity.publicKey);
    if ((earlier?.emoji ?? null) === emoji) return noEffects();
    const head = letterHead(timeAfter(earlier, this.#o.nowMs()));
    return this.#mark(message, { ...head, kind: "reaction", target: id, emoji }, earlier?.id);
  }

  /** Gives an own message another text. Throws ValidationError `not_yours`, `too_late`, `empty_message`, `text_too_long`. */
  edit(id: string, text: string): Effects {
    checkText(text);
    const message = this.#writable(id);
    this.#requireChangeable(message);
    if (text.trim() === "" && message.files.length === 0) {
      throw new ValidationError("empty_message", "An edited message needs some text.", { hint: "Or delete it." });
    }
    if (text === message.text) return noEffects();
    const head = letterHead(timeAfter(message.edited, this.#o.nowMs()));
    return this.#mark(message, { ...head, kind: "edit", target: id, text }, message.edited?.id);
  }

  /** Deletes an own message everywhere. Throws ValidationError `not_yours`, `too_late`. */
  deleteForAll(id: string): Effects {
    const message = this.#writable(id);
    this.#requireChangeable(message);
    this.#withdraw(message);
    return this.#mark(message, { ...letterHead(this.#o.nowMs()), kind: "delete", target: id }, undefined);
  }

  /** Removes a message from this machine only. Throws ValidationError `unknown_message`. */
  deleteForMe(id: string): Effects {
    const message = this.#o.messages.get(id);
    if (!message) throw new ValidationError("unknown_message", "There is no message with this id.");
    this.#o.messages.bury(message);
    return { ...noEffects(), gone: [message] };
  }

  /** Removes messages whose time has come, with what still waits to be sent of them. */
  expire(messages: readonly StoredMessage[]): Effects {
    for (const message of messages) {
      if (message.mine) this.#withdraw(message);
      this.#o.messages.bury(message);
    }
    return { ...noEffects(), gone: [...messages] };
  }

  /** Lets the messages of a conversation disappear from now on, or stay (null). Throws UsageError `bad_timer`. */
  setTimer(conversation: string, seconds: number | null): Effects {
    const { conversations, identity, nowMs, transcript } = this.#o;
    if (seconds !== null && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= MESSAGE_LIMITS.timerSeconds)) {
      throw new UsageError("bad_timer", `A timer is 1 to ${MESSAGE_LIMITS.timerSeconds} whole seconds.`);
    }
    const { timerSeconds, timerSetBy } = conversations.get(conversation);
    const effects = noEffects();
    if (seconds === timerSeconds) return effects;
    this.#requireWritable(conversation);
    const letter = { ...letterHead(timeAfter(timerSetBy, nowMs())), kind: "timer", seconds } as const;
    transcript.timer(conversation, identity.publicKey, letter, "queued", effects);
    postLetter(this.#o, conversation, letter, false);
    return effects;
  }

  /** Applies a mark to the own copy and sends it; an earlier one that it replaces need not arrive any more. */
  #mark(message: StoredMessage, letter: MarkLetter, replaces: string | undefined): Effects {
    const { identity, outbox, transcript } = this.#o;
    const effects = noEffects();
    transcript.mark(message.conversation, identity.publicKey, letter, false, effects);
    if (replaces !== undefined) outbox.takeBack(replaces);
    postLetter(this.#o, message.conversation, letter, letter.kind === "edit" && message.timerSeconds !== null);
    return effects;
  }

  /**
   * Takes the content of an own message out of the outbox and ends its links. The letter itself stays, empty: its
   * number must not be missing, or the reader would wait for it.
   */
  #withdraw(message: StoredMessage): void {
    const { outbox, revokeLink } = this.#o;
    for (const file of message.files) revokeLink(file.url);
    if (message.edited) outbox.takeBack(message.edited.id);
    for (const row of outbox.rowsOf(message.id)) {
      if (row.content.profile !== "hidden" || row.content.letter.kind !== "text") {
        outbox.remove(row.id, row.to);
        continue;
      }
      const { replyTo: _, ...letter } = row.content.letter;
      outbox.add({ ...row, content: { ...row.content, letter: { ...letter, text: "", files: [] } } });
    }
  }

  /** A text in a conversation in which one may write. */
  #writable(id: string): StoredMessage {
    const message = requireMessage(this.#o.messages, id);
    if (message.profile === "interop") throw interopUnsupported();
    if (message.deleted) throw messageDeleted();
    this.#requireWritable(message.conversation);
    return message;
  }

  #requireWritable(conversation: string): void {
    if (this.#o.contacts.get(conversation)?.profile === "interop") throw interopUnsupported();
    checkConversation(this.#o, conversation, false);
  }

  #requireChangeable(message: StoredMessage): void {
    if (!message.mine) throw new ValidationError("not_yours", "Only who wrote a message can change it for all.");
    if (this.#o.nowMs() - message.atMs <= MESSAGE_LIMITS.editMs) return;
    throw new ValidationError("too_late", "This message is too old to be changed for all.", {
      hint: "You can still delete it for yourself.",
    });
  }
}
