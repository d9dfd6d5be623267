/**
 * What content does to a conversation, whoever wrote it and however it came: shown texts, marks on them, and the
 * timer. No network, no acknowledgement; each call runs inside the caller's transaction.
 *
 *   text  -> shown, with the marks that came before it
 *   mark  -> applied, or kept until its message comes, or dropped when that is gone
 *   timer -> conversation, and a notice
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { ConversationBook } from "./conversation-book.ts";
import type { EarlyMarks } from "./early-marks.ts";
import type { Effects } from "./effects.ts";
import type { MarkLetter, TextLetter, TimerLetter } from "./letter.ts";
import { applyMark, isLater } from "./marks.ts";
import type { MessageStore, StoredMessage } from "./message-store.ts";
import type { MessageFile, Profile } from "./views.ts";

/** A text that arrived, of either profile. */
export interface Arrival {
  readonly id: string;
  readonly atMs: number;
  readonly text: string;
  readonly files: readonly MessageFile[];
  readonly replyTo: string | null;
  readonly timerSeconds: number | null;
}

export interface TranscriptOptions {
  /** Hex key of our account: what another device of ours wrote is ours. */
  readonly ownKey: string;
  readonly messages: MessageStore;
  readonly conversations: ConversationBook;
  readonly earlyMarks: EarlyMarks;
  readonly nowMs: () => number;
}

const MOST_AHEAD_MS = 86_400_000; // 24 h

export class Transcript {
  readonly #o: TranscriptOptions;

  constructor(options: TranscriptOptions) {
    this.#o = options;
  }

  /** Shows a text of `author`; one that was taken back before it arrived only leaves its id. */
  show(conversation: string, author: string, arrival: Arrival, profile: Profile, effects: Effects): void {
    const { ownKey, messages, conversations, earlyMarks, nowMs } = this.#o;
    const marks = earlyMarks.take(conversation, arrival.id);
    if (arrival.text === "" && arrival.files.length === 0) {
      messages.noteGone(arrival.id);
      return;
    }
    const { timerSeconds } = arrival;
    const mine = author === ownKey;
    const unreadMs = mine ? 0 : MESSAGE_LIMITS.expiryUnreadMs;
    const added = messages.add({
      ...arrival,
      conversation,
      author,
      mine,
      // What another device of ours wrote has left it.
      state: mine ? "sent" : "delivered",
      profile,
      // A sender's clock may run ahead; nobody may pin a message to the future.
      atMs: Math.min(arrival.atMs, nowMs()),
      expiresAtMs: timerSeconds === null ? null : nowMs() + unreadMs + timerSeconds * 1_000,
    });
    effects.shown.push(marks.reduce((row, mark) => this.#apply(row, mark.author, mark.letter) ?? row, added));
    if (conversations.reopen(conversation, nowMs())) effects.conversations.add(conversation);
  }

  /**
   * Applies a mark of `author`. False when its message is not here and the mark is not kept either, because `mayWait`
   * is false: it must not be acknowledged then.
   */
  mark(conversation: string, author: string, letter: MarkLetter, mayWait: boolean, effects: Effects): boolean {
    const { messages, earlyMarks, nowMs } = this.#o;
    const message = messages.get(letter.target);
    if (!message) {
      if (messages.isGone(letter.target)) return true;
      if (mayWait) earlyMarks.keep(conversation, author, letter, nowMs());
      return mayWait;
    }
    // A mark reaches only into the conversation in which it was said.
    const changed = message.conversation === conversation ? this.#apply(message, author, letter) : null;
    if (changed) effects.changed.push(changed);
    return true;
  }

  /**
   * Sets the timer, unless a newer letter did; the notice tells who it was. `state` is "queued" for a letter that this
   * device is about to send.
   */
  timer(conversation: string, author: string, letter: TimerLetter, state: "queued" | "read", effects: Effects): void {
    const { messages, conversations, nowMs } = this.#o;
    const { timerSetBy } = conversations.get(conversation);
    if (messages.has(letter.id) || (timerSetBy && !isLater(letter.at, letter.id, timerSetBy))) return;
    // Whoever sets it next dates his letter after this one; a date far ahead must not make that impossible.
    const atMs = Math.min(letter.at, nowMs() + MOST_AHEAD_MS);
    conversations.update(conversation, { timerSeconds: letter.seconds, timerSetBy: { atMs, id: letter.id } });
    const notice = messages.add({
      id: letter.id,
      conversation,
      author,
      mine: author === this.#o.ownKey,
      atMs: Math.min(atMs, nowMs()),
      text: "",
      files: [],
      state,
      profile: "hidden",
      notice: { what: "timer", seconds: letter.seconds },
    });
    effects.shown.push(notice);
    effects.conversations.add(conversation);
  }

  #apply(message: StoredMessage, author: string, letter: MarkLetter): StoredMessage | null {
    const changed = applyMark(message, author, letter);
    return changed && this.#o.messages.update(message, changed);
  }
}

/** A letter's text as it is shown. */
export function arrivalOf(letter: TextLetter): Arrival {
  const { id, at, text, files, replyTo = null, expires = null } = letter;
  return { id, atMs: at, text, files, replyTo, timerSeconds: expires };
}
