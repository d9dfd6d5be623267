/**
 * What a fact that another device of ours tells may change here.
 *
 *   later wins      of two facts about the same thing; marks remember how old the present one is
 *   main decides    people, their cards and the list of devices: a linked device can rename, block, verify, accept and remove
 *                   people, and nothing else, so that a stolen one cannot put keys of its thief under somebody's name
 *   never back      states of messages only go forward; what is gone stays gone
 */

import type { Clock } from "../../core/clock.ts";
import { DEVICE_LIMITS } from "../../core/limits.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { Account } from "../../vault/account.ts";
import { isOtherCard } from "../card.ts";
import type { Rooms } from "../composer.ts";
import type { ContactRow } from "../contact-book.ts";
import type { ConversationRow } from "../conversation-book.ts";
import { type Correspondence, rank } from "../correspondence.ts";
import type { Effects } from "../effects.ts";
import { startExpiry } from "../expiry.ts";
import type { MessageRow, StoredMessage } from "../message-store.ts";
import type {
  SyncedContact,
  SyncedConversation,
  SyncedDevice,
  SyncedMessage,
  SyncedSettings,
  SyncItem,
} from "./sync-item.ts";

export interface SyncRulesOptions extends Rooms {
  readonly vault: Account;
  readonly correspondence: Correspondence;
  readonly adoptSettings: (settings: SyncedSettings) => void;
  /** Forgets a person and the conversation with him; runs in the transaction. */
  readonly forget: (publicKey: string) => void;
  readonly clock: Clock;
}

interface MarkRow {
  readonly key: string;
  readonly at: number;
}

type ItemOf<What extends SyncItem["what"]> = Extract<SyncItem, { what: What }>;

export class SyncRules {
  readonly #o: SyncRulesOptions;
  readonly #marks: SealedTable<MarkRow>;

  constructor(options: SyncRulesOptions) {
    this.#o = options;
    this.#marks = options.vault.table<MarkRow>({ name: "sync_marks", key: (row) => row.key });
  }

  /** A time for a change made here: later than the fact that it replaces, whatever the clocks say. */
  nextAt(key: string): number {
    const at = Math.max(this.#o.clock.nowMs(), (this.#marks.get(key)?.at ?? 0) + 1);
    this.#mark(key, at);
    return at;
  }

  /** Applies one fact. False if it cannot be taken in yet. */
  apply(device: string, item: SyncItem, effects: Effects): boolean {
    switch (item.what) {
      case "contact":
        this.#contact(device, item, effects);
        break;
      case "contact-gone":
        this.#contactGone(item, effects);
        break;
      case "conversation":
        return this.#conversation(item, effects);
      case "message":
        if (!this.#isPlaced(item.message.conversation)) return false;
        this.message(item.message, effects);
        break;
      case "states":
        for (const { id, state } of item.states) this.#state(id, state, effects);
        break;
      case "gone":
        for (const id of item.ids) this.#gone(id, effects);
        break;
      case "settings":
        if (this.#isNews("settings", item.at)) this.#o.adoptSettings(item.settings);
        break;
      case "devices":
        this.#devices(device, item, effects);
        break;
      case "history":
        break; // HistoryReader
    }
    return true;
  }

  /** False while a conversation is still on its way here; true also for one that was forgotten. */
  #isPlaced(conversation: string): boolean {
    const { contacts, groups } = this.#o;
    const isHere = contacts.get(conversation) !== null || groups.get(conversation) !== null;
    return isHere || this.#marks.has(`contact/${conversation}`);
  }

  /** The list as it is here. */
  devicesItem(): SyncItem {
    const devices = this.#o.devices.own().map(deviceOf);
    return { what: "devices", at: this.nextAt("devices"), devices };
  }

  /** A message of the other device, unless it is or was here. */
  message(message: SyncedMessage, effects: Effects): StoredMessage | null {
    const { messages, contacts, groups, devices } = this.#o;
    const isKnown = contacts.get(message.conversation) !== null || groups.get(message.conversation) !== null;
    if (messages.has(message.id) || !isKnown) return null;
    const added = messages.add({ ...message, mine: message.author === devices.account });
    effects.shown.push(added);
    return added;
  }

  #contact(device: string, { at, contact }: ItemOf<"contact">, effects: Effects): void {
    const { contacts, devices } = this.#o;
    const known = contacts.get(contact.publicKey);
    if (contact.publicKey === devices.account || !this.#isNews(`contact/${contact.publicKey}`, at)) return;
    effects.contactsChanged = true;
    if (devices.isMain) {
      if (known) this.#adviceOn(known, contact, effects);
      return;
    }
    if (device !== devices.account && !known) return;
    const { name, ...rest } = contact;
    const row = known ?? contacts.create(contact.publicKey, contact.state, contact.addedAtMs, { name });
    contacts.renameFreely(contacts.update(row, device === devices.account ? rest : personal(row, contact)), name);
  }

  /** What a linked device may say of a person to the main one. */
  #adviceOn(known: ContactRow, contact: SyncedContact, effects: Effects): void {
    const { contacts, correspondence, outbox, devices } = this.#o;
    const row = contacts.renameFreely(contacts.update(known, personal(known, contact)), contact.name);
    if (contact.state === "blocked") {
      for (const device of devices.devicesOf(row.publicKey)) outbox.removeDirect(device);
      contacts.update(row, { state: "blocked" });
    } else if (contact.state === "accepted") {
      // The card that the other device accepted must be the one that waits here.
      const waits = row.changedCard !== null && contact.card !== null && !isOtherCard(row.changedCard, contact.card);
      if (row.state === "request" || row.state === "blocked" || waits) correspondence.accept(row, effects);
    }
  }

  #contactGone({ at, publicKey }: ItemOf<"contact-gone">, effects: Effects): void {
    if (!this.#isNews(`contact/${publicKey}`, at)) return;
    if (this.#o.contacts.get(publicKey)) this.#o.forget(publicKey);
    effects.contactsChanged = true;
  }

  /** False while the group that it speaks of is not here yet. */
  #conversation({ at, conversation }: ItemOf<"conversation">, effects: Effects): boolean {
    const { contacts, conversations, groups } = this.#o;
    const { id, ...chosen } = conversation;
    if (!contacts.get(id) && !groups.get(id)) return true;
    if (!this.#isNews(`conversation/${id}`, at)) return true;
    conversations.update(id, chosen);
    effects.conversations.add(id);
    return true;
  }

  #state(id: string, state: MessageRow["state"], effects: Effects): void {
    const { messages, clock } = this.#o;
    const message = messages.get(id);
    if (!message || rank(message.state) >= rank(state) || (!message.mine && state !== "read")) return;
    const changed = messages.update(message, { state, ...startExpiry(message, clock.nowMs()) });
    effects.progressed.push({ id, conversation: message.conversation, state });
    if (changed.expiresAtMs !== message.expiresAtMs) effects.changed.push(changed);
    effects.conversations.add(message.conversation);
  }

  #gone(id: string, effects: Effects): void {
    const { messages } = this.#o;
    const message = messages.get(id);
    if (!message) return messages.noteGone(id);
    messages.bury(message);
    effects.gone.push(message);
  }

