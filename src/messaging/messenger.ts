/**
 * The messenger: everything that faces may ask of contacts and conversations, on top of the vault's
 * tables (contact book, messages, outbox) and two workers at the network (collector, dispatcher).
 *
 *   send   -> composer -> one transaction -> dispatcher -> relays
 *   relays -> collector -> one transaction (correspondence) -> events
 *
 * It exists in two states: stopped (vault locked; every call throws LockedError) and started.
 */

import { LockedError, ValidationError } from "../core/errors.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { inboxRelaysEvent } from "../nostr/direct-message.ts";
import { parsePublicKey } from "../nostr/keys.ts";
import { Announcer } from "./announcer.ts";
import { shareAttachments } from "./attachments.ts";
import { checkConversation, checkRequest, checkText, compose, messageDeleted } from "./composer.ts";
import type { ContactRow } from "./contact-book.ts";
import { rank } from "./correspondence.ts";
import { closeDesk, type Desk, openDesk } from "./desk.ts";
import { CourierDesk } from "./courier/courier-desk.ts";
import { DeviceDesk, keepDevices } from "./device/device-desk.ts";
import { type Effects, noEffects } from "./effects.ts";
import { forgetContact } from "./forget-contact.ts";
import { startExpiry } from "./expiry.ts";
import type { Fetching } from "./fetch/fetching.ts";
import { letterHead } from "./letter.ts";
import type { MessengerOptions } from "./messenger-options.ts";
import type { MessageStore, StoredMessage } from "./message-store.ts";
import type { OutboxRow } from "./outbox.ts";
import { RecoveryDesk } from "./recovery-desk.ts";
import { demandedRelays } from "./route-demands.ts";
import { type InboxQuery, type PageQuery, parseTime, type SearchQuery } from "./reader.ts";
import { Sweeper } from "./sweeper.ts";
import type {
  ChangeConversation,
  Contact,
  CreateGroup,
  Group,
  Conversation,
  DeliveryState,
  Invite,
  Message,
  MessagePage,
  MessengerEvent,
  SearchHit,
  SendMessage,
  SendResult,
  VerifyResult,
} from "./views.ts";

/** The most that a disappearing message may outlive its time. */
const EXPIRY_CHECK_MS = 1_000;
const OVERDUE_CHECK_MS = 5_000;
const KEY_CHECK_MS = 30_000;
const CARD_CHECK_MS = 5_000;

export class Messenger {
  readonly devices: DeviceDesk;
  readonly couriers: CourierDesk;
  readonly recovery: RecoveryDesk;
  readonly #o: MessengerOptions;
  readonly #announcer: Announcer;
  #open: Desk | null = null;
  #timers: readonly NodeJS.Timeout[] = [];
  readonly #sweeper: Sweeper;
  readonly #typingSentAtMs = new Map<string, number>();

