/**
 * What a letter from somebody changes: contacts, messages, outbox. No network here; the caller runs
 * each call inside one vault transaction and then does what the returned effects say.
 *
 *   letter -> (contact state, card) -> message shown / held / dropped -> receipt owed
 *
 * A direct conversation is called by the contact's key, which is also the author of all that comes from there.
 */

import { MESSAGE_LIMITS } from "../core/limits.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { type Card, cardDigest, isOtherCard, parseCard } from "./card.ts";
import type { ContactBook, ContactRow } from "./contact-book.ts";
import type { DeviceBook } from "./device/device-book.ts";
import { type Effects, noEffects } from "./effects.ts";
import { readPlace } from "./heard-book.ts";
import { startExpiry } from "./expiry.ts";
import {
  type AcceptLetter,
  type ContentLetter,
  type HelloLetter,
  type Letter,
  letterHead,
  type MarkLetter,
  type ReceiptLetter,
  type TextLetter,
  type TimerLetter,
  type TypingLetter,
} from "./letter.ts";
import type { MessageStore } from "./message-store.ts";
import type { MessengerSettings } from "./messenger-options.ts";
import type { Outbox, OutboxRow } from "./outbox.ts";
import type { TextOrder } from "./text-order.ts";
import type { Transcript } from "./transcript.ts";
import type { DeliveryState, Profile } from "./views.ts";

export interface CorrespondenceOptions {
  readonly contacts: ContactBook;
  readonly devices: DeviceBook;
  readonly messages: MessageStore;
  readonly outbox: Outbox;
  readonly transcript: Transcript;
  readonly order: TextOrder;
  /** Hex key of our account. */
  readonly ownKey: string;
  /** Our own signed card and name, for an answer. */
  readonly introduce: () => { card: NostrEvent; name: string };
  readonly settings: () => Pick<MessengerSettings, "invitedOnly" | "strangerWork">;
  /** A device acknowledged a letter. */
  readonly acknowledged: (device: string, letterId: string) => void;
  readonly nowMs: () => number;
}

export class Correspondence {
  readonly #o: CorrespondenceOptions;

  constructor(options: CorrespondenceOptions) {
    this.#o = options;
  }

  /** Applies one letter of an account, whose device is proven; `invited` if it came with the proof of an invite. */
  receive(sender: string, letter: Letter, device: string = sender, invited = false): Effects {
    const effects = noEffects();
    switch (letter.kind) {
      case "hello":
        this.#hello(sender, letter, invited, effects);
        break;
      case "accept":
        this.#acceptance(sender, letter, effects);
        break;
      case "text":
        this.#text(sender, device, letter, effects);
        break;
      case "reaction":
      case "edit":
      case "delete":
        this.#mark(sender, device, letter, effects);
        break;
      case "timer":
        this.#timer(sender, device, letter, effects);
        break;
      case "typing":
        this.#typing(sender, letter, effects);
        break;
      case "receipt":
        this.#receipt(sender, device, letter, effects);
        break;
      case "welcome":
      case "invitation":
      case "application":
      case "astray":
      case "profile":
      case "farewell":
      case "packages":
      case "sync":
      case "courier":
      case "share":
        break; // taken in elsewhere: Handshakes, Groups, Devices, SessionInbox
    }
    return effects;
  }

  /** Applies what another device of ours said in the conversation with a contact. Null if it cannot be taken in now. */
  echo(conversation: string, device: string, letter: ContentLetter): Effects | null {
    const { contacts, messages, order, outbox, ownKey, transcript } = this.#o;
    const effects = noEffects();
    if (!contacts.get(conversation)) return null;
    if (letter.kind === "timer") transcript.timer(conversation, ownKey, letter, "read", effects);
    else if (letter.kind !== "text") transcript.mark(conversation, ownKey, letter, true, effects);
    else if (!messages.has(letter.id) && !order.take({ conversation, author: ownKey, device }, letter, effects)) {
      return null;
    }
    outbox.owe({ messageId: letter.id, to: device, read: false });
    return effects;
  }

  /** False for what would be dropped anyway: then nothing of it need be kept, not even that it came. */
  takesInterop(sender: string): boolean {
    const { contacts, settings } = this.#o;
    if (contacts.get(sender)) return true;
    // They show no work.
    return settings().strangerWork === 0 || contacts.countRequests("interop") < MESSAGE_LIMITS.interopRequests;
  }

