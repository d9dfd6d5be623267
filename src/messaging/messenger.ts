/**
 * The messenger: everything that faces may ask of contacts and conversations, on top of the vault's
 * tables (contact book, messages, outbox) and two workers at the network (collector, dispatcher).
 *
 *   send   -> composer -> one transaction -> dispatcher -> relays
 *   relays -> collector -> one transaction (correspondence) -> events
 *
 * It exists in two states: stopped (vault locked; every call throws LockedError) and started.
 */

import type { Clock } from "../core/clock.ts";
import { LockedError, ValidationError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { inboxRelaysEvent } from "../nostr/direct-message.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import { encodeNpub } from "../nostr/keys.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Identity } from "../vault/identity.ts";
import type { Vault } from "../vault/vault.ts";
import { Collector } from "./collector.ts";
import { checkRecipient, checkRequest, compose, type Rooms } from "./composer.ts";
import { ContactBook, type ContactRow } from "./contact-book.ts";
import { Correspondence, type Effects, rank } from "./correspondence.ts";
import { Dispatcher } from "./dispatcher.ts";
import { readSeal } from "./interop.ts";
import { Introductions } from "./introductions.ts";
import { InviteBook } from "./invite-book.ts";
import { MessageStore } from "./message-store.ts";
import { Outbox } from "./outbox.ts";
import { type InboxQuery, Reader } from "./reader.ts";
import { openGift } from "./sealed-letter.ts";
import type {
  Contact,
  Conversation,
  DeliveryState,
  Invite,
  Message,
  MessageFile,
  MessagePage,
  MessengerEvent,
  SendMessage,
  SendResult,
  VerifyResult,
} from "./views.ts";

export interface MessengerOptions {
  readonly vault: Vault;
  readonly pool: RelayPool;
  /** Where this node collects its letters, the embedded relay first. */
  readonly ownRelays: () => readonly string[];
  readonly embeddedRelay: string | null;
  /** A sealed link to a library file, for an attachment. */
  readonly shareFile: (fileId: string) => Promise<MessageFile>;
  readonly settings: () => { displayName: string; readReceipts: boolean; invitedOnly: boolean };
  readonly clock: Clock;
  readonly log: Logger;
}

/** What exists only while the vault is open. */
interface Desk extends Rooms {
  readonly identity: Identity;
  readonly introductions: Introductions;
  readonly reader: Reader;
  readonly correspondence: Correspondence;
  readonly collector: Collector;
  readonly dispatcher: Dispatcher;
  readonly overdueTimer: NodeJS.Timeout;
}

const OVERDUE_CHECK_MS = 5_000;

export class Messenger {
  readonly #o: MessengerOptions;
  readonly #listeners = new Set<(event: MessengerEvent) => void>();
  #open: Desk | null = null;

  constructor(options: MessengerOptions) {
    this.#o = options;
  }