  constructor(options: MessengerOptions) {
    this.#o = options;
    this.devices = new DeviceDesk(options, () => this.#desk());
    this.recovery = new RecoveryDesk(() => this.#desk());
    const rerouted = () => this.refreshRelays();
    this.couriers = new CourierDesk(() => this.#desk(), options.clock, rerouted);
    this.#sweeper = new Sweeper(options.vault);
    this.#announcer = new Announcer(
      () => this.#open,
      () => this.#sweeper.note(),
    );
  }

  /** Begins to collect and deliver; the vault must be open. */
  start(): void {
    if (this.#open) return;
    this.#open = openDesk(this.#o, {
      announce: (effects) => this.#announcer.announce(effects),
      background: (work) => this.#background(work),
      sent: (messages, row) => this.#noteSent(messages, row),
      typing: (conversation, author, on) => this.#announcer.typing(conversation, author, on),
      devicesMoved: () => queueMicrotask(() => this.#noteDevicesMoved()),
    });
    this.#open.earlyMarks.forgetOld(this.#o.clock.nowMs());
    this.removeExpired();
    this.#timers = [
      this.#every(CARD_CHECK_MS, () => this.findCards()),
      this.#every(EXPIRY_CHECK_MS, () => this.removeExpired()),
      this.#every(OVERDUE_CHECK_MS, () => this.releaseOverdue()),
      this.#every(KEY_CHECK_MS, () => this.renewKeys()),
    ];
    this.refreshRelays();
    this.#open.couriers.start();
    this.#background(this.#open.handshakes.resume());
    this.#background(this.#open.membership.resume());
    this.#keepDevices();
  }

  /** Ends all work; call it before the vault is locked. */
  async stop(): Promise<void> {
    const desk = this.#open;
    this.#open = null;
    this.#typingSentAtMs.clear();
    for (const timer of this.#timers) clearInterval(timer);
    if (!desk) return;
    await closeDesk(desk);
    this.#attempt(() => this.#sweeper.sweep(true));
    this.#o.pool.keep([]);
  }

  /** Follows the relays as they are set now, and tells contacts when our places have changed. */
  refreshRelays(): void {
    const { collector, couriers, devices, dispatcher, identity, introductions, membership, ownDevices, streams } =
      this.#desk();
    const relays = this.#o.ownRelays();
    this.#o.pool.keep(relays);
    streams.follow(relays, couriers.relaysWritten());
    collector.follow(relays);
    if (introductions.announceRelays(relays)) {
      membership.announceProfile();
      ownDevices.announcePlace();
    }
    dispatcher.wake();
    this.findCards();
    if (this.#o.embeddedRelay !== null && devices.isMain) {
      // NIP-17 clients look for this list. It goes to our own relay only: nobody else learns of us by it.
      const list = inboxRelaysEvent(relays, identity.nostrSecretKey);
      this.#o.interopPool.publish(this.#o.embeddedRelay, list).catch(() => {});
    }
  }

  /** Removes disappearing messages whose time has come, also from the disk; runs by itself every second. */
  removeExpired(): void {
    const { annotator, expiry } = this.#desk();
    const expired = expiry.due(this.#o.clock.nowMs());
    if (expired.length > 0) this.#change(() => annotator.expire(expired));
    this.#sweeper.sweep(false);
  }

  /** Shows messages that waited too long for a missing earlier one; runs by itself every few seconds. */
  releaseOverdue(): void {
    const { correspondence, groupCorrespondence } = this.#desk();
    for (const one of [correspondence, groupCorrespondence]) this.#change(() => one.releaseOverdue());
  }

  /** Tells our card, and looks for those of people of whom only the key is known; runs by itself every few seconds. */
  findCards(): void {
    const { publicCard, cardFinder } = this.#desk();
    publicCard.publish();
    this.#background(cardFinder.look());
  }

  /** Renews keys that are due, and forgets those whose time is over; runs by itself twice a minute. */
  renewKeys(): void {
    this.#background(this.#keepKeys(this.#desk()));
  }

  /** How each of our relays is read now, whether that keeps to the budget, and to how many relays cells leave. */
  readings(): ReturnType<Fetching["readings"]> & { readonly streams: number } {
    const { fetching, streams } = this.#desk();
    return { ...fetching.readings(), streams: streams.count };
  }

  onEvent(listener: (event: MessengerEvent) => void): () => void {
    return this.#announcer.listen(listener);
  }

  // Contacts

  /** A new invite, its card already waiting on a relay. Throws NetworkError `no_relay` when none takes it. */
  createInvite(): Promise<Invite> {
    return this.#desk().introductions.createInvite();
  }

  /** Adds somebody by invite link, npub or hex key and says hello. */
  async addContact(request: { invite: string; name?: string }): Promise<Contact> {
    const { contacts, introductions, cardFinder } = this.#desk();
    const { publicKey } = await introductions.addContact(request);
    this.#changed(publicKey);
    this.#background(this.#desk().handshakes.settle(publicKey));
    await cardFinder.look();
    return contacts.view(contacts.find(publicKey));
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
    const accepted = this.#changeContact(who, (row, effects) => {
      if (row.state === "accepted" && row.changedCard === null) return row;
      if (row.state === "pending") {
        throw new ValidationError("not_a_request", "You added this person yourself; the answer is still to come.");
      }
      correspondence.accept(row, effects);
      return contacts.get(row.publicKey) ?? row;
    });
    this.#background(this.#desk().handshakes.settle(parsePublicKey(accepted.npub).publicKey));
    return accepted;
  }

  block(who: string): Contact {
    const { contacts, devices, outbox } = this.#desk();
    return this.#changeContact(who, (row) => {
      for (const device of devices.devicesOf(row.publicKey)) outbox.removeDirect(device);
      return contacts.update(row, { state: "blocked" });
    });
  }

  rename(who: string, name: string): Contact {
    return this.#changeContact(who, (row) => this.#desk().contacts.rename(row, name));
  }

  /** Forgets the person and the whole conversation. */
  removeContact(who: string): void {
    const desk = this.#desk();
    const { publicKey } = desk.contacts.find(who);
    this.#o.vault.transaction(() => forgetContact(desk, publicKey));
    this.#sweeper.note();
    this.#announcer.contacts();
  }

  /**
   * Compares `safety` (digits, spaces ignored) with ours and remembers a match; without it only tells the number. Of a
   * contact whose card changed it is that of the new card, and a match accepts that card.
   */
  verify(who: string, safety?: string): VerifyResult {
    const { contacts } = this.#desk();
    const view = contacts.view(contacts.find(who));
    const wanted = view.changedSafety ?? view.safety;
    if (safety === undefined) return { verified: view.verified, safety: wanted };
    if (wanted === null) {
      throw new ValidationError("card_unknown", "This contact's card is not known yet, so there is no safety number.", {
        hint: "Wait until the contact has answered.",
      });
    }
    const verified = digits(safety) === digits(wanted);
    if (verified && view.changedSafety !== null) this.accept(who);
    this.#changeContact(who, (row) => contacts.update(row, { verified }));
    return { verified, safety: wanted };
  }

  // Groups

  /** A new group; the named contacts are asked to come. Throws ValidationError `bad_name`, `not_a_contact`. */
  async createGroup({ name, members }: CreateGroup): Promise<Group> {
    return this.#groupView(await this.#desk().membership.create(name, this.#accounts(members)));
  }

  /** By id or name. Throws ValidationError `unknown_group`. */
  group(who: string): Group {
    return this.#desk().reader.group(who);
  }

  async inviteToGroup(who: string, members: readonly string[]): Promise<Group> {
    return this.#groupView(this.#desk().membership.invite(this.#groupId(who), this.#accounts(members)));
  }

  /** Removes a member, or takes an invitation or application back. */
  async removeFromGroup(who: string, member: string): Promise<Group> {
    const { membership, reader } = this.#desk();
    const id = this.#groupId(who);
    return this.#groupView(await membership.remove(id, reader.personIn(id, member)));
  }

  async leaveGroup(who: string): Promise<Group> {
    return this.#groupView(await this.#desk().membership.leave(this.#groupId(who)));
  }

  async renameGroup(who: string, name: string): Promise<Group> {
    return this.#groupView(await this.#desk().membership.rename(this.#groupId(who), name));
  }

  async setGroupAdmin(who: string, member: string, admin: boolean): Promise<Group> {
    const { membership, reader } = this.#desk();
    const id = this.#groupId(who);
    return this.#groupView(await membership.setAdmin(id, reader.personIn(id, member), admin));
  }

  /** A new join link; an older one stops working. */
  async createGroupLink(who: string): Promise<Group> {
    return this.#groupView(this.#desk().membership.setLink(this.#groupId(who), true));
  }

  async removeGroupLink(who: string): Promise<Group> {
    return this.#groupView(this.#desk().membership.setLink(this.#groupId(who), false));
  }

  /** Applies with a link; the group appears once an admin agreed. Throws CodecError `bad_group_link`. */
  async joinGroup(link: string): Promise<{ name: string }> {
    const name = await this.#desk().membership.join(link);
    this.findCards();
    return { name };
  }

  async approveMember(who: string, member: string): Promise<Group> {
    const { membership, reader } = this.#desk();
    const id = this.#groupId(who);
    return this.#groupView(await membership.approve(id, reader.personIn(id, member)));
  }

  // Messages

  /** Stores the message durably and returns; delivery follows. A repeated `id` is answered, not sent again. */
  async send(request: SendMessage): Promise<SendResult> {
    checkRequest(request);
    const desk = this.#desk();
    desk.ownDevices.requireLinked();
    const repeated = request.id === undefined ? null : desk.messages.get(request.id);
    if (repeated) return { id: repeated.id, state: repeated.state };
    if (request.id !== undefined && desk.messages.isGone(request.id)) throw messageDeleted();
    const interop = request.interop ?? false;
    const id = await this.#recipient(request.to, interop);
    checkConversation(desk, id, interop);
    const files = await shareAttachments(desk, this.#o.shareFile, request, id);
    const { message, reopened } = this.#o.vault.transaction(() => {
      checkConversation(desk, id, interop); // it may have changed while files were sealed
      const draft = { id: request.id, text: request.text, files, interop, replyTo: request.replyTo ?? null };
      const message = compose(desk, desk.identity, id, draft, this.#o.clock.nowMs());
      return { message, reopened: desk.conversations.reopen(id, this.#o.clock.nowMs()) };
    });
    this.#announcer.shown(message);
    if (reopened) this.#announcer.conversation(id);
    this.#wakeConversation(id);
    return { id: message.id, state: message.state };
  }

  /** One message. Throws ValidationError `unknown_message`. */
  message(id: string): Message {
    const { messages, reader } = this.#desk();
    const message = messages.get(id);
    if (!message) throw new ValidationError("unknown_message", "There is no message with this id.");
    return reader.view(message);
  }

  /** Sets or takes back (null) your reaction. Throws ValidationError `unknown_message`, `bad_emoji`; PolicyError. */
  react(id: string, emoji: string | null): Message {
    return this.#changeMessage(id, () => this.#desk().annotator.react(id, emoji));
  }

  /** Gives a message of yours another text, for all. Throws ValidationError `not_yours`, `too_late`; PolicyError. */
  edit(id: string, text: string): Message {
    return this.#changeMessage(id, () => this.#desk().annotator.edit(id, text));
  }

  /** Deletes a message of yours for all, or any message for you. Throws as `edit` does. */
  deleteMessage(id: string, forAll: boolean): void {
    const { annotator, messages } = this.#desk();
    const conversation = messages.get(id)?.conversation;
    this.#change(() => (forAll ? annotator.deleteForAll(id) : annotator.deleteForMe(id)));
    this.#sweeper.note();
    if (conversation !== undefined) this.#wakeConversation(conversation);
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
  messages(who: string, page: PageQuery = {}): MessagePage {
    return this.#desk().reader.messages(who, page);
  }

  /** Messages in which each word of the query begins a word, newest first. */
  search(query: SearchQuery): Promise<SearchHit[]> {
    return this.#desk().reader.search(query);
  }

  /**
   * Mutes, pins, archives, keeps a draft, sets the timer or the route. Throws UsageError `bad_time`, `bad_timer`; for a timer also
   * what `send` throws.
   */
  changeConversation(who: string, change: ChangeConversation): Conversation {
    const { conversations, annotator } = this.#desk();
    const { id } = conversations.find(who);
    const { timerSeconds, mutedUntil, ...chosen } = change;
    if (chosen.draft !== undefined) checkText(chosen.draft);
    const muting = mutedUntil === undefined ? {} : { mutedUntilMs: mutedUntil === null ? null : parseTime(mutedUntil) };
    this.#change(() => {
      conversations.update(id, { ...chosen, ...muting });
      const effects = timerSeconds === undefined ? noEffects() : annotator.setTimer(id, timerSeconds);
      effects.conversations.add(id);
      return effects;
    });
    this.#wakeConversation(id);
    return this.#desk().reader.conversation(id);
  }

  /** Names of the conversations that demand Tor, by the relays which they use; null while the vault is locked. */
  demandedRelays(): Map<string, string[]> | null {
    return this.#open && demandedRelays(this.#open);
  }

  /** Tells the other side that you are typing, if you want that to be told. */
  noteTyping(who: string): void {
    const { conversations, contacts, devices, dispatcher } = this.#desk();
    const { id } = conversations.find(who);
    const contact = contacts.get(id);
    const nowMs = this.#o.clock.nowMs();
    const isAllowed = this.#o.settings().typingIndicators && contact?.state === "accepted";
    if (!isAllowed || contact.profile === "interop" || contact.changedCard !== null) return;
    if (nowMs - (this.#typingSentAtMs.get(id) ?? 0) < MESSAGE_LIMITS.typingEveryMs) return;
    this.#typingSentAtMs.set(id, nowMs);
    const letter = { ...letterHead(nowMs), kind: "typing", on: true } as const;
    for (const device of devices.devicesOf(contact.publicKey)) dispatcher.sendOnce(letter, device);
  }

  /** What accepted people wrote, oldest first; with `limit` the newest so many. */
  inbox(query: InboxQuery = {}): Message[] {
    return this.#desk().reader.inbox(query);
  }

  counts(): { outbox: number; requests: number; unread: number; refused: number } {
    const { reader, screening } = this.#desk();
    return { ...reader.counts(), refused: screening.refused };
  }

  /** People to whom nothing can be sent before their card is found. */
  cardsMissing(): number {
    return this.#desk().contacts.withoutCard().length;
  }

  /** Marks everything up to a position as read and, if the person allows it, tells the senders. */
  markRead(who: string, upTo: number): void {
    const { contacts, conversations, devices, messages, outbox, dispatcher } = this.#desk();
    const { id } = conversations.find(who);
    const tell = contacts.get(id)?.state === "accepted" && this.#o.settings().readReceipts;
    const nowMs = this.#o.clock.nowMs();
    const read = this.#o.vault.transaction(() =>
      messages.unread(id, upTo).map((row) => {
        const readers = tell && row.profile === "hidden" ? devices.devicesOf(row.author) : [];
        for (const to of readers) outbox.owe({ messageId: row.id, to, read: true });
        return messages.update(row, { state: "read", ...startExpiry(row, nowMs) });
      }),
    );
    for (const row of read) {
      this.#announcer.state(row.id, row.conversation, "read");
      if (row.expiresAtMs !== null) this.#announcer.changed(row);
    }
    if (tell) for (const device of devices.devicesOf(id)) dispatcher.wake(device);
  }

  // Inside

  #desk(): Desk {
    if (!this.#open) throw new LockedError();
    return this.#open;
  }

  #every(intervalMs: number, work: () => void): NodeJS.Timeout {
    return setInterval(() => this.#attempt(work), intervalMs).unref();
  }

  /** What fails now (a full disk) is tried again at the next turn. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#o.log.error({ error: error instanceof Error ? error.name : "" }, "a regular task of the messenger failed");
    }
  }

  /** The conversation that a message goes to; an npub that is no contact yet is added on the way. */
  async #recipient(to: string, interop: boolean): Promise<string> {
    const { reader, introductions } = this.#desk();
    const group = reader.findGroup(to);
    if (group) return group.id;
    const { publicKey, card } = await introductions.recipient(to, interop);
    if (card === null) this.findCards();
    return publicKey;
  }

  #groupId(who: string): string {
    return this.#desk().reader.groupRow(who).id;
  }

  #accounts(who: readonly string[]): string[] {
    return who.map((one) => this.#desk().contacts.find(one).publicKey);
  }

  #groupView({ id }: { id: string }): Group {
    this.#announcer.conversation(id);
    return this.#desk().reader.group(`g${id}`);
  }

  #wakeConversation(id: string): void {
    const { groups, dispatcher } = this.#desk();
    const group = groups.get(id);
    // Devices beyond a contact's main one are woken once a message is sealed for them.
    for (const device of group ? groups.others(group) : [id]) dispatcher.wake(device);
  }

  async #keepKeys({ sessionKeeper, membership }: Desk): Promise<void> {
    await sessionKeeper.renew();
    await membership.dismiss();
    this.#keepDevices();
    // What was forgotten must not live on in the database's log.
    if (await sessionKeeper.forgetOld()) this.#sweeper.note();
  }

  #noteDevicesMoved(): void {
    this.#keepDevices();
    // A new epoch shows which of our devices are in, or that this one is not any more.
    if (this.#open && this.#open.devices.own().length > 0) this.#open.ownDevices.tellChanged();
  }

  #keepDevices(): void {
    if (this.#open) this.#background(keepDevices(this.#open));
  }

  /** Work that nobody waits for; what fails is tried again by its timer or at the next start. */
  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      const name = error instanceof Error ? error.name : "";
      if (this.#open) this.#o.log.warn({ error: name }, "a task of the messenger was put off");
    });
  }

  #noteSent(messages: MessageStore, { id, to }: OutboxRow): void {
    const message = messages.get(id);
    // A copy for another device of ours says nothing about the recipient.
    const isCopy = this.#open?.devices.isSibling(to) ?? false;
    if (message?.state !== "queued" || isCopy) return;
    const sent = messages.update(message, { state: "sent", ...startExpiry(message, this.#o.clock.nowMs()) });
    queueMicrotask(() => {
      this.#announcer.state(id, message.conversation, "sent");
      if (sent.expiresAtMs !== null) this.#announcer.changed(sent);
    });
  }

  /** Makes a change in one transaction and tells of it. */
  #change(work: () => Effects): void {
    this.#announcer.announce(this.#o.vault.transaction(work));
  }

  #changeMessage(id: string, work: () => Effects): Message {
    this.#change(work);
    const { messages, reader } = this.#desk();
    const message = messages.get(id) as StoredMessage;
    this.#wakeConversation(message.conversation);
    return reader.view(message);
  }

  #changeContact(who: string, change: (row: ContactRow, effects: Effects) => ContactRow): Contact {
    const { contacts } = this.#desk();
    const effects = noEffects();
    const row = this.#o.vault.transaction(() => change(contacts.find(who), effects));
    this.#announcer.announce(effects);
    this.#changed(row.publicKey);
    return contacts.view(row);
  }

  #changed(publicKey: string): void {
    this.#announcer.contacts();
    this.#desk().dispatcher.wake(publicKey);
  }
}

function digits(text: string): string {
  return text.replace(/\D/g, "");
}