  /** Applies a message of the NIP-17 profile: no number, no acknowledgement. */
  receiveInterop(sender: string, message: { id: string; atMs: number; text: string }): Effects {
    const effects = noEffects();
    const contact = this.#contactFor(sender, "interop", effects);
    if (!contact || this.#o.messages.has(message.id)) return effects;
    const { id, atMs, text } = message;
    const arrival = { id, atMs, text, files: [], replyTo: null, timerSeconds: null };
    this.#o.transcript.show(sender, sender, arrival, "interop", effects);
    return effects;
  }

  /** A person accepts a request, or a contact's changed card. */
  accept(contact: ContactRow, effects: Effects = noEffects()): ContactRow {
    const { contacts, outbox } = this.#o;
    const card = contact.changedCard ?? contact.card;
    const verified = contact.verified && contact.changedCard === null;
    // Other keys are another machine, which has read nothing yet: it would wait in vain for the numbers of before.
    const lastSent = contact.changedCard ? 0 : contact.lastSent;
    const accepted = contacts.update(contact, { state: "accepted", card, changedCard: null, verified, lastSent });
    if (contact.state === "request") this.#bringForward(contact.publicKey, effects);
    // On a linked device this is a wish: the main one hears of it, and answers.
    if (contact.profile === "hidden" && this.#o.devices.isMain) {
      this.#answer(contact.publicKey);
      this.#acknowledgeAll(contact.publicKey);
      outbox.hasten(contact.publicKey, true, this.#o.nowMs());
    }
    return accepted;
  }

  /** Shows what has waited too long for a letter that the sender may have lost. */
  releaseOverdue(): Effects {
    const effects = noEffects();
    const { contacts, devices, messages, order, nowMs } = this.#o;
    for (const place of messages.contactsHeldSince(nowMs() - MESSAGE_LIMITS.heldMs)) {
      const { conversation, device } = readPlace(place);
      if (!contacts.get(conversation)) continue;
      order.giveUp({ conversation, author: devices.accountOf(device), device }, effects);
    }
    return effects;
  }

  #hello(sender: string, letter: HelloLetter, invited: boolean, effects: Effects): void {
    const { contacts, settings, nowMs } = this.#o;
    const card = cardOf(sender, letter.card);
    const known = contacts.get(sender);
    if (!card || known?.state === "blocked") return;
    effects.contactsChanged = true;
    const keyPackage = this.#keyPackageOf(letter, known);
    if (!known) {
      if ((settings().invitedOnly && !invited) || this.#requestsFull()) return;
      contacts.create(sender, "request", nowMs(), {
        name: letter.name,
        card,
        relays: card.relays,
        invited,
        keyPackage,
        knows: letter.knows ?? null,
      });
      return;
    }
    const state = known.state === "pending" ? "accepted" : known.state;
    const { knows = null } = letter;
    const updated = this.#learnCard(known, card, { state, invited: known.invited || invited, keyPackage, knows });
    if (known.state === "pending") this.#bringForward(sender, effects);
    contacts.adoptName(updated, letter.name);
    // Both said hello, or they lost our answer: either way they need it (again).
    if (updated.state !== "request") this.#answer(sender);
    this.#o.outbox.hasten(sender, true, this.#o.nowMs());
    this.#withdrawHello(sender);
  }

  /** What to found the session with; null if that was done already, or is theirs to do because both said hello. */
  #keyPackageOf(letter: HelloLetter, known: ContactRow | null): string | null {
    const isOurs = known?.state !== "pending" || this.#o.ownKey < known.publicKey;
    const isUsed = letter.keyPackage === undefined || letter.keyPackage === known?.foundedWith;
    return isOurs && !isUsed ? (letter.keyPackage ?? null) : (known?.keyPackage ?? null);
  }

  #acceptance(sender: string, letter: AcceptLetter, effects: Effects): void {
    const { contacts, outbox } = this.#o;
    const contact = contacts.get(sender);
    const card = letter.card === undefined ? (contact?.card ?? null) : cardOf(sender, letter.card);
    if (!contact || !card || (contact.state !== "pending" && contact.state !== "accepted")) return;
    const updated = this.#learnCard(contact, card, { state: "accepted" });
    contacts.adoptName(updated, letter.name);
    this.#withdrawHello(sender);
    outbox.owe({ messageId: letter.id, to: sender, read: false });
    if (contact.state === "pending") {
      this.#acknowledgeAll(sender);
      this.#bringForward(sender, effects);
    }
    outbox.hasten(sender, contact.state === "pending", this.#o.nowMs());
    effects.contactsChanged = true;
  }

  #text(sender: string, device: string, letter: TextLetter, effects: Effects): void {
    const { messages, order, outbox } = this.#o;
    const contact = this.#contactFor(sender, "hidden", effects);
    if (!contact) return;
    const accepted = contact.state === "accepted";
    const isNew = !messages.has(letter.id);
    if (isNew && !order.take({ conversation: sender, author: sender, device }, letter, effects)) return;
    if (accepted) outbox.owe({ messageId: letter.id, to: device, read: false });
    if (isNew) outbox.hasten(device, false, this.#o.nowMs());
  }

  /** Until it is acknowledged it comes again; so what is not taken in now may be later. */
  #mark(sender: string, device: string, letter: MarkLetter, effects: Effects): void {
    const { contacts, outbox, transcript } = this.#o;
    const contact = contacts.get(sender);
    if (!contact || contact.state === "blocked") return;
    const accepted = contact.state === "accepted";
    const taken = transcript.mark(sender, sender, letter, accepted, effects);
    if (taken && accepted) outbox.owe({ messageId: letter.id, to: device, read: false });
    outbox.hasten(device, false, this.#o.nowMs());
  }

  #timer(sender: string, device: string, letter: TimerLetter, effects: Effects): void {
    const { contacts, outbox, transcript } = this.#o;
    if (contacts.get(sender)?.state !== "accepted") return;
    transcript.timer(sender, sender, letter, "read", effects);
    outbox.owe({ messageId: letter.id, to: device, read: false });
    outbox.hasten(device, false, this.#o.nowMs());
  }

  #typing(sender: string, letter: TypingLetter, effects: Effects): void {
    const { contacts, nowMs } = this.#o;
    if (contacts.get(sender)?.state !== "accepted") return;
    if (Math.abs(nowMs() - letter.at) > MESSAGE_LIMITS.typingAgeMs) return;
    effects.typing.push({ conversation: sender, author: sender, on: letter.on });
  }

