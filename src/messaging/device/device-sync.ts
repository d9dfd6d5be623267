/**
 * Keeps the devices of one account alike: what one of them changes or learns, it tells the others in their own session.
 *
 *   a table changes -> item -> sync letter in the outbox, in the same transaction      (contacts, conversations)
 *                           -> gathered, and said a moment later                       (states, deletions: many at once)
 *   sync letter     -> rules (`sync-rules.ts`) -> the same tables, in silence
 *
 * Content itself needs none of this: every device is a leaf of every conversation.
 */

import type { Clock } from "../../core/clock.ts";
import { NocturneError } from "../../core/errors.ts";
import { DEVICE_LIMITS } from "../../core/limits.ts";
import type { Account } from "../../vault/account.ts";
import type { Rooms } from "../composer.ts";
import { type ContactRow } from "../contact-book.ts";
import { type ConversationRow } from "../conversation-book.ts";
import { type Effects, noEffects } from "../effects.ts";
import { letterHead, type SyncLetter } from "../letter.ts";
import type { StoredMessage } from "../message-store.ts";
import type { SessionRow } from "../session/session-store.ts";
import type { Sessions } from "../session/sessions.ts";
import type { HistoryReader } from "./history.ts";
import type { SyncItem, SyncedSettings } from "./sync-item.ts";
import { contactOf, conversationOf, messageOf, type SyncRules } from "./sync-rules.ts";

export interface DeviceSyncOptions extends Rooms {
  readonly vault: Account;
  readonly sessions: Sessions;
  readonly rules: SyncRules;
  readonly history: HistoryReader;
  /** The session of the account's devices; null while this one is in none. */
  readonly ownSession: () => SessionRow | null;
  readonly settings: () => SyncedSettings;
  readonly wake: (device: string) => void;
  readonly clock: Clock;
}

export class DeviceSync {
  readonly #o: DeviceSyncOptions;
  /** Taking over what another device said: nothing of it is said back. */
  #silent = false;
  readonly #states = new Map<string, StoredMessage>();
  readonly #gone = new Set<string>();
  #isGathering = false;

  constructor(options: DeviceSyncOptions) {
    this.#o = options;
    const { contacts, conversations, messages } = options;
    contacts.watch((before, after) => this.#contact(before, after));
    conversations.watch((before, after) => this.#conversation(before, after));
    messages.watch((before, after) => this.#message(before, after));
  }

  /** Applies what another device of ours said; call inside the transaction. Null if a part must be fetched first. */
  receive(device: string, letter: SyncLetter): Effects | null {
    const { outbox, rules, history } = this.#o;
    const effects = noEffects();
    this.#silent = true;
    try {
      for (const item of letter.items) {
        const taken =
          item.what === "history" ? history.take(device, item, effects) : rules.apply(device, item, effects);
        if (!taken) return null;
      }
    } finally {
      this.#silent = false;
    }
    outbox.owe({ messageId: letter.id, to: device, read: false });
    return effects;
  }

  /** Items for all other devices, or for one; call inside a transaction. */
  say(items: readonly SyncItem[], only?: string): void {
    const { devices, outbox, clock, wake } = this.#o;
    const session = this.#o.ownSession();
    const wanted = only === undefined ? devices.siblings().map(({ device }) => device) : [only];
    const to = wanted.filter((device) => !outbox.isFull(device));
    if (!session || items.length === 0 || to.length === 0) return;
    const letter: SyncLetter = { ...letterHead(clock.nowMs()), kind: "sync", items };
    for (const device of to) {
      outbox.add({
        id: letter.id,
        to: device,
        content: { profile: "hidden", letter, group: session.id },
        unsaved: true,
      });
      queueMicrotask(() => wake(device));
    }
  }

  /** The list of devices as the main one has it. */
  sayDevices(): void {
    const { devices, rules } = this.#o;
    if (!devices.isMain) return;
    this.say([rules.devicesItem()]);
  }

  saySettings(): void {
    const { rules, settings, vault } = this.#o;
    vault.transaction(() => this.say([{ what: "settings", at: rules.nextAt("settings"), settings: settings() }]));
  }

  /** A message that devices of ours cannot open themselves: they were in no epoch that it was sealed in. */
  mirror(message: StoredMessage): void {
    if (message.timerSeconds === null) this.say([{ what: "message", message: messageOf(message) }]);
  }

  /** How much of the history a linked device has, from 0 to 1. */
  historyProgress(): number {
    return this.#o.history.progress();
  }

  #contact(before: ContactRow | null, after: ContactRow | null): void {
    if (this.#silent || !this.#hasListeners()) return;
    const { rules } = this.#o;
    const publicKey = (after ?? before)?.publicKey ?? "";
    const at = () => rules.nextAt(`contact/${publicKey}`);
    if (!after) return this.say([{ what: "contact-gone", at: at(), publicKey }]);
    const contact = contactOf(after);
    if (before && JSON.stringify(contactOf(before)) === JSON.stringify(contact)) return;
    this.say([{ what: "contact", at: at(), contact }]);
  }

  #conversation(before: ConversationRow, after: ConversationRow | null): void {
    if (this.#silent || !after || after.kind === "channel" || !this.#hasListeners()) return;
    const conversation = conversationOf(after);
    if (JSON.stringify(conversationOf(before)) === JSON.stringify(conversation)) return;
    this.say([{ what: "conversation", at: this.#o.rules.nextAt(`conversation/${after.id}`), conversation }]);
  }

  #message(before: StoredMessage | null, after: StoredMessage | null): void {
    if (this.#silent || !this.#hasListeners()) return;
    if (!before && after) {
      // What came or went in an envelope, which other devices do not see.
      const isDirect = !this.#o.groups.get(after.conversation);
      if (isDirect && !after.notice && !this.#o.sessions.of(after.conversation)) this.mirror(after);
      return;
    }
    if (!before || before.timerSeconds !== null) return;
    if (!after) this.#gone.add(before.id);
    else if (before.state !== after.state && isTold(after)) this.#states.set(after.id, after);
    this.#gather();
  }

  #gather(): void {
    if (this.#isGathering || this.#states.size + this.#gone.size === 0) return;
    this.#isGathering = true;
    queueMicrotask(() => {
      this.#isGathering = false;
      try {
        this.#sayGathered();
      } catch (error) {
        // Locked meanwhile, or a full disk: how far a message got is no reason to end the program.
        if (!(error instanceof NocturneError)) throw error;
      }
    });
  }

  #sayGathered(): void {
    const { messages, vault } = this.#o;
    const states = [...this.#states.values()].map(({ id, state }) => ({ id, state }));
    const gone = [...this.#gone];
    this.#states.clear();
    this.#gone.clear();
    vault.transaction(() => {
      for (const some of chunks(states)) this.say([{ what: "states", states: some }]);
      const ids = gone.filter((id) => messages.isGone(id));
      for (const some of chunks(ids)) this.say([{ what: "gone", ids: some }]);
    });
  }

  #hasListeners(): boolean {
    return this.#o.devices.siblings().length > 0 && this.#o.ownSession() !== null;
  }
}

/** The other devices find out the rest themselves. */
function isTold({ mine, state }: StoredMessage): boolean {
  return mine ? state === "delivered" || state === "read" : state === "read";
}

function chunks<T>(list: readonly T[]): T[][] {
  const size = DEVICE_LIMITS.syncItems;
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}