  /** Begins to collect and deliver; the vault must be open. */
  start(): void {
    if (this.#open) return;
    this.#open = this.#openDesk();
    this.refreshRelays();
  }

  /** Ends all work; call it before the vault is locked. */
  async stop(): Promise<void> {
    const desk = this.#open;
    this.#open = null;
    if (!desk) return;
    clearInterval(desk.overdueTimer);
    desk.collector.close();
    await desk.dispatcher.close();
    this.#o.pool.keep([]);
  }

  /** Follows the relays as they are set now, and tells contacts when our places have changed. */
  refreshRelays(): void {
    const { collector, dispatcher, identity, introductions } = this.#desk();
    const relays = this.#o.ownRelays();
    this.#o.pool.keep(relays);
    collector.follow(relays);
    introductions.announceRelays(relays);
    dispatcher.wake();
    if (this.#o.embeddedRelay !== null) {
      // NIP-17 clients look for this list. It goes to our own relay only: nobody else learns of us by it.
      const list = inboxRelaysEvent(relays, identity.nostrSecretKey);
      this.#o.pool.publish(this.#o.embeddedRelay, list).catch(() => {});
    }
  }

  /** Shows messages that waited too long for a missing earlier one; runs by itself every few seconds. */
  releaseOverdue(): void {
    const { correspondence } = this.#desk();
    this.#announce(this.#o.vault.transaction(() => correspondence.releaseOverdue()));
  }

  onEvent(listener: (event: MessengerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Contacts

  /** A new invite, its card already waiting on a relay. Throws NetworkError `no_relay` when none takes it. */
  createInvite(): Promise<Invite> {
    return this.#desk().introductions.createInvite();
  }

  /** Adds somebody by invite link, npub or hex key and says hello. */
  async addContact(request: { invite: string; name?: string }): Promise<Contact> {
    const { contacts, introductions } = this.#desk();
    const row = await introductions.addContact(request);
    this.#changed(row.publicKey);
    return contacts.view(row);
  }

  contacts(): Contact[] {
    return this.#desk().reader.contacts();
  }

  /** By name, npub or hex. Throws ValidationError `unknown_contact`. */
  contact(who: string): Contact {
    return this.#desk().reader.contact(who);
  }

  accept(who: string): Contact {
    const { contacts, correspondence } = this.#desk();
    return this.#changeContact(who, (row) => {
      if (row.state === "accepted" && row.changedCard === null) return row;
      if (row.state === "pending") {
        throw new ValidationError("not_a_request", "You added this person yourself; the answer is still to come.");
      }
      correspondence.accept(row);
      return contacts.get(row.publicKey) ?? row;
    });
  }

  block(who: string): Contact {
    const { contacts, outbox } = this.#desk();
    return this.#changeContact(who, (row) => {
      outbox.removeAll(row.publicKey);
      return contacts.update(row, { state: "blocked" });
    });
  }

  rename(who: string, name: string): Contact {
    return this.#changeContact(who, (row) => this.#desk().contacts.rename(row, name));
  }

  /** Forgets the person and the whole conversation. */
  removeContact(who: string): void {
    const { contacts, messages, outbox } = this.#desk();
    const { publicKey } = contacts.find(who);
    this.#o.vault.transaction(() => {
      outbox.removeAll(publicKey);
      messages.removeAll(publicKey);
      contacts.remove(publicKey);
    });
    this.#emit({ event: "contacts" });
  }

  /** Compares `safety` (digits, spaces ignored) with ours and remembers a match; without it only tells the number. */
  verify(who: string, safety?: string): VerifyResult {
    const { contacts } = this.#desk();
    const view = contacts.view(contacts.find(who));
    if (safety === undefined) return { verified: view.verified, safety: view.safety };
    if (view.safety === null) {
      throw new ValidationError("card_unknown", "This contact's card is not known yet, so there is no safety number.", {
        hint: "Wait until the contact has answered.",
      });
    }
    const verified = digits(safety) === digits(view.safety);
    this.#changeContact(who, (row) => contacts.update(row, { verified }));
    return { verified, safety: view.safety };
  }

  // Messages

  /** Stores the message durably and returns; delivery follows. A repeated `id` is answered, not sent again. */
  async send(request: SendMessage): Promise<SendResult> {
    checkRequest(request);
    const desk = this.#desk();
    const repeated = request.id === undefined ? null : desk.messages.get(request.id);
    if (repeated) return { id: repeated.id, state: repeated.state };
    const interop = request.interop ?? false;
    const { publicKey } = desk.introductions.recipient(request.to, interop);
    const files = await Promise.all((request.files ?? []).map((id) => this.#o.shareFile(id)));
    const message = this.#o.vault.transaction(() => {
      const contact = desk.contacts.find(publicKey);
      checkRecipient(contact, interop, desk.outbox);
      const content = { id: request.id, text: request.text, files, interop };
      return compose(desk, desk.identity, contact, content, this.#o.clock.nowMs());
    });
    this.#emit({ event: "message", message: this.#desk().reader.view(message) });
    desk.dispatcher.wake(publicKey);
    return { id: message.id, state: message.state };
  }

  /** The message's state once it is at least `state`. Rejects with the signal's reason. */
  waitFor(id: string, state: DeliveryState, signal: AbortSignal): Promise<DeliveryState> {
    const message = this.#desk().messages.get(id);
    if (!message) throw new ValidationError("unknown_message", "There is no message with this id.");
    if (rank(message.state) >= rank(state)) return Promise.resolve(message.state);
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        stopListening();
        signal.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = () => finish(() => reject(signal.reason as Error));
      const stopListening = this.onEvent((event) => {
        if (event.event === "message-state" && event.id === id && rank(event.state) >= rank(state)) {
          finish(() => resolve(event.state));
        }
      });
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort);
    });
  }

  /** Newest first; people without a message by the time they were added. */
  conversations(): Conversation[] {
    return this.#desk().reader.conversations();
  }

  /** A page of one conversation, oldest first. */
  messages(who: string, page: { before?: number; limit?: number } = {}): MessagePage {
    return this.#desk().reader.messages(who, page);
  }

  /** What accepted people wrote, oldest first; with `limit` the newest so many. */
  inbox(query: InboxQuery = {}): Message[] {
    return this.#desk().reader.inbox(query);
  }

  counts(): { outbox: number; requests: number; unread: number } {
    return this.#desk().reader.counts();
  }

  /** Marks everything up to a position as read and, if the person allows it, tells the sender. */
  markRead(who: string, upTo: number): void {
    const { contacts, messages, outbox, dispatcher } = this.#desk();
    const contact = contacts.find(who);
    const tell = contact.state === "accepted" && this.#o.settings().readReceipts;
    const read = this.#o.vault.transaction(() => {
      const rows = messages.unread(contact.publicKey, upTo);
      for (const row of rows) {
        messages.setState(row, "read");
        if (tell && row.profile === "hidden") outbox.owe({ messageId: row.id, to: row.contact, read: true });
      }
      return rows;
    });
    for (const row of read) this.#emitState(row.id, row.contact, "read");
    if (tell) dispatcher.wake(contact.publicKey);
  }

  // Inside

  #desk(): Desk {
    if (!this.#open) throw new LockedError();
    return this.#open;
  }

  #openDesk(): Desk {
    const { vault, pool, clock, log, ownRelays } = this.#o;
    const identity = vault.identity();
    const rooms = { contacts: new ContactBook(vault), messages: new MessageStore(vault), outbox: new Outbox(vault) };
    const invites = new InviteBook(vault);
    const correspondence = new Correspondence({
      ...rooms,
      introduce: () => introductions.introduce(),
      isInvited: (proof, guest) => invites.isInvited(proof, identity.publicKey, guest, clock.nowMs()),
      invitedOnly: () => this.#o.settings().invitedOnly,
      nowMs: () => clock.nowMs(),
    });
    const introductions: Introductions = new Introductions({
      vault,
      pool,
      clock,
      ownRelays,
      invites,
      correspondence,
      ...rooms,
      displayName: () => this.#o.settings().displayName,
    });
    const reader = new Reader(rooms, identity, () => this.#o.settings().displayName);
    const collector = new Collector({
      vault,
      pool,
      clock,
      log,
      publicKey: identity.publicKey,
      handle: (event) => this.#receive(event, identity, correspondence),
    });
    const dispatcher = new Dispatcher({
      vault,
      pool,
      clock,
      log,
      ownRelays,
      ...rooms,
      interopRelays: (publicKey) => introductions.interopRelays(publicKey),
      onSent: (row) => this.#noteSent(rooms.messages, row.id),
    });
    const overdueTimer = setInterval(() => this.releaseOverdue(), OVERDUE_CHECK_MS).unref();
    return { ...rooms, identity, introductions, reader, correspondence, collector, dispatcher, overdueTimer };
  }

  /** Takes in one gift wrap; runs inside a transaction and returns what to do after it. */
  #receive(event: VerifiedEvent, identity: Identity, correspondence: Correspondence): () => void {
    const opened = openGift(event, identity);
    if (opened.profile === "interop") {
      const message = readSeal(opened.seal, identity);
      if (message.sender === identity.publicKey) return () => {};
      const effects = correspondence.receiveInterop(message.sender, message);
      return () => this.#announce(effects);
    }
    const effects = correspondence.receive(opened.sender, opened.letter);
    return () => {
      this.#announce(effects);
      this.#open?.dispatcher.wake(opened.sender);
    };
  }

  #noteSent(messages: MessageStore, id: string): void {
    const message = messages.get(id);
    if (message?.state !== "queued") return;
    messages.setState(message, "sent");
    queueMicrotask(() => this.#emitState(id, message.contact, "sent"));
  }

  #announce(effects: Effects): void {
    if (effects.contactsChanged) this.#emit({ event: "contacts" });
    for (const message of effects.shown) this.#emit({ event: "message", message: this.#desk().reader.view(message) });
    for (const { id, contact, state } of effects.progressed) this.#emitState(id, contact, state);
  }

  #emitState(id: string, contact: string, state: DeliveryState): void {
    this.#emit({ event: "message-state", id, conversation: encodeNpub(contact), state });
  }

  #emit(event: MessengerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #changeContact(who: string, change: (row: ContactRow) => ContactRow): Contact {
    const { contacts } = this.#desk();
    const row = this.#o.vault.transaction(() => change(contacts.find(who)));
    this.#changed(row.publicKey);
    return contacts.view(row);
  }

  #changed(publicKey: string): void {
    this.#emit({ event: "contacts" });
    this.#desk().dispatcher.wake(publicKey);
  }
}

function digits(text: string): string {
  return text.replace(/\D/g, "");
}