  #receipt(sender: string, device: string, letter: ReceiptLetter, effects: Effects): void {
    for (const id of letter.delivered) this.#progress(sender, device, id, "delivered", effects);
    for (const id of letter.read) this.#progress(sender, device, id, "read", effects);
    this.#o.outbox.hasten(device, false, this.#o.nowMs());
  }

  #progress(sender: string, device: string, id: string, state: DeliveryState, effects: Effects): void {
    const { devices, outbox } = this.#o;
    const isAddressee = outbox.get(id, device) !== null;
    // Only the recipient may acknowledge: nobody else can make a letter vanish from the outbox.
    outbox.remove(id, device);
    this.#o.acknowledged(device, id);
    const message = this.#o.messages.get(id);
    // A group's message has arrived once every device of others has it; who has read it there is not told.
    const isAwaited = () => outbox.rowsOf(id).some(({ to }) => !devices.isSibling(to));
    const isLast = isAddressee && state === "delivered" && !isAwaited();
    if (!message?.mine || !(message.conversation === sender || isLast) || rank(message.state) >= rank(state)) return;
    const expiry = message.state === "queued" ? startExpiry(message, this.#o.nowMs()) : {};
    const updated = this.#o.messages.update(message, { state, ...expiry });
    if (expiry.expiresAtMs !== undefined) effects.changed.push(updated);
    effects.progressed.push({ id, conversation: message.conversation, state });
  }

  /** The contact a text belongs to; strangers become requests. Null when the text is to be dropped. */
  #contactFor(sender: string, profile: Profile, effects: Effects): ContactRow | null {
    const { contacts, messages, settings, nowMs } = this.#o;
    const contact = contacts.get(sender);
    if (contact?.state === "blocked") return null;
    const kept = contact?.state === "request" ? messages.countIn(sender) + messages.countHeld(sender) : 0;
    if (kept >= MESSAGE_LIMITS.messagesPerRequest) return null;
    if (contact) return contact;
    if (settings().invitedOnly || this.#requestsFull()) return null;
    effects.contactsChanged = true;
    return contacts.create(sender, "request", nowMs(), { profile });
  }

  #requestsFull(): boolean {
    return this.#o.contacts.count("request") >= MESSAGE_LIMITS.pendingRequests;
  }

  /** What was written before both agreed was in no inbox; who follows one by position must still meet it. */
  #bringForward(contact: string, effects: Effects): void {
    effects.changed.push(...this.#o.messages.renew(contact));
  }

  /** Keeps a card: the first is trusted, one with another key waits for the person's decision, a key that is new is learnt. */
  #learnCard(contact: ContactRow, card: Card, change: Partial<ContactRow>): ContactRow {
    const { contacts } = this.#o;
    const trusted = contact.card;
    if (trusted && isOtherCard(trusted, card)) {
      return contacts.update(contact, { ...change, changedCard: card });
    }
    const learnt: Partial<ContactRow> = { ...change, profile: "hidden" };
    if (trusted && card.createdAt < trusted.createdAt) return contacts.update(contact, learnt);
    // The number that was compared did not cover a signature key that was not known.
    const verified = contact.verified && trusted?.signatureKey !== null;
    return contacts.update(contact, { ...learnt, card, relays: card.relays, verified });
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
    const { outbox, contacts, introduce, nowMs } = this.#o;
    const { name, card } = introduce();
    const isKnown = contacts.get(to)?.knows === cardDigest(parseCard(card));
    const waiting = this.#waiting(to, "accept");
    if (waiting.some(({ content }) => isKnown || (content.profile === "hidden" && "card" in content.letter))) return;
    // They have lost the card since.
    for (const { id } of waiting) outbox.remove(id, to);
    const head = letterHead(nowMs());
    const letter = { ...head, kind: "accept", name, ...(isKnown ? {} : { card }) } as const;
    outbox.add({ id: head.id, to, content: { profile: "hidden", letter } });
  }

  #withdrawHello(to: string): void {
    for (const row of this.#waiting(to, "hello")) this.#o.outbox.remove(row.id, to);
  }

  #waiting(to: string, kind: Letter["kind"]): OutboxRow[] {
    return this.#o.outbox
      .window(to)
      .filter(({ content }) => content.profile === "hidden" && content.letter.kind === kind);
  }
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
