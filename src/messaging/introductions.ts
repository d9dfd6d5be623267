/**
 * How people meet: invites, hellos, and the card that makes us reachable.
 *
 *   we invite:  link -> (another channel) -> guest;  drop with our card -> our relays
 *   we add:     link -> drop -> card -> contact (pending) and a hello in the outbox
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../core/clock.ts";
import { toBase64Url } from "../core/bytes.ts";
import { isSystemError, NetworkError, ValidationError } from "../core/errors.ts";
import { MESSAGE_LIMITS, ROUTE_LIMITS } from "../core/limits.ts";
import { DIAL_LIMITS } from "../core/route-limits.ts";
import type { NostrEvent, VerifiedEvent } from "../nostr/event.ts";
import { parsePublicKey } from "../nostr/keys.ts";
import { retryDelayMs } from "../route/backoff.ts";
import { targetOf } from "../route/policy.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Account } from "../vault/account.ts";
import { CARD_VERSION, cardDigest, isOtherCard, makeCard } from "./card.ts";
import type { Rooms } from "./composer.ts";
import type { ContactRow } from "./contact-book.ts";
import type { Correspondence } from "./correspondence.ts";
import { mainDeviceOnly } from "./device/device-errors.ts";
import {
  createInviteLink,
  DROP_KIND,
  dropAuthor,
  encodeInviteLink,
  INVITE_PREFIX,
  type InviteLink,
  inviteProof,
  makeDrop,
  openDrop,
  parseInviteLink,
} from "./invite.ts";
import type { InviteBook } from "./invite-book.ts";
import { letterHead } from "./letter.ts";
import type { MessengerSettings } from "./messenger-options.ts";
import type { Sessions } from "./session/sessions.ts";
import type { Invite } from "./views.ts";

export interface IntroductionsOptions extends Rooms {
  readonly vault: Account;
  readonly pool: RelayPool;
  readonly invites: InviteBook;
  readonly correspondence: Correspondence;
  readonly sessions: Sessions;
  readonly ownRelays: () => readonly string[];
  readonly settings: () => MessengerSettings;
  readonly clock: Clock;
}

const ANNOUNCED_RELAYS = "announced-relays";
const INBOX_RELAYS_KIND = 10050;
const LOOKUP_MS = 2_000;
/** Keys that may be written to without being in the contact book yet. */
const KEY_PATTERN = /^(npub1|nprofile1|nostr:|[0-9a-fA-F]{64}$)/;

export class Introductions {
  readonly #o: IntroductionsOptions;

  constructor(options: IntroductionsOptions) {
    this.#o = options;
  }

  /** A new invite, its card already waiting on a relay. Throws NetworkError `no_relay` when none takes it. */
  async createInvite(): Promise<Invite> {
    const { vault, invites, clock, ownRelays } = this.#o;
    const nowMs = clock.nowMs();
    const invite = createInviteLink(vault.identity().publicKey, ownRelays(), nowMs);
    await this.#publishToAny(invite.relays, makeDrop(invite, this.introduce().card, nowMs));
    invites.add(invite);
    return { link: encodeInviteLink(invite), expiresAt: new Date(invite.expiresAtMs).toISOString() };
  }

