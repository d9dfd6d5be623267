/**
 * Shows the texts of each device in the order in which it numbered them.
 *
 *   number as expected -> shown, and whatever was held for it
 *   ahead              -> held, until what is missing comes or has been missing for too long
 *   behind             -> shown where it arrives: its gap was given up
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { Effects } from "./effects.ts";
import { type HeardBook, placeOf } from "./heard-book.ts";
import type { TextLetter } from "./letter.ts";
import type { MessageStore } from "./message-store.ts";
import { arrivalOf, type Transcript } from "./transcript.ts";

export interface TextOrderOptions {
  readonly messages: MessageStore;
  readonly heard: HeardBook;
  readonly transcript: Transcript;
  readonly nowMs: () => number;
}

/** Who says something where: hex keys of account and device. */
export interface Speaker {
  readonly conversation: string;
  readonly author: string;
  readonly device: string;
}

export class TextOrder {
  readonly #o: TextOrderOptions;

  constructor(options: TextOrderOptions) {
    this.#o = options;
  }

  /** A text that is not here yet. False if too many are held already: it must not be acknowledged then. */
  take(speaker: Speaker, letter: TextLetter, effects: Effects): boolean {
    const { messages, heard, transcript, nowMs } = this.#o;
    const { conversation, author, device } = speaker;
    const place = placeOf(conversation, device);
    // We were there when a contact began to count; of a device that came later we may have missed the beginning.
    const begins = device === conversation && !heard.isForgotten(place);
    const last = heard.last(place) ?? (begins ? 0 : letter.n - 1);
    if (letter.n <= last) {
      transcript.show(conversation, author, arrivalOf(letter), "hidden", effects);
      return true;
    }
    if (messages.countHeld(place) >= MESSAGE_LIMITS.heldPerContact) return false;
    messages.hold(place, letter, nowMs());
    this.#showHeld(speaker, last, effects);
    return true;
  }

  /** Shows what is held although something before it is missing. */
  giveUp(speaker: Speaker, effects: Effects): void {
    const first = this.#o.messages.held(placeOf(speaker.conversation, speaker.device))[0];
    if (first) this.#showHeld(speaker, first.letter.n - 1, effects);
  }

  #showHeld({ conversation, author, device }: Speaker, last: number, effects: Effects): void {
    const { messages, heard, transcript } = this.#o;
    const place = placeOf(conversation, device);
    let shown = last;
    for (const { letter } of messages.held(place)) {
      if (letter.n > shown + 1) break;
      messages.release(letter.id);
      transcript.show(conversation, author, arrivalOf(letter), "hidden", effects);
      shown = Math.max(shown, letter.n);
    }
    heard.note(place, shown);
  }
}
