/** Tells the faces what changed, in their own terms: names and words instead of keys and rows. */

import type { ConversationBook } from "./conversation-book.ts";
import type { Effects } from "./effects.ts";
import type { StoredMessage } from "./message-store.ts";
import type { Reader } from "./reader.ts";
import type { TypingBoard } from "./typing.ts";
import type { DeliveryState, MessengerEvent } from "./views.ts";

/** What exists only while the vault is open. */
export interface AnnouncedDesk {
  readonly reader: Reader;
  readonly typing: TypingBoard;
  readonly conversations: ConversationBook;
}

export class Announcer {
  readonly #listeners = new Set<(event: MessengerEvent) => void>();
  readonly #desk: () => AnnouncedDesk | null;
  readonly #deleted: () => void;

  /** `desk` is null while the vault is locked: then nothing is told. `deleted`: something is to leave the disk, too. */
  constructor(desk: () => AnnouncedDesk | null, deleted: () => void) {
    this.#desk = desk;
    this.#deleted = deleted;
  }

  /** Returns the function that ends it. */
  listen(listener: (event: MessengerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What a committed change has led to. */
  announce(effects: Effects): void {
    const desk = this.#desk();
    if (!desk) return;
    if (effects.contactsChanged) this.contacts();
    if (effects.devicesChanged) this.#emit({ event: "devices" });
    for (const message of effects.shown) {
      if (!message.mine) desk.typing.note(message.conversation, message.author, false);
      this.#emit({ event: "message", message: desk.reader.view(message) });
    }
    for (const message of effects.changed) {
      if (message.deleted) this.#deleted();
      this.changed(message);
    }
    for (const { id, conversation, state } of effects.progressed) this.state(id, conversation, state);
    for (const { id, conversation } of effects.gone) {
      this.#deleted();
      this.#emit({ event: "message-gone", id, conversation: desk.conversations.publicIdOf(conversation) });
    }
    for (const id of effects.conversations) this.conversation(id);
    for (const { conversation, author, on } of effects.typing) desk.typing.note(conversation, author, on);
  }

  shown(message: StoredMessage): void {
    const desk = this.#desk();
    if (desk) this.#emit({ event: "message", message: desk.reader.view(message) });
  }

  changed(message: StoredMessage): void {
    const desk = this.#desk();
    if (desk) this.#emit({ event: "message-changed", message: desk.reader.view(message) });
  }

  state(id: string, conversation: string, state: DeliveryState): void {
    const desk = this.#desk();
    if (!desk) return;
    this.#emit({ event: "message-state", id, conversation: desk.conversations.publicIdOf(conversation), state });
  }

  conversation(id: string): void {
    const desk = this.#desk();
    if (desk) this.#emit({ event: "conversation", conversation: desk.reader.conversation(id) });
  }

  typing(conversation: string, author: string, on: boolean): void {
    const desk = this.#desk();
    if (!desk) return;
    const name = desk.reader.nameOf(author);
    this.#emit({ event: "typing", conversation: desk.conversations.publicIdOf(conversation), name, on });
  }

  contacts(): void {
    this.#emit({ event: "contacts" });
  }

  #emit(event: MessengerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