  /** Adds somebody by invite link, npub or hex key and says hello. */
  async addContact(request: { invite: string; name?: string }): Promise<ContactRow> {
    if (!this.#o.devices.isMain) throw mainDeviceOnly();
    const text = request.invite.trim();
    const known = text.startsWith(INVITE_PREFIX) ? await this.#readInvite(parseInviteLink(text)) : parsePublicKey(text);
    const { contacts, vault, clock } = this.#o;
    this.#refuseOwnKey(known.publicKey);
    const keyPackage = await this.#o.sessions.keyPackage();
    return vault.transaction(() => {
      const existing = contacts.get(known.publicKey);
      if (existing) return this.#meetAgain(existing, known, keyPackage, request.name);
      const made = contacts.create(known.publicKey, "pending", clock.nowMs(), { ...known, name: request.name ?? "" });
      this.#sayHello(made, keyPackage);
      return made;
    });
  }

  /** Our own signed card with the relays of now, and our name. Throws PolicyError `main_device_only` on a linked device. */
  introduce(): { card: NostrEvent; name: string } {
    if (!this.#o.devices.isMain) throw mainDeviceOnly();
    const { vault, ownRelays, clock, settings } = this.#o;
    const { displayName, strangerWork } = settings();
    return { card: makeCard(vault.identity(), ownRelays(), clock.nowMs(), strangerWork), name: displayName };
  }

  /** The contact to write to; an npub that is not in the book yet is added on the way. */
  async recipient(who: string, interop: boolean): Promise<ContactRow> {
    const { contacts, vault, clock } = this.#o;
    try {
      return contacts.find(who);
    } catch (unknown) {
      if (!KEY_PATTERN.test(who)) throw unknown;
    }
    const { publicKey, relays } = parsePublicKey(who);
    this.#refuseOwnKey(publicKey);
    if (!this.#o.devices.isMain) throw mainDeviceOnly();
    const profile = interop ? "interop" : "hidden";
    const state = interop ? "accepted" : "pending";
    const keyPackage = interop ? null : await this.#o.sessions.keyPackage();
    return vault.transaction(() => {
      const made = contacts.create(publicKey, state, clock.nowMs(), { relays, profile });
      if (keyPackage) this.#sayHello(made, keyPackage);
      return made;
    });
  }

  /** Says hello to a contact once more, to get a session with it. */
  async greet(contact: ContactRow): Promise<void> {
    const keyPackage = await this.#o.sessions.keyPackage();
    this.#o.vault.transaction(() => this.#sayHello(contact, keyPackage));
  }

  /** Contacts hold our card; when our relays or the format change they need the new one. True if they did. */
  announceRelays(relays: readonly string[]): boolean {
    const { vault, contacts, outbox, clock } = this.#o;
    const places = [CARD_VERSION, ...relays].join(" ");
    // A linked device says where it is in its sessions; cards are the main device's.
    if (vault.readMeta<string>(ANNOUNCED_RELAYS) === places) return false;
    vault.transaction(() => {
      for (const contact of this.#o.devices.isMain ? contacts.list() : []) {
        if (contact.state !== "accepted" || contact.profile !== "hidden") continue;
        const head = letterHead(clock.nowMs());
        const letter = { ...head, kind: "accept", ...this.introduce() } as const;
        outbox.add({ id: head.id, to: contact.publicKey, content: { profile: "hidden", letter } });
      }
      vault.writeMeta(ANNOUNCED_RELAYS, places);
    });
    return true;
  }

  /** Where somebody collects NIP-17 messages: his own list (kind 10050) if it can be found, and our relays. */
  async interopRelays(publicKey: string): Promise<readonly string[]> {
    const filters = [{ kinds: [INBOX_RELAYS_KIND], authors: [publicKey], limit: 1 }];
    const contact = this.#o.contacts.get(publicKey);
    const own = [...(contact?.relays ?? []), ...this.#o.ownRelays()];
    const lists = await Promise.allSettled(own.map((url) => this.#o.pool.fetch(url, filters, LOOKUP_MS)));
    const found = lists.flatMap((list) => (list.status === "fulfilled" ? list.value : []));
    const theirs = found.flatMap((event) =>
      event.tags.flatMap(([name, url]) => (name === "relay" && url ? [url] : [])),
    );
    return [...new Set([...theirs.slice(0, MESSAGE_LIMITS.inviteRelays), ...own])];
  }

  #sayHello(to: ContactRow, keyPackage: Uint8Array): void {
    const head = letterHead(this.#o.clock.nowMs());
    const knows = to.card ? { knows: cardDigest(to.card) } : {};
    const letter = {
      ...head,
      kind: "hello",
      ...this.introduce(),
      keyPackage: toBase64Url(keyPackage),
      ...knows,
    } as const;
    this.#o.outbox.add({ id: head.id, to: to.publicKey, content: { profile: "hidden", letter } });
  }

  /** Adding somebody who is in the book: a request is thereby accepted, a fresh card is taken. */
  #meetAgain(row: ContactRow, known: Partial<ContactRow>, keyPackage: Uint8Array, name?: string): ContactRow {
    const { contacts, correspondence } = this.#o;
    const renamed = name === undefined ? row : contacts.rename(row, name);
    if (renamed.state === "request") return correspondence.accept(renamed);
    if (renamed.state !== "blocked" && renamed.profile !== "interop") return renamed;
    const isOther = row.card && known.card && isOtherCard(row.card, known.card);
    const verified = row.verified && !isOther;
    const again = contacts.update(renamed, { ...known, profile: "hidden", state: "pending", verified });
    this.#sayHello(again, keyPackage);
    return again;
  }

  /** What an invite tells of its maker; fetches the card that waits on his relays. */
  async #readInvite(invite: InviteLink): Promise<Pick<ContactRow, "publicKey" | "card" | "relays" | "proof">> {
    if (invite.expiresAtMs < this.#o.clock.nowMs()) {
      throw new ValidationError("invite_expired", "This invite has expired.", { hint: "Ask for a new one." });
    }
    const card = openDrop(invite, await this.#fetchDrop(invite));
    const proof = inviteProof(invite.secret, invite.publicKey, this.#o.vault.identity().publicKey);
    return { publicKey: invite.publicKey, card, relays: invite.relays, proof };
  }

  async #fetchDrop(invite: InviteLink): Promise<NostrEvent> {
    try {
      return await Promise.any(invite.relays.map((url) => this.#askForDrop(url, invite)));
    } catch (cause) {
      throw new NetworkError(
        "invite_unreachable",
        "The relays named in this invite cannot be reached, or have lost it.",
        {
          hint: "Try again when the other person is online, or ask for a new invite.",
          cause,
        },
      );
    }
  }

  /** To a place inside Tor or I2P a way has to be made first, and a try may fail while it is: so it is asked again for a time. */
  async #askForDrop(url: string, { secret }: InviteLink): Promise<NostrEvent> {
    const filters = [{ kinds: [DROP_KIND], authors: [dropAuthor(secret)], limit: 1 }];
    const lastMs = performance.now() + (isHiddenPlace(url) ? DIAL_LIMITS.anonymousMs : 0);
    for (let failures = 0; ; failures++) {
      try {
        const [drop] = await this.#o.pool.fetch(url, filters, ROUTE_LIMITS.publishMs);
        if (!drop) throw new Error("the relay does not hold the drop");
        return drop;
      } catch (error) {
        if (!isSilence(error) || performance.now() >= lastMs) throw error;
        await sleep(retryDelayMs(failures, ROUTE_LIMITS.retryMs, ROUTE_LIMITS.retryMaxMs), undefined, { ref: false });
      }
    }
  }

  async #publishToAny(relays: readonly string[], event: VerifiedEvent): Promise<void> {
    try {
      await Promise.any(relays.map((url) => this.#o.pool.publish(url, event)));
    } catch (cause) {
      throw new NetworkError("no_relay", "No relay can be reached, so nobody could answer this invite.", {
        hint: "Check your relays: nocturne status",
        cause,
      });
    }
  }

  #refuseOwnKey(publicKey: string): void {
    if (publicKey !== this.#o.vault.identity().publicKey) return;
    throw new ValidationError("own_key", "This is your own key.", { hint: "Use the invite or key of another person." });
  }
}

/** Its address leads to a place inside Tor or I2P. */
function isHiddenPlace(url: string): boolean {
  return /\.(onion|i2p)$/i.test(targetOf(url)?.host ?? "");
}

/** The other side was called, and did not answer: not that it refused, nor that there is no way for a call now. */
function isSilence(error: unknown): boolean {
  if (!isSystemError(error) || error.code !== "relay_unreachable") return false;
  return !isSystemError(error.cause) || error.cause.code === "relay_unreachable";
}
