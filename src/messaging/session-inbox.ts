/**
 * Takes in frames: opens them in their session, applies what they hold, and acknowledges it, all in one transaction, so
 * that a message whose key is spent has certainly been stored.
 *
 *   frame -> session -> content -> correspondence -> receipt owed
 *                    -> commit  -> next epoch     -> receipt owed; changes of ours that lost are made again
 */

import { utf8Decode } from "../core/bytes.ts";
import { CryptoError, NocturneError } from "../core/errors.ts";
import type { Account } from "../vault/account.ts";
import type { ContactBook } from "./contact-book.ts";
import type { Correspondence } from "./correspondence.ts";
import { type Effects, noEffects } from "./effects.ts";
import { decodeLetter, isContent } from "./letter.ts";
import type { GroupCorrespondence } from "./group-correspondence.ts";
import type { Groups } from "./groups.ts";
import type { OpenedFrames } from "./opened-frames.ts";
import type { Outbox } from "./outbox.ts";
import type { Received, Session } from "./session/session.ts";
import type { SessionRow } from "./session/session-store.ts";
import { commitId, type Located, type Sessions } from "./session/sessions.ts";

export interface SessionInboxOptions {
  readonly vault: Account;
  readonly sessions: Sessions;
  readonly opened: OpenedFrames;
  readonly contacts: ContactBook;
  readonly correspondence: Correspondence;
  readonly groupCorrespondence: GroupCorrespondence;
  readonly groups: Groups;
  readonly outbox: Outbox;
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
    { sender, content, astray }: Received & { kind: "content" },
  ): TakenFrame {
    const { correspondence, groupCorrespondence, outbox, opened } = this.#o;
    const letter = decodeLetter(utf8Decode(content));
    // Only one of the two may speak in a direct conversation, and only what belongs into one.
    const isDirect = row.kind === "direct";
    if (isDirect && !(isContent(letter) && sender.account === row.conversation)) throw new CryptoError();
    const effects = isDirect
      ? correspondence.receive(sender.account, letter)
      : groupCorrespondence.receive(session, sender.account, sender.device, letter);
    if (!effects || (isDirect && !outbox.owesDelivery(letter.id, sender.account))) throw new NotNow();
    opened.note(body, letter.id, sender.device);
    const isFarewell = letter.kind === "farewell";
    return { effects, wake: [sender.device], hasNewEpoch: false, astray: isDirect ? null : astray, isFarewell };
  }
}

/** Undoes the transaction, so that the message can be opened again when it is repeated. */
class NotNow extends NocturneError {
  constructor() {
    super("not_now", "This cannot be taken in yet.");
  }
}
