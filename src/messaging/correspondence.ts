/**
 * What a letter from somebody changes: contacts, messages, outbox. No network here; the caller runs
 * each call inside one vault transaction and then does what the returned effects say.
 *
 *   letter -> (contact state, card) -> message shown / held / dropped -> receipt owed
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { type Card, parseCard } from "./card.ts";
import type { ContactBook, ContactRow } from "./contact-book.ts";
import {
  type AcceptLetter,
  type HelloLetter,
  type Letter,
  letterHead,
  type ReceiptLetter,
  type TextLetter,
} from "./letter.ts";
import type { MessageStore, StoredMessage } from "./message-store.ts";
import type { Outbox, OutboxRow } from "./outbox.ts";
import type { DeliveryState, Profile } from "./views.ts";

/** What the shell tells others after the transaction. */
export interface Effects {
  readonly shown: StoredMessage[];
  readonly progressed: { id: string; contact: string; state: DeliveryState }[];
  contactsChanged: boolean;
}

export interface CorrespondenceOptions {
  readonly contacts: ContactBook;
  readonly messages: MessageStore;
  readonly outbox: Outbox;
  /** Our own signed card and name, for an answer. */
  readonly introduce: () => { card: NostrEvent; name: string };
  /** True when `proof` was made with one of our invites by `guest`. */
  readonly isInvited: (proof: string, guest: string) => boolean;
  readonly invitedOnly: () => boolean;
  readonly nowMs: () => number;
}

export class Correspondence {
  readonly #o: CorrespondenceOptions;

  constructor(options: CorrespondenceOptions) {
    this.#o = options;
  }

  /** Applies one letter whose sender is proven. */
  receive(sender: string, letter: Letter): Effects {
    const effects = noEffects();
    switch (letter.kind) {
      case "hello":
        this.#hello(sender, letter, effects);
        break;
      case "accept":
        this.#acceptance(sender, letter, effects);
        break;
      case "text":
        this.#text(sender, letter, effects);
        break;
      case "receipt":
        this.#receipt(sender, letter, effects);
        break;
    }
    return effects;
  }

  /** Applies a message of the NIP-17 profile: no number, no acknowledgement. */
  receiveInterop(sender: string, message: { id: string; atMs: number; text: string }): Effects {
    const effects = noEffects();
    const contact = this.#contactFor(sender, "interop", effects);
    if (!contact || this.#o.messages.has(message.id)) return effects;
    this.#show(contact, { ...message, files: [] }, "interop", effects);
    return effects;
  }

  /** A person accepts a request, or a contact's changed card. */
  accept(contact: ContactRow): ContactRow {
    const { contacts, outbox } = this.#o;
    const card = contact.changedCard ?? contact.card;
    const verified = contact.verified && contact.changedCard === null;
    const accepted = contacts.update(contact, { state: "accepted", card, changedCard: null, verified });
    if (contact.profile === "hidden") {
      this.#answer(contact.publicKey);
      this.#acknowledgeAll(contact.publicKey);
      outbox.hasten(contact.publicKey, true);
    }
    return accepted;
  }

  /** Shows what has waited too long for a letter that the sender may have lost. */
  releaseOverdue(): Effects {
    const effects = noEffects();
    for (const publicKey of this.#o.messages.contactsHeldSince(this.#o.nowMs() - MESSAGE_LIMITS.heldMs)) {
      const contact = this.#o.contacts.get(publicKey);
      const first = this.#o.messages.held(publicKey)[0];
      if (contact && first) {
        this.#showHeld(this.#o.contacts.update(contact, { lastShown: first.letter.n - 1 }), effects);
      }
    }
    return effects;
  }

  #hello(sender: string, letter: HelloLetter, effects: Effects): void {
    const { contacts, isInvited, invitedOnly, nowMs } = this.#o;
    const card = cardOf(sender, letter.card);
    const invited = letter.proof !== undefined && isInvited(letter.proof, sender);
    const known = contacts.get(sender);
    if (!card || known?.state === "blocked") return;
    effects.contactsChanged = true;
    if (!known) {
      if ((invitedOnly() && !invited) || this.#requestsFull()) return;
      contacts.create(sender, "request", nowMs(), { name: letter.name, card, relays: card.relays, invited });
      return;
    }
    const state = known.state === "pending" ? "accepted" : known.state;
    const updated = this.#learnCard(known, card, { state, invited: known.invited || invited });
    contacts.adoptName(updated, letter.name);
    // Both said hello, or they lost our answer: either way they need it (again).
    if (updated.state !== "request") this.#answer(sender);
    this.#o.outbox.hasten(sender, true);
    this.#withdrawHello(sender);
  }

  #acceptance(sender: string, letter: AcceptLetter, effects: Effects): void {
    const { contacts, outbox } = this.#o;
    const contact = contacts.get(sender);
    const card = cardOf(sender, letter.card);
    if (!contact || !card || (contact.state !== "pending" && contact.state !== "accepted")) return;
    const updated = this.#learnCard(contact, card, { state: "accepted" });
    contacts.adoptName(updated, letter.name);
    this.#withdrawHello(sender);
    outbox.owe({ messageId: letter.id, to: sender, read: false });
    if (contact.state === "pending") this.#acknowledgeAll(sender);
    outbox.hasten(sender, contact.state === "pending");
    effects.contactsChanged = true;
  }

