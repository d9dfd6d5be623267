/**
 * The way in: what came, and who takes it in.
 *
 *   message of a session       -> SessionInbox; later, if its epoch is still on its way
 *   letter in an envelope      -> Screening: of a stranger who shows neither invite nor work, nothing is kept
 *                              -> Handshakes, Groups or Devices (welcome), DeviceKeeper (packages), Correspondence
 *   seal of a NIP-17 client    -> Correspondence
 */

import type { Clock } from "../core/clock.ts";
import { CodecError, CryptoError } from "../core/errors.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import { openWrap } from "../nostr/gift-wrap.ts";
import type { Account } from "../vault/account.ts";
import type { Collector, Mail } from "./collector.ts";
import type { ContactBook } from "./contact-book.ts";
import type { Correspondence } from "./correspondence.ts";
import type { DeviceBook } from "./device/device-book.ts";
import type { DeviceKeeper } from "./device/device-keeper.ts";
import type { Devices } from "./device/devices.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { type Effects, noEffects } from "./effects.ts";
import type { Groups } from "./groups.ts";
import type { Handshakes } from "./handshakes.ts";
import { readSeal } from "./interop.ts";
import { isContent, type Letter, letterHead, type WelcomeLetter } from "./letter.ts";
import type { Outbox } from "./outbox.ts";
import type { Admission, Screening } from "./pass/screening.ts";
import { openLetter, type OpenedLetter } from "./sealed-letter.ts";
import type { Sealing } from "./sealing.ts";
import type { Located, Sessions } from "./session/sessions.ts";
import type { SessionInbox } from "./session-inbox.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { Identity } from "../vault/identity.ts";

export interface ReceptionOptions {
  readonly vault: Account;
  readonly identity: Identity;
  readonly contacts: ContactBook;
  readonly devices: DeviceBook;
  readonly deviceKeeper: DeviceKeeper;
  readonly ownDevices: Devices;
  readonly outbox: Outbox;
  readonly sessions: Sessions;
  readonly sessionInbox: SessionInbox;
  readonly sessionKeeper: SessionKeeper;
  readonly handshakes: Handshakes;
  readonly membership: Groups;
  readonly sealing: Sealing;
  readonly clock: Clock;
  readonly correspondence: Correspondence;
  readonly screening: Screening;
  readonly dispatcher: Dispatcher;
  readonly collector: () => Collector;
  /** Tells faces what changed, once it is committed. */
  readonly announce: (effects: Effects) => void;
  /** Work that nobody waits for. */
  readonly background: (work: Promise<unknown>) => void;
}

export class Reception {
  readonly #o: ReceptionOptions;

  constructor(options: ReceptionOptions) {
    this.#o = options;
  }

  /** Takes mail in, with `markSeen` in the same transaction. False if it cannot be read yet; throws for what never can. */
  async receive(mail: Mail, markSeen: () => void): Promise<boolean> {
    if ("wrap" in mail) return this.#wrap(mail.wrap, markSeen);
    const { parcel } = mail;
    if (parcel.kind === "session") {
      return this.#o.sessions.hasEpoch(parcel.session, parcel.epoch) && this.#message(parcel, markSeen);
    }
    const opened = this.#open(parcel.envelope);
    const admission = opened && this.#o.screening.admit(opened);
    // Not even marked as seen: what anybody can send without end must not fill the vault.
    if (!opened || !admission) return true;
    return this.#letter(opened, admission, markSeen);
  }

  /** Null for an envelope that holds no letter for us. */
  #open(envelope: Uint8Array): OpenedLetter | null {
    try {
      return openLetter(envelope, this.#o.identity);
    } catch (error) {
      if (error instanceof CryptoError || error instanceof CodecError) return null;
      throw error;
    }
  }

