/**
 * The way in: what a gift wrap holds, and who takes it in.
 *
 *   frame of a session we know -> SessionInbox
 *   letter in an envelope      -> Handshakes (welcome), Correspondence (everything else)
 *   seal of a NIP-17 client    -> Correspondence
 *   none of these              -> perhaps a frame of an epoch that is still on its way: later
 */

import type { Clock } from "../core/clock.ts";
import { CryptoError } from "../core/errors.ts";
import type { VerifiedEvent } from "../nostr/event.ts";
import type { Vault } from "../vault/vault.ts";
import type { Collector } from "./collector.ts";
import type { ContactBook } from "./contact-book.ts";
import type { Correspondence } from "./correspondence.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { type Effects, noEffects } from "./effects.ts";
import type { Groups } from "./groups.ts";
import type { Handshakes } from "./handshakes.ts";
import { readSeal } from "./interop.ts";
import { isContent, type Letter, letterHead } from "./letter.ts";
import type { Outbox } from "./outbox.ts";
import { openGift } from "./sealed-letter.ts";
import type { Sealing } from "./sealing.ts";
import { readPayload } from "./session/frame.ts";
import type { Sessions } from "./session/sessions.ts";
import type { SessionInbox } from "./session-inbox.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { Identity } from "../vault/identity.ts";

export interface ReceptionOptions {
  readonly vault: Vault;
  readonly identity: Identity;
  readonly contacts: ContactBook;
  readonly outbox: Outbox;
  readonly sessions: Sessions;
  readonly sessionInbox: SessionInbox;
  readonly sessionKeeper: SessionKeeper;
  readonly handshakes: Handshakes;
  readonly membership: Groups;
  readonly sealing: Sealing;
  readonly clock: Clock;
  readonly correspondence: Correspondence;
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

  /** Takes one wrap in, with `markSeen` in the same transaction. False if it cannot be read yet; throws for what never can. */
  async receive(event: VerifiedEvent, markSeen: () => void): Promise<boolean> {
    const { identity, sessions, correspondence } = this.#o;
    const payload = readPayload(event.content);
    const located = payload && sessions.locate(payload);
    if (located) return this.#frame(located, markSeen);
    try {
      const opened = openGift(event, identity);
      if (opened.profile === "hidden") await this.#letter(opened.sender, opened.letter, markSeen);
      else {
        const message = readSeal(opened.seal, identity);
        const isOwn = message.sender === identity.publicKey;
        this.#take(markSeen, () => (isOwn ? noEffects() : correspondence.receiveInterop(message.sender, message)));
      }
      return true;
    } catch (error) {
      // Nobody can tell a frame of an unknown epoch from a wrap that is for somebody else, or damaged.
      if (payload && error instanceof CryptoError) return false;
      throw error;
    }
  }

  async #frame(located: Parameters<SessionInbox["take"]>[0], markSeen: () => void): Promise<boolean> {
    const { sessionInbox, sealing, dispatcher, announce, background } = this.#o;
    const body = await sealing.resolve(located.body);
    const taken = await sessionInbox.take({ ...located, body }, markSeen);
    if (!taken) return false;
    announce(taken.effects);
    for (const device of taken.wake) dispatcher.wake(device);
    if (taken.astray) {
      const { session, epoch } = located;
      dispatcher.sendOnce({ ...letterHead(this.#o.clock.nowMs()), kind: "astray", session, epoch }, taken.astray);
    }
    if (taken.isFarewell) background(this.#o.membership.dismiss());
    if (taken.hasNewEpoch) background(this.#followEpoch(located.session));
    return true;
  }

  async #followEpoch(session: string): Promise<void> {
    await this.#o.sessionKeeper.repeatLost(session);
    this.#o.collector().retryEarly();
  }

  async #letter(sender: string, letter: Letter, markSeen: () => void): Promise<void> {
    const { contacts, outbox, sessions, handshakes, correspondence, dispatcher, vault, background } = this.#o;
    const { membership } = this.#o;
    if (letter.kind === "astray") return membership.ledAstray(sender, letter, markSeen);
    if (letter.kind === "invitation") return membership.invited(sender, letter, markSeen);
    if (letter.kind === "application") return membership.applied(sender, letter, markSeen);
    if (letter.kind === "welcome" && letter.secret === undefined) {
      await membership.welcomed(sender, letter, markSeen);
      dispatcher.wake();
      return this.#o.collector().retryEarly();
    }
    if (letter.kind === "welcome") {
      const contact = contacts.get(sender);
      if (contact?.state !== "accepted" && contact?.state !== "pending") return vault.transaction(markSeen);
      await handshakes.join(contact, letter, () => {
        outbox.owe({ messageId: letter.id, to: sender, read: false });
        markSeen();
      });
      return dispatcher.wake(sender);
    }
    // Once there is a session, whoever comes with less is no contact of ours, or was made to.
    const isDowngrade = isContent(letter) && sessions.of(sender) !== null;
    this.#take(markSeen, () => (isDowngrade ? noEffects() : correspondence.receive(sender, letter)));
    dispatcher.wake(sender);
    if (letter.kind === "hello" || letter.kind === "accept") background(handshakes.settle(sender));
  }

  #take(markSeen: () => void, work: () => Effects): void {
    const effects = this.#o.vault.transaction(() => {
      markSeen();
      return work();
    });
    this.#o.announce(effects);
  }
}