  #devices(device: string, { at, devices: list }: ItemOf<"devices">, effects: Effects): void {
    const { devices } = this.#o;
    if (devices.isMain || device !== devices.account || !this.#isNews("devices", at)) return;
    for (const row of list) devices.putOwn(row);
    effects.devicesChanged = true;
  }

  #isNews(key: string, at: number): boolean {
    if ((this.#marks.get(key)?.at ?? -1) >= at) return false;
    this.#mark(key, at);
    return true;
  }

  #mark(key: string, at: number): void {
    this.#marks.put({ key, at });
    const excess = this.#marks.count() - DEVICE_LIMITS.syncMarks;
    if (excess > 0) for (const row of this.#marks.list({ limit: excess })) this.#marks.delete(row.key);
  }
}

/** What any device of ours decides on: never keys, and "verified" only for the keys that are known here. */
function personal(known: ContactRow, { verified, card }: SyncedContact): Partial<ContactRow> {
  const isSame = known.card !== null && card !== null && !isOtherCard(known.card, card);
  return isSame ? { verified } : {};
}

export function contactOf(row: ContactRow): SyncedContact {
  const { publicKey, name, state, verified, invited, profile, card, changedCard, relays, addedAtMs } = row;
  return { publicKey, name, state, verified, invited, profile, card, changedCard, relays, addedAtMs };
}

export function conversationOf(row: ConversationRow): SyncedConversation {
  const { id, mutedUntilMs, pinned, archived, timerSeconds, timerSetBy } = row;
  return { id, mutedUntilMs, pinned, archived, timerSeconds, timerSetBy };
}

export function messageOf(row: StoredMessage): SyncedMessage {
  const { mine: _, timerSeconds: __, expiresAtMs: ___, seq: ____, ...rest } = row;
  return rest;
}

export function deviceOf({ device, name, addedAtMs, hybridPublicKey, relays, revoked }: SyncedDevice): SyncedDevice {
  return { device, name, addedAtMs, hybridPublicKey, relays, revoked };
}
