/**
 * Groups: who is in, who may come in, and who goes. The session decides (its head is the same on all devices); this
 * keeps the group book in step with it and says what has to be said to get there.
 *
 *   admin: invitation ->  contact: application with a fresh key package -> admin: commit, welcome -> everybody: profile
 *   link:                 anybody: application with proof -> an admin approves -> the same
 *   leaving: farewell to all -> the first admin commits the removal with it
 *
 * Nobody is put into a group unasked: a device joins only where it applied.
 */

import type { Clock } from "../core/clock.ts";
import { fromBase64Url, toBase64Url } from "../core/bytes.ts";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { GROUP_LIMITS, MESSAGE_LIMITS, SESSION_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { Account } from "../vault/account.ts";
import type { Identity } from "../vault/identity.ts";
import type { Blobs } from "./blobs.ts";
import type { Rooms } from "./composer.ts";
import { cleanName } from "./contact-book.ts";
import { type Effects, noEffects } from "./effects.ts";
import type { GroupRow } from "./group-book.ts";
import { placeOf } from "./heard-book.ts";
import { encodeGroupLink, GROUP_SECRET_BYTES, groupProof, parseGroupLink } from "./group-link.ts";
import { adminNeeded, groupFull, lastAdmin, notMember, unknownGroup } from "./group-errors.ts";
import { placesIn, readRoster, rosterOf } from "./group-roster.ts";
import { addNotice, followSession } from "./group-notices.ts";
import {
  type ApplicationLetter,
  type AstrayLetter,
  type FarewellLetter,
  type InvitationLetter,
  type Letter,
  letterHead,
  type Profile,
  type ProfileLetter,
  type WelcomeLetter,
} from "./letter.ts";
import type { Changes } from "./session/commit.ts";
import { type Farewell, encodeFarewells, isGenuine, sayFarewell } from "./session/farewell.ts";
import type { GroupInfo } from "./session/group-info.ts";
import { membersOf, ownLeafOf, readKeyPackage } from "./session/mls.ts";
import {
  type Committed,
  headOf,
  leaveAstray,
  type Session,
  sessionAdmins,
  sessionInfo,
  sessionMembers,
} from "./session/session.ts";
import type { Sessions } from "./session/sessions.ts";
import type { SessionKeeper } from "./session-keeper.ts";
import type { Welcomes } from "./welcomes.ts";

export interface GroupsOptions extends Rooms {
  readonly vault: Account;
  readonly identity: Identity;
  readonly sessions: Sessions;
  readonly keeper: SessionKeeper;
  readonly blobs: Blobs;
  readonly welcomes: Welcomes;
  /** Our card and name; only the main device can sign it. */
  readonly introduce: () => { card: NostrEvent; name: string };
  readonly ownName: () => string;
  readonly ownRelays: () => readonly string[];
  readonly announce: (effects: Effects) => void;
  readonly wake: (device: string) => void;
  readonly clock: Clock;
}

export class Groups {
  readonly #o: GroupsOptions;
  readonly #admitting = new Map<string, Promise<void>>();

  constructor(options: GroupsOptions) {
    this.#o = options;
  }

  /** A new group of us alone; the contacts are asked to come. */
  async create(name: string, contacts: readonly string[]): Promise<GroupRow> {
    const { sessions, identity } = this.#o;
    const own = identity.publicKey;
    const clean = checkName(name);
    for (const contact of contacts) this.#requireContact(contact);
    const info = { kind: "group", name: clean, admins: [own] } as const;
    const id = await sessions.begin(null, info, {}, ({ session }) => {
      this.#enroll(session, noEffects());
      this.#invite(session.id, clean, contacts);
    });
    this.#wakeAll(contacts);
    return this.#row(id);
  }

  /** Asks contacts to come in. Throws ValidationError `not_admin`, `group_full`, `not_a_contact`. */
  invite(id: string, contacts: readonly string[]): GroupRow {
    const row = this.#adminOf(id);
    for (const contact of contacts) this.#requireContact(contact);
    if (accountsOf(row).length + contacts.length > SESSION_LIMITS.members) throw groupFull();
    this.#o.vault.transaction(() => this.#invite(id, row.name, contacts));
    this.#wakeAll(contacts);
    return this.#row(id);
  }

  /** Removes a member, or takes an invitation or application back. */
  async remove(id: string, account: string): Promise<GroupRow> {
    const row = this.#adminOf(id);
    const devices = row.members.filter((member) => member.account === account);
    this.#o.vault.transaction(() => {
      this.#o.groups.turnAway(id, account);
    });
    if (devices.length > 0) {
      if (account === this.#o.identity.publicKey) return this.leave(id);
      await this.#commit(id, { remove: devices });
    }
    return this.#row(id);
  }

  /** Says farewell to all, and is out at once. Throws ValidationError `last_admin`. */
  async leave(id: string): Promise<GroupRow> {
    const { groups, sessions, vault, identity, clock } = this.#o;
    const row = this.#memberOf(id);
    const own = identity.publicKey;
    const isAlone = accountsOf(row).length === 1;
    if (!isAlone && row.admins.length === 1 && row.admins[0] === own) throw lastAdmin();
    const session = sessions.read(id);
    const state = session && headOf(session).state;
    const effects = noEffects();
    vault.transaction(() => {
      if (state && !isAlone) {
        const { leaf, signature } = sayFarewell(id, sessions.own, ownLeafOf(state));
        const head = letterHead(clock.nowMs());
        this.#say(row, { ...head, kind: "farewell", leaf, signature: toBase64Url(signature) });
      }
      groups.update(id, { joined: false, linkSecret: null });
      addNotice(this.#o, id, own, { what: "left", account: own, self: true }, effects);
    });
    this.#o.announce(effects);
    this.#wakeAll(row.members.map(({ device }) => device));
    return this.#row(id);
  }

  async rename(id: string, name: string): Promise<GroupRow> {
    const clean = checkName(name);
    this.#adminOf(id);
    await this.#commit(id, (info) => ({ info: { ...info, name: clean } }));
    return this.#row(id);
  }

  async setAdmin(id: string, account: string, admin: boolean): Promise<GroupRow> {
    if (!accountsOf(this.#adminOf(id)).includes(account)) throw notMember();
    await this.#commit(id, (info, session) => {
      const others = sessionAdmins(session).filter((known) => known !== account);
      if (!admin && others.length === 0) throw lastAdmin();
      const admins = admin ? [...others, account] : others;
      if (admins.length > SESSION_LIMITS.admins) throw groupFull();
      return { info: { ...info, admins } };
    });
    return this.#row(id);
  }

  /** A new join link; an older one stops working. With `on` false none works any more. */
  setLink(id: string, on: boolean): GroupRow {
    this.#adminOf(id);
    const linkSecret = on ? toBase64Url(randomBytes(GROUP_SECRET_BYTES)) : null;
    return this.#o.groups.update(id, { linkSecret }) ?? this.#row(id);
  }

  linkOf({ id, name, linkSecret }: GroupRow): string | null {
    if (linkSecret === null) return null;
    const admin = this.#o.identity.publicKey;
    return encodeGroupLink({ group: id, admin, secret: fromBase64Url(linkSecret), name, relays: this.#o.ownRelays() });
  }

  /** Applies with a link; answers the group's name. Throws CodecError `bad_group_link`. */
  async join(link: string): Promise<string> {
    const { groups, identity, vault } = this.#o;
    const { group, admin, secret, name, relays } = parseGroupLink(link);
    if (groups.get(group)?.joined) return name;
    const keyPackage = await this.#o.sessions.keyPackage();
    vault.transaction(() => {
      groups.updatePerson(group, admin, { relays });
      groups.apply({ group, to: admin, name });
      this.#apply(group, admin, keyPackage, groupProof(secret, group, identity.publicKey));
    });
    this.#o.wake(admin);
    return name;
  }

  /** Lets in somebody who came with the link. */
  async approve(id: string, account: string): Promise<GroupRow> {
    this.#adminOf(id);
    const { application } = this.#o.groups.person(id, account);
    if (!application) throw notMember();
    this.#o.groups.updatePerson(id, account, { application: { ...application, approved: true } });
    await this.admit(id);
    return this.#row(id);
  }

  // What others say

  /** An invitation by a device of a contact: we apply there with a fresh key package. */
  async invited(sender: string, { group, name, id }: InvitationLetter, markSeen: () => void): Promise<void> {
    const { contacts, devices, groups, outbox, vault } = this.#o;
    const isContact = contacts.get(devices.accountOf(sender))?.state === "accepted";
    const isWanted = isContact && !groups.get(group)?.joined && groups.list().length < GROUP_LIMITS.groups;
    const keyPackage = isWanted ? await this.#o.sessions.keyPackage() : null;
    vault.transaction(() => {
      markSeen();
      if (!keyPackage) return;
      outbox.owe({ messageId: id, to: sender, read: false });
      groups.apply({ group, to: sender, name });
      this.#apply(group, sender, keyPackage, null);
    });
    this.#o.wake(sender);
  }

  /** True if an application is one for us to decide: somebody invited, a member, or who has the link's proof. */
  isApplication(sender: string, letter: ApplicationLetter): boolean {
    const row = this.#o.groups.get(letter.group);
    return row !== null && this.#o.groups.isAdmin(row) && this.#mayApply(row, sender, letter);
  }

  /** Somebody wants to come in: let in who was invited, keep who has the link, forget everybody else. */
  async applied(sender: string, letter: ApplicationLetter, markSeen: () => void): Promise<void> {
    const { groups, outbox, vault } = this.#o;
    const row = groups.get(letter.group);
    const isOurs = row !== null && groups.isAdmin(row) && isKeyPackageOf(letter.keyPackage, sender);
    const effects = noEffects();
    vault.transaction(() => {
      markSeen();
      if (!isOurs || !this.#mayApply(row, sender, letter)) return;
      outbox.owe({ messageId: letter.id, to: sender, read: false });
      const { invited, admittedWith } = groups.person(row.id, sender);
      if (admittedWith === letter.keyPackage) return;
      // A member who applies has lost the session, and gets in again unasked.
      const approved = invited || accountsOf(row).includes(sender);
      const application = { keyPackage: letter.keyPackage, approved };
      groups.updatePerson(row.id, sender, { ...placesIn(sender, letter), name: cleanName(letter.name), application });
      effects.conversations.add(row.id);
    });
    this.#o.announce(effects);
    this.#o.wake(sender);
    if (isOurs) await this.admit(row.id);
  }

  /**
   * A welcome from an admin where we applied. False while a part of it is being fetched; throws CryptoError for any
   * other: a stranger must not make us ask relays of his choice.
   */
  async welcomed(sender: string, letter: WelcomeLetter, markSeen: () => void): Promise<boolean> {
    const { sessions, groups, outbox, blobs } = this.#o;
    if (!groups.hasAppliedTo(sender)) throw new CryptoError();
    const welcome = typeof letter.welcome === "string" ? fromBase64Url(letter.welcome) : blobs.get(letter.welcome);
    const roster = readRoster(blobs, letter.roster ?? []);
    if (!welcome || !roster) return false;
    const effects = noEffects();
    const joined = await sessions.join(
      welcome,
      () => undefined,
      (session) => {
        const isExpected = groups.application(session.id)?.to === sender;
        const account = this.#o.devices.accountOf(sender);
        const isByAdmin = sessionInfo(session)?.kind === "group" && sessionAdmins(session).includes(account);
        return isExpected && isByAdmin ? { conversation: session.id } : null;
      },
      (session) => {
        markSeen();
        outbox.owe({ messageId: letter.id, to: sender, read: false });
        this.#noteRoster(session.id, roster);
        const isReturn = this.#o.groups.get(session.id)?.joined ?? false;
        this.#enroll(session, effects);
        groups.apply({ group: session.id, to: sender, name: this.#row(session.id).name });
        const own = this.#o.identity.publicKey;
        if (!isReturn) addNotice(this.#o, session.id, sender, { what: "joined", account: own }, effects);
        this.#introduce(this.#row(session.id));
      },
    );
    if (joined === null) throw new CryptoError();
    this.#o.announce(effects);
    this.#wakeAll(this.#row(joined).members.map(({ device }) => device));
    return true;
  }

  /** Another device of ours brought us into a group; call inside the transaction that stores its session. */
  enrollDevice(session: Session, roster: readonly Profile[], effects: Effects): void {
    this.#noteRoster(session.id, roster);
    this.#enroll(session, effects);
    this.#introduce(this.#row(session.id));
  }

  /** Puts devices of ours into a group, or takes them out. */
  changeDevices(id: string, changes: Pick<Changes, "add" | "remove">, also: () => void): Promise<void> {
    return this.#commit(id, changes, also);
  }

  /** A member says that we write in an epoch that lost; we stop, until somebody adds us again. */
  async ledAstray(sender: string, { session: id, epoch }: AstrayLetter, markSeen: () => void): Promise<void> {
    const { sessions, vault, clock } = this.#o;
    const session = sessions.read(id);
    const state = session?.epochs.get(epoch)?.state;
    const isMember = (state ? membersOf(state) : []).some(({ device }) => device === sender);
    if (isMember) await sessions.update(id, (current) => leaveAstray(current, epoch, clock.nowMs()));
    const effects = noEffects();
    vault.transaction(() => {
      markSeen();
      const after = sessions.read(id);
      if (isMember && after) this.follow(after, this.#o.devices.accountOf(sender), effects);
    });
    this.#o.announce(effects);
  }

  /** A member's device tells who he is and where it is; call inside a transaction. */
  profile(group: string, account: string, device: string, letter: ProfileLetter, effects: Effects): void {
    const { devices, groups } = this.#o;
    const { relays, hybridPublicKey = null } = letter;
    const name = cleanName(letter.name);
    if (device === account)
      groups.updatePerson(group, account, { name, relays, ...(hybridPublicKey && { hybridPublicKey }) });
    else {
      groups.updatePerson(group, account, { name });
      devices.place(device, relays, hybridPublicKey);
    }
    effects.conversations.add(group);
  }

  /** A member wants to go; call inside a transaction. */
  farewell(session: Session, account: string, letter: FarewellLetter): void {
    const { groups, clock } = this.#o;
    const row = groups.get(session.id);
    const said: Farewell = { account, leaf: letter.leaf, signature: fromBase64Url(letter.signature) };
    if (!row || !isGenuine(said, session.id, sessionMembers(session))) return;
    const others = row.farewells.filter((known) => known.account !== account);
    const farewell = { account, leaf: letter.leaf, signature: letter.signature, atMs: clock.nowMs() };
    groups.update(row.id, { farewells: [...others, farewell].slice(-SESSION_LIMITS.farewells) });
  }

  /** The session has another head: brings the book in step with it, with notices; call inside a transaction. */
  follow(session: Session, by: string, effects: Effects): void {
    followSession(this.#o, session, by, effects);
  }

  // What is under way

  /** Asks to be let in again where the session was lost: it is in no backup. */
  async resume(): Promise<void> {
    const { groups, sessions, vault, identity } = this.#o;
    for (const row of groups.list()) {
      const admin = row.admins.find((account) => account !== identity.publicKey);
      // A linked device is brought in again by the main one.
      if (!row.joined || sessions.get(row.id) || admin === undefined || !this.#o.devices.isMain) continue;
      if (groups.application(row.id)?.again) continue;
      const keyPackage = await sessions.keyPackage();
      vault.transaction(() => {
        groups.apply({ group: row.id, to: admin, name: row.name, again: true });
        this.#apply(row.id, admin, keyPackage, null);
      });
      this.#o.wake(admin);
    }
  }

  /** Lets in everybody who may come in, all at once. */
  admit(id: string): Promise<void> {
    const under = this.#admitting.get(id) ?? Promise.resolve();
    const run = under.then(() => this.#admitNow(id));
    const settled = run.catch(() => {});
    this.#admitting.set(id, settled);
    return run;
  }

  /** Carries out farewells when it is our turn. */
  async dismiss(): Promise<void> {
    const { groups, clock } = this.#o;
    for (const row of groups.list()) {
      if (!row.joined || row.farewells.length === 0) continue;
      const order = [...row.admins, ...accountsOf(row).filter((account) => !row.admins.includes(account))];
      const leaving = row.farewells.map(({ account }) => account);
      const turn = order.filter((account) => !leaving.includes(account)).indexOf(this.#o.identity.publicKey);
      const due = row.farewells.filter(({ atMs }) => atMs + turn * GROUP_LIMITS.farewellTurnMs <= clock.nowMs());
      const gone = row.members.filter(({ account }) => due.some((farewell) => farewell.account === account));
      if (turn < 0 || gone.length === 0) continue;
      const signed = due.map(({ account, leaf, signature }) => ({
        account,
        leaf,
        signature: fromBase64Url(signature),
      }));
      await this.#commit(row.id, { remove: gone, farewells: encodeFarewells(signed) });
    }
  }

  /** Tells all groups where we are now. */
  announceProfile(): void {
    const { groups, vault } = this.#o;
    const joined = groups.list().filter((row) => row.joined);
    vault.transaction(() => {
      for (const row of joined) this.#introduce(row);
    });
    for (const row of joined) this.#wakeAll(row.members.map(({ device }) => device));
  }

  async #admitNow(id: string): Promise<void> {
    const { groups } = this.#o;
    const row = groups.get(id);
    if (!row || !groups.isAdmin(row)) return;
    const waiting = groups.people(id).filter(({ application }) => application?.approved);
    const room = SESSION_LIMITS.members - accountsOf(row).length;
    const arriving = waiting.slice(0, Math.max(0, room));
    if (arriving.length === 0) return;
    const add = arriving.map(({ application }) => fromBase64Url(application?.keyPackage ?? ""));
    // Who applies again has lost his state, and is replaced.
    const remove = row.members.filter(({ account }) => arriving.some((person) => person.account === account));
    await this.#commit(id, { add, remove }, () => {
      for (const { account, application } of arriving) {
        const admittedWith = application?.keyPackage ?? null;
        groups.updatePerson(id, account, { application: null, invited: false, admittedWith });
      }
    });
  }

  /** The way in for whom a commit added, in the words of `Welcomes.post`. */
  postWelcome(committed: Committed): () => Promise<void> {
    const row = this.#o.groups.get(committed.session.id);
    return this.#o.welcomes.post(committed, row ? rosterOf(this.#o, row) : []);
  }

  /** `changes` are made from the info of the head, so that none of somebody else's is taken back. */
  async #commit(
    id: string,
    changes: Changes | ((info: GroupInfo, session: Session) => Changes),
    also: () => void = () => {},
  ): Promise<void> {
    const { sessions, keeper, announce, identity } = this.#o;
    const effects = noEffects();
    const before = this.#row(id);
    const after: { post: () => Promise<void> } = { post: async () => {} };
    const made = (session: Session) =>
      typeof changes === "function" ? changes(this.#infoOf(session), session) : changes;
    await sessions.commit(id, made, (committed) => {
      keeper.post(id, committed);
      this.follow(committed.session, identity.publicKey, effects);
      also();
      after.post = this.postWelcome(committed);
    });
    announce(effects);
    await after.post();
    this.#wakeAll([...before.members, ...this.#row(id).members].map(({ device }) => device));
  }

  #noteRoster(group: string, roster: readonly Profile[]): void {
    const { groups, heard } = this.#o;
    for (const { account, name, relays, hybridPublicKey, n } of roster) {
      const known = hybridPublicKey === undefined ? {} : { hybridPublicKey };
      groups.updatePerson(group, account, { name: cleanName(name), relays, ...known });
      heard.note(placeOf(group, account), n);
    }
  }

  #introduce(row: GroupRow): void {
    const { identity, ownName, ownRelays, clock } = this.#o;
    const relays = ownRelays().slice(0, MESSAGE_LIMITS.inviteRelays);
    const hybridPublicKey = toBase64Url(identity.hybrid.publicKey);
    this.#say(row, { ...letterHead(clock.nowMs()), kind: "profile", name: ownName(), relays, hybridPublicKey });
  }

  /** A letter to all other members, through the session. */
  #say(row: GroupRow, letter: Letter): void {
    const { groups, outbox } = this.#o;
    for (const to of groups.others(row)) {
      outbox.add({ id: letter.id, to, content: { profile: "hidden", letter, group: row.id } });
    }
  }

  #invite(group: string, name: string, who: readonly string[]): void {
    const { groups, outbox, clock } = this.#o;
    for (const account of who) {
      groups.updatePerson(group, account, { invited: true });
      const letter = { ...letterHead(clock.nowMs()), kind: "invitation", group, name } as const;
      outbox.add({ id: letter.id, to: account, content: { profile: "hidden", letter } });
    }
  }

  #apply(group: string, to: string, keyPackage: Uint8Array, proof: string | null): void {
    const { outbox, introduce, clock } = this.#o;
    const letter = {
      ...letterHead(clock.nowMs()),
      kind: "application",
      group,
      ...introduce(),
      keyPackage: toBase64Url(keyPackage),
      ...(proof === null ? {} : { proof }),
    } as const;
    outbox.add({ id: letter.id, to, content: { profile: "hidden", letter } });
  }

  #mayApply(row: GroupRow, sender: string, { proof }: ApplicationLetter): boolean {
    const { groups } = this.#o;
    const person = groups.person(row.id, sender);
    if (person.invited || accountsOf(row).includes(sender)) return true;
    const waiting = groups.people(row.id).filter(({ application }) => application !== null).length;
    if (row.linkSecret === null || proof === undefined || waiting >= GROUP_LIMITS.applications) return false;
    return proof === groupProof(fromBase64Url(row.linkSecret), row.id, sender);
  }

  /** A session's group enters the book; call inside a transaction. */
  #enroll(session: Session, effects: Effects): void {
    const { groups, conversations, identity } = this.#o;
    const info = sessionInfo(session);
    if (!info) throw new CryptoError();
    const known = groups.get(session.id);
    groups.put({
      id: session.id,
      name: info.name,
      admins: sessionAdmins(session),
      members: sessionMembers(session).map(({ account, device }) => ({ account, device })),
      joined: true,
      sinceMs: this.#o.clock.nowMs(),
      lastSent: known?.lastSent ?? 0,
      linkSecret: known?.linkSecret ?? null,
      farewells: [],
    });
    conversations.update(session.id, { kind: "group", name: info.name });
    groups.updatePerson(session.id, identity.publicKey, {});
    effects.conversations.add(session.id);
  }

  #requireContact(account: string): void {
    const contact = this.#o.contacts.get(account);
    if (contact?.state === "accepted" && contact.profile === "hidden") return;
    throw new ValidationError(
      "not_a_contact",
      "Only contacts who accepted you, and use Nocturne, can be asked to come.",
      {
        hint: "Others can join with the group's link.",
      },
    );
  }

  /** Of the head, which may be ahead of the book. */
  #infoOf(session: Session): GroupInfo {
    const info = sessionInfo(session);
    if (!info) throw notMember();
    if (!sessionAdmins(session).includes(this.#o.identity.publicKey)) throw adminNeeded();
    return info;
  }

  #row(id: string): GroupRow {
    const row = this.#o.groups.get(id);
    if (!row) throw unknownGroup();
    return row;
  }

  #memberOf(id: string): GroupRow {
    const row = this.#row(id);
    if (!row.joined) throw notMember();
    return row;
  }

  #adminOf(id: string): GroupRow {
    const row = this.#memberOf(id);
    if (!this.#o.groups.isAdmin(row)) throw adminNeeded();
    return row;
  }

  #wakeAll(devices: readonly string[]): void {
    for (const device of new Set(devices)) this.#o.wake(device);
  }
}

export function accountsOf({ members }: Pick<GroupRow, "members">): string[] {
  return [...new Set(members.map(({ account }) => account))];
}

function checkName(name: string): string {
  const clean = cleanName(name);
  if (clean !== "") return clean;
  throw new ValidationError("bad_name", "A name needs at least one visible character.");
}

function isKeyPackageOf(encoded: string, account: string): boolean {
  try {
    return readKeyPackage(fromBase64Url(encoded)).account === account;
  } catch {
    return false;
  }
}
