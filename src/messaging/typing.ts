/** Who is typing now, in memory only: a sign holds for a few seconds and is then forgotten. */

import { MESSAGE_LIMITS } from "../core/limits.ts";

/** Conversation and author in hex. */
export type TypingListener = (conversation: string, author: string, on: boolean) => void;

export class TypingBoard {
  readonly #listener: TypingListener;
  readonly #timers = new Map<string, Map<string, NodeJS.Timeout>>();

  constructor(listener: TypingListener) {
    this.#listener = listener;
  }

  note(conversation: string, author: string, on: boolean): void {
    const authors = this.#timers.get(conversation) ?? new Map<string, NodeJS.Timeout>();
    const wasOn = authors.has(author);
    clearTimeout(authors.get(author));
    authors.delete(author);
    if (on) {
      const over = setTimeout(() => this.note(conversation, author, false), MESSAGE_LIMITS.typingShownMs);
      authors.set(author, over.unref());
    }
    if (authors.size > 0) this.#timers.set(conversation, authors);
    else this.#timers.delete(conversation);
    if (wasOn !== on) this.#listener(conversation, author, on);
  }

  authors(conversation: string): string[] {
    return [...(this.#timers.get(conversation)?.keys() ?? [])];
  }

  close(): void {
    for (const authors of this.#timers.values()) for (const timer of authors.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