  #text(sender: string, letter: TextLetter, effects: Effects): void {
    const { messages, outbox, nowMs } = this.#o;
    const contact = this.#contactFor(sender, "hidden", effects);
    if (!contact) return;
    const accepted = contact.state === "accepted";
    if (messages.has(letter.id)) {
      if (accepted) outbox.owe({ messageId: letter.id, to: sender, read: false });
      return;
    }
    if (letter.n <= contact.lastShown) {
      // Late, after its gap was given up: shown where it arrives rather than not at all.
      this.#show(contact, textOf(letter), "hidden", effects);
    } else {
      if (messages.countHeld(sender) >= MESSAGE_LIMITS.heldPerContact) return;
      messages.hold(sender, letter, nowMs());
      this.#showHeld(contact, effects);
    }
    if (accepted) outbox.owe({ messageId: letter.id, to: sender, read: false });
    outbox.hasten(sender, false);
  }

  #receipt(sender: string, letter: ReceiptLetter, effects: Effects): void {
    for (const id of letter.delivered) this.#progress(sender, id, "delivered", effects);
    for (const id of letter.read) this.#progress(sender, id, "read", effects);
    this.#o.outbox.hasten(sender, false);
  }

  #progress(sender: string, id: string, state: DeliveryState, effects: Effects): void {
    const row = this.#o.outbox.get(id);
    // Only the recipient may acknowledge: nobody else can make a letter vanish from the outbox.
    if (row?.to === sender) this.#o.outbox.remove(id);
    const message = this.#o.messages.get(id);
    if (!message?.mine || message.contact !== sender || rank(message.state) >= rank(state)) return;
    this.#o.messages.setState(message, state);
    effects.progressed.push({ id, contact: sender, state });
  }

  /** The contact a text belongs to; strangers become requests. Null when the text is to be dropped. */
  #contactFor(sender: string, profile: Profile, effects: Effects): ContactRow | null {
    const { contacts, messages, invitedOnly, nowMs } = this.#o;
    const contact = contacts.get(sender);
    if (contact?.state === "blocked") return null;
    const kept = contact?.state === "request" ? messages.countWith(sender) + messages.countHeld(sender) : 0;
    if (kept >= MESSAGE_LIMITS.messagesPerRequest) return null;
    if (contact) return contact;
    if (invitedOnly() || this.#requestsFull()) return null;
    effects.contactsChanged = true;
    return contacts.create(sender, "request", nowMs(), { profile });
  }

  #requestsFull(): boolean {
    return this.#o.contacts.count("request") >= MESSAGE_LIMITS.pendingRequests;
  }

  /** Shows held letters as long as the next number is there. */
  #showHeld(contact: ContactRow, effects: Effects): void {
    const { contacts, messages } = this.#o;
    let lastShown = contact.lastShown;
    for (const { letter } of messages.held(contact.publicKey)) {
      if (letter.n > lastShown + 1) break;
      messages.release(letter.id);
      this.#show(contact, textOf(letter), "hidden", effects);
      lastShown = Math.max(lastShown, letter.n);
    }
    if (lastShown !== contact.lastShown) contacts.update(contact, { lastShown });
  }

  #show(
    contact: ContactRow,
    message: Pick<StoredMessage, "id" | "atMs" | "text" | "files">,
    profile: Profile,
    effects: Effects,
  ): void {
    // A sender's clock may run ahead; nobody may pin a message to the future.
    const atMs = Math.min(message.atMs, this.#o.nowMs());
    const row = { ...message, atMs, contact: contact.publicKey, mine: false, state: "delivered", profile } as const;
    effects.shown.push(this.#o.messages.add(row));
  }

  /** Keeps a card: the first is trusted, one with another key waits for the person's decision. */
  #learnCard(contact: ContactRow, card: Card, change: Partial<ContactRow>): ContactRow {
    const { contacts } = this.#o;
    const trusted = contact.card;
    if (trusted && trusted.hybridPublicKey !== card.hybridPublicKey) {
      return contacts.update(contact, { ...change, changedCard: card });
    }
    const newer = !trusted || card.createdAt >= trusted.createdAt;
    return contacts.update(contact, { ...change, profile: "hidden", ...(newer ? { card, relays: card.relays } : {}) });
  }

  /** What came before both sides agreed was kept without an acknowledgement; now it is owed. */
  #acknowledgeAll(contact: string): void {
    for (const message of this.#o.messages.page(contact, MESSAGE_LIMITS.heldPerContact)) {
      if (!message.mine) this.#o.outbox.owe({ messageId: message.id, to: contact, read: false });
    }
    for (const { id } of this.#o.messages.held(contact))
      this.#o.outbox.owe({ messageId: id, to: contact, read: false });
  }

  #answer(to: string): void {
    if (this.#waiting(to, "accept").length > 0) return;
    const head = letterHead(this.#o.nowMs());
    this.#o.outbox.add({
      id: head.id,
      to,
      content: { profile: "hidden", letter: { ...head, kind: "accept", ...this.#o.introduce() } },
    });
  }

  #withdrawHello(to: string): void {
    for (const row of this.#waiting(to, "hello")) this.#o.outbox.remove(row.id);
  }

  #waiting(to: string, kind: Letter["kind"]): OutboxRow[] {
    return this.#o.outbox
      .window(to)
      .filter(({ content }) => content.profile === "hidden" && content.letter.kind === kind);
  }
}

function noEffects(): Effects {
  return { shown: [], progressed: [], contactsChanged: false };
}

function textOf(letter: TextLetter): Pick<StoredMessage, "id" | "atMs" | "text" | "files"> {
  return { id: letter.id, atMs: letter.at, text: letter.text, files: letter.files };
}

/** The card in a letter if it is well-formed and the sender's own, else null. */
function cardOf(sender: string, value: unknown): Card | null {
  try {
    const card = parseCard(value);
    return card.publicKey === sender ? card : null;
  } catch {
    return null;
  }
}

const ORDER: readonly DeliveryState[] = ["queued", "sent", "delivered", "read"];

/** How far a message got, as a number; states never go back. */
export function rank(state: DeliveryState): number {
  return ORDER.indexOf(state);
}