  /** What a NIP-17 client sent. */
  #wrap(event: VerifiedEvent, markSeen: () => void): boolean {
    const { identity, correspondence } = this.#o;
    const message = readSeal(openWrap(event, identity.nostrSecretKey), identity);
    const isOwn = message.sender === identity.publicKey;
    if (!isOwn && !correspondence.takesInterop(message.sender)) return true;
    this.#take(markSeen, () => (isOwn ? noEffects() : correspondence.receiveInterop(message.sender, message)));
    return true;
  }

  async #message(located: Located, markSeen: () => void): Promise<boolean> {
    const { sessionInbox, sealing, dispatcher, announce, background } = this.#o;
    const body = sealing.resolve(located.body);
    const taken = body && (await sessionInbox.take({ ...located, body }, markSeen));
    if (!taken) return false;
    announce(taken.effects);
    for (const device of taken.wake) dispatcher.wake(device);
    if (taken.astray) {
      const { session, epoch } = located;
      dispatcher.sendOnce({ ...letterHead(this.#o.clock.nowMs()), kind: "astray", session, epoch }, taken.astray);
    }
    if (taken.effects.contactsChanged) {
      // Another device of ours told of somebody: what brings us into the session with him may be here already, or it
      // accepted him, and we found one.
      this.#o.collector().retryEarly();
      background(this.#o.handshakes.settleAll());
    }
    if (taken.isFarewell) background(this.#o.membership.dismiss());
    if (taken.hasNewEpoch) background(this.#followEpoch(located.session));
    return true;
  }

  async #followEpoch(session: string): Promise<void> {
    await this.#o.sessionKeeper.repeatLost(session);
    this.#o.collector().retryEarly();
  }

  /** False if it waits for something that is being fetched. */
  async #letter({ sender, letter }: OpenedLetter, { invited }: Admission, markSeen: () => void): Promise<boolean> {
    const { deviceKeeper, membership, dispatcher, background } = this.#o;
    if (letter.kind === "welcome") return this.#welcome(sender, letter, markSeen);
    if (letter.kind === "astray") await membership.ledAstray(sender, letter, markSeen);
    else if (letter.kind === "invitation") await membership.invited(sender, letter, markSeen);
    else if (letter.kind === "application") await membership.applied(sender, letter, markSeen);
    else if (letter.kind === "packages") {
      deviceKeeper.packages(sender, letter, markSeen);
      background(deviceKeeper.reconcile());
    } else this.#plain(sender, letter, invited, markSeen);
    dispatcher.wake(sender);
    return true;
  }

  #plain(sender: string, letter: Letter, invited: boolean, markSeen: () => void): void {
    const { sessions, devices, handshakes, correspondence, background } = this.#o;
    const account = devices.accountOf(sender);
    // Once there is a session, whoever comes with less is no contact of ours, or was made to.
    const isDowngrade = isContent(letter) && (sessions.of(account) !== null || account !== sender);
    // People are met by their main device, and meet ours.
    const isMeeting = letter.kind === "hello" || letter.kind === "accept";
    const isRefused = isDowngrade || (isMeeting && (account !== sender || !devices.isMain));
    this.#take(markSeen, () => (isRefused ? noEffects() : correspondence.receive(account, letter, sender, invited)));
    if (isMeeting && !isRefused) background(handshakes.settle(account));
  }

  async #welcome(sender: string, letter: WelcomeLetter, markSeen: () => void): Promise<boolean> {
    const { contacts, devices, outbox, handshakes, membership, ownDevices, dispatcher, vault, collector } = this.#o;
    const contact = contacts.get(sender);
    if (devices.isSibling(sender)) {
      if (!(await ownDevices.welcomed(sender, letter, markSeen))) return false;
      dispatcher.wake();
      collector().retryEarly();
    } else if (letter.secret === undefined) {
      if (!(await membership.welcomed(sender, letter, markSeen))) return false;
      dispatcher.wake();
      collector().retryEarly();
    } else if (contact?.state === "accepted" || contact?.state === "pending") {
      await handshakes.join(contact, letter, () => {
        outbox.owe({ messageId: letter.id, to: sender, read: false });
        markSeen();
      });
      dispatcher.wake(sender);
    } else vault.transaction(markSeen);
    return true;
  }

  #take(markSeen: () => void, work: () => Effects): void {
    const effects = this.#o.vault.transaction(() => {
      markSeen();
      return work();
    });
    this.#o.announce(effects);
  }
}
