/**
 * From an accepted contact to a session with it.
 *
 *   guest    hello with a key package -> (accepted) ->  founder: session, psk, welcome letter -> guest joins
 *
 * Whoever accepts founds. When both said hello, the one with the lower key founds. It is tried again at every start until
 * it is done, and a contact that says hello once more has lost its session (another machine, a restored backup) and gets
 * a new one.
 */

import type { Clock } from "../core/clock.ts";
import { fromBase64Url, toBase64Url } from "../core/bytes.ts";
import { CryptoError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import type { Account } from "../vault/account.ts";
import type { Identity } from "../vault/identity.ts";
import type { ContactBook, ContactRow } from "./contact-book.ts";
import type { DeviceBook } from "./device/device-book.ts";
import { letterHead, type WelcomeLetter } from "./letter.ts";
import type { Outbox } from "./outbox.ts";
import { bootstrapPsk } from "./session/bootstrap.ts";
import { readKeyPackage } from "./session/mls.ts";
import { type Session, sessionInfo, sessionMembers } from "./session/session.ts";
import type { Sessions } from "./session/sessions.ts";

export interface HandshakesOptions {
  readonly vault: Account;
  readonly identity: Identity;
  readonly contacts: ContactBook;
  readonly devices: DeviceBook;
  readonly outbox: Outbox;
  readonly sessions: Sessions;
  /** Says hello (again) with a fresh key package. */
  readonly sayHello: (to: ContactRow) => Promise<void>;
  /** Letters that waited for a session may go. */
  readonly ready: (publicKey: string) => void;
  readonly clock: Clock;
}

const SECRET_BYTES = 32;

export class Handshakes {
  readonly #o: HandshakesOptions;
  readonly #busy = new Set<string>();

  constructor(options: HandshakesOptions) {
    this.#o = options;
  }

  /** Founds all sessions that are ours to found. */
  async settleAll(): Promise<void> {
    for (const { publicKey, keyPackage } of this.#o.contacts.list())
      if (keyPackage !== null) await this.settle(publicKey);
  }

  /** Goes on with everybody whose session is missing: founds it, or asks for it. */
  async resume(): Promise<void> {
    await this.settleAll();
    for (const { publicKey } of this.#o.devices.isMain ? this.#o.contacts.list() : []) {
      const contact = this.#ready(publicKey) ?? this.#unanswered(publicKey);
      if (!contact || this.#o.sessions.of(publicKey) || this.#isGreeted(publicKey)) continue;
      await this.#o.sayHello(contact);
      this.#o.ready(publicKey);
    }
  }

  /** Founds the session with a contact if it is ours to found. */
  async settle(publicKey: string): Promise<void> {
    // A linked device is brought into sessions by the main one.
    const contact = this.#o.devices.isMain ? this.#ready(publicKey) : null;
    if (!contact || contact.keyPackage === null || this.#busy.has(publicKey)) return;
    this.#busy.add(publicKey);
    try {
      await this.#found(contact, contact.keyPackage);
    } finally {
      this.#busy.delete(publicKey);
    }
  }

  #ready(publicKey: string): ContactRow | null {
    const contact = this.#o.contacts.get(publicKey);
    const isReady = contact?.state === "accepted" && contact.profile === "hidden" && contact.changedCard === null;
    return isReady ? contact : null;
  }

  /** Whom we said hello to: the letter is lost if the account was brought back by its recovery key. */
  #unanswered(publicKey: string): ContactRow | null {
    const contact = this.#o.contacts.get(publicKey);
    return contact?.state === "pending" && contact.profile === "hidden" ? contact : null;
  }

  /**
   * Joins the session that a contact founded. `also` runs in the same transaction. Throws CryptoError if the welcome is
   * not for us, or not into a conversation of exactly us two.
   */
  async join(contact: ContactRow, letter: WelcomeLetter, also: () => void): Promise<void> {
    const { identity, sessions } = this.#o;
    const founder = contact.publicKey;
    const guest = identity.publicKey;
    if (letter.secret === undefined || typeof letter.welcome !== "string") throw new CryptoError();
    const secret = fromBase64Url(letter.secret);
    const joined = await sessions.join(
      fromBase64Url(letter.welcome),
      (keyPackage) => bootstrapPsk({ founder, guest, keyPackage, secret }, identity.nostrSecretKey, founder),
      (session) => (isDirect(session, founder, guest) ? { conversation: founder } : null),
      also,
    );
    if (joined === null) throw new CryptoError();
    this.#o.ready(founder);
  }

  async #found(contact: ContactRow, encoded: string): Promise<void> {
    const { identity, sessions, outbox, contacts, clock } = this.#o;
    const founder = identity.publicKey;
    const guest = contact.publicKey;
    const keyPackage = fromBase64Url(encoded);
    if (!isOf(keyPackage, guest)) return this.#forgetKeyPackage(guest);
    const secret = randomBytes(SECRET_BYTES);
    const psk = bootstrapPsk({ founder, guest, keyPackage, secret }, identity.nostrSecretKey, guest);
    const info = { kind: "direct", name: "", admins: [founder, guest].sort() } as const;
    await sessions.begin(guest, info, { add: [keyPackage], psk }, ({ welcome }) => {
      const current = contacts.get(guest);
      if (!welcome || current?.keyPackage !== encoded) throw new CryptoError();
      const head = letterHead(clock.nowMs());
      const letter = {
        ...head,
        kind: "welcome",
        welcome: toBase64Url(welcome.bytes),
        secret: toBase64Url(secret),
      } as const;
      outbox.add({ id: head.id, to: guest, content: { profile: "hidden", letter } });
      contacts.update(current, { keyPackage: null, foundedWith: encoded });
    });
    this.#o.ready(guest);
  }

  #forgetKeyPackage(publicKey: string): void {
    const contact = this.#o.contacts.get(publicKey);
    if (contact) this.#o.contacts.update(contact, { keyPackage: null });
  }

  #isGreeted(publicKey: string): boolean {
    return this.#o.outbox
      .window(publicKey)
      .some(({ content }) => content.profile === "hidden" && content.letter.kind === "hello");
  }
}

function isOf(keyPackage: Uint8Array, account: string): boolean {
  try {
    return readKeyPackage(keyPackage).account === account;
  } catch {
    return false;
  }
}

/** A founder could otherwise put a third one into what looks like a conversation of two. */
function isDirect(session: Session, founder: string, guest: string): boolean {
  const accounts = new Set(sessionMembers(session).map(({ account }) => account));
  return sessionInfo(session)?.kind === "direct" && accounts.size === 2 && accounts.has(founder) && accounts.has(guest);
}
