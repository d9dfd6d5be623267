/**
 * Takes in messages of sessions: opens them, applies what they hold, and acknowledges it, all in one transaction, so
 * that a message whose key is spent has certainly been stored.
 *
 *   message -> session -> content -> correspondence -> receipt owed
 *                      -> commit  -> next epoch     -> receipt owed; changes of ours that lost are made again
 */

import { utf8Decode } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { CryptoError, NocturneError } from "../core/errors.ts";
import { DEVICE_LIMITS } from "../core/limits.ts";
import type { Account } from "../vault/account.ts";
import type { ContactBook } from "./contact-book.ts";
import type { Couriers } from "./courier/couriers.ts";
import type { Correspondence } from "./correspondence.ts";
import { type Effects, noEffects } from "./effects.ts";
import type { DeviceBook } from "./device/device-book.ts";
import type { DeviceSync } from "./device/device-sync.ts";
import type { Devices } from "./device/devices.ts";
import { decodeLetter, isContent, type Letter } from "./letter.ts";
import type { GroupCorrespondence } from "./group-correspondence.ts";
import type { Groups } from "./groups.ts";
import type { OpenedFrames } from "./opened-frames.ts";
import type { Outbox } from "./outbox.ts";
import { membersOf } from "./session/mls.ts";
import { type Received, revokedSinceMs, type Session } from "./session/session.ts";
import type { SessionRow } from "./session/session-store.ts";
import type { ShareBook } from "./share-book.ts";
import { commitId, type Located, type Sessions } from "./session/sessions.ts";

export interface SessionInboxOptions {
  readonly vault: Account;
  readonly sessions: Sessions;
  readonly opened: OpenedFrames;
  readonly contacts: ContactBook;
  readonly correspondence: Correspondence;
  readonly groupCorrespondence: GroupCorrespondence;
  readonly groups: Groups;
  readonly devices: DeviceBook;
  readonly ownDevices: Devices;
  readonly deviceSync: DeviceSync;
  readonly couriers: Couriers;
  readonly shares: ShareBook;
  readonly outbox: Outbox;
  readonly clock: Clock;
}

export interface TakenFrame {
  readonly effects: Effects;
  /** Devices that something is owed to. */
  readonly wake: readonly string[];
  /** The session has other epochs now: what could not be opened before may be. */
  readonly hasNewEpoch: boolean;
  /** A device that should be told that its epoch lost. */
  readonly astray?: string | null;
  /** A member said farewell, and somebody has to let him go. */
  readonly isFarewell?: boolean;
}

const NOTHING: TakenFrame = { effects: noEffects(), wake: [], hasNewEpoch: false };

export class SessionInbox {
  readonly #o: SessionInboxOptions;

  constructor(options: SessionInboxOptions) {
    this.#o = options;
  }

  /** Null if it cannot be taken in now, though a repetition may. Throws CryptoError for what is forged. */
  async take(located: Located, markSeen: () => void): Promise<TakenFrame | null> {
    const { vault, sessions, opened, contacts } = this.#o;
    const row = sessions.get(located.session);
    if (!row || (row.kind === "direct" && contacts.get(row.conversation)?.state === "blocked")) {
      vault.transaction(markSeen);
      return NOTHING;
    }
    const before = opened.find(located.body);
    if (before) return this.#again(before.letterId, before.from, markSeen);
    const taken: { result: TakenFrame } = { result: NOTHING };
    try {
      await sessions.receive(located, (received, session) => {
        taken.result = this.#apply(row, session, located.body, received);
        markSeen();
      });
    } catch (error) {
      if (error instanceof NotNow) return null;
      throw error;
    }
    return taken.result;
  }

  #again(letterId: string, from: string, markSeen: () => void): TakenFrame {
    this.#o.vault.transaction(() => {
      this.#o.outbox.owe({ messageId: letterId, to: from, read: false });
      markSeen();
    });
    return { ...NOTHING, wake: [from] };
  }

  #apply(row: SessionRow, session: Session, body: Uint8Array, received: Received): TakenFrame {
    if (received.kind === "refused") return NOTHING;
    if (received.kind === "content") return this.#content(row, session, body, received);
    const { outbox, opened, groups } = this.#o;
    const id = commitId(body);
    outbox.owe({ messageId: id, to: received.by, read: false });
    opened.note(body, id, received.by);
    const effects = noEffects();
    const isNew = received.kind === "commit";
    if (row.kind === "group" && isNew) groups.follow(session, received.account, effects);
    return { effects, wake: [received.by], hasNewEpoch: true, astray: isNew ? received.astray : null };
  }

  #content(
    row: SessionRow,
    session: Session,
    body: Uint8Array,
    { sender, content, astray, epoch }: Received & { kind: "content" },
  ): TakenFrame {
    const { groupCorrespondence, opened, clock } = this.#o;
    // It still has the keys of what came before, and whoever stole it could go on writing there.
    if (revokedSinceMs(session, epoch, sender, clock.nowMs()) > DEVICE_LIMITS.partingMs) throw new CryptoError();
    const letter = decodeLetter(utf8Decode(content));
    const { account, device } = sender;
    const effects =
      row.kind === "group"
        ? groupCorrespondence.receive(session, account, device, letter)
        : this.#direct(row, account, device, letter);
    if (!effects) throw new NotNow();
    opened.note(body, letter.id, device);
    this.#mirror(session, epoch, effects);
    const isFarewell = letter.kind === "farewell";
    return { effects, wake: [device], hasNewEpoch: false, astray: row.kind === "group" ? astray : null, isFarewell };
  }

  /** Only the two people and one's own devices speak where there are no others, and only what belongs there. */
  #direct(row: SessionRow, account: string, device: string, letter: Letter): Effects | null {
    const { correspondence, couriers, devices, deviceSync, outbox, ownDevices, shares } = this.#o;
    const isOwn = account === devices.account;
    if (letter.kind === "profile") {
      ownDevices.placed(device, letter);
      outbox.owe({ messageId: letter.id, to: device, read: false });
      return noEffects();
    }
    if (row.kind === "devices") {
      if (letter.kind !== "sync" || !isOwn) throw new CryptoError();
      return deviceSync.receive(device, letter);
    }
    if (letter.kind === "courier" && account === row.conversation) {
      couriers.receive(account, device, letter);
      outbox.owe({ messageId: letter.id, to: device, read: false });
      return noEffects();
    }
    if (letter.kind === "share" && account === row.conversation) {
      shares.take(account, letter);
      outbox.owe({ messageId: letter.id, to: device, read: false });
      return noEffects();
    }
    if (!isContent(letter) || !(isOwn || account === row.conversation)) throw new CryptoError();
    if (isOwn) return correspondence.echo(row.conversation, device, letter);
    const effects = correspondence.receive(account, letter, device);
    return outbox.owesDelivery(letter.id, device) ? effects : null;
  }

  /** Devices of ours that were not in the epoch cannot open what was said there; they hear it from us. */
  #mirror(session: Session, epoch: string, effects: Effects): void {
    const { devices, deviceSync } = this.#o;
    const state = effects.shown.length > 0 ? session.epochs.get(epoch)?.state : null;
    if (!state || devices.siblings().length === 0) return;
    const members = membersOf(state).map(({ device }) => device);
    if (devices.siblings().every(({ device }) => members.includes(device))) return;
    for (const message of effects.shown) deviceSync.mirror(message);
  }
}

/** Undoes the transaction, so that the message can be opened again when it is repeated. */
class NotNow extends NocturneError {
  constructor() {
    super("not_now", "This cannot be taken in yet.");
  }
}
