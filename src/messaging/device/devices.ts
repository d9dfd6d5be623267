/**
 * The devices of one's account: which there are, how one comes and goes, and how it gets into conversations.
 *
 *   main device    holds the account's keys: links and revokes, and is the only one that meets new people
 *   linked device  has keys of its own and the account's word for them; in sessions it is a leaf like any other
 *
 * A linked device never holds the account's keys, so whoever steals one can be shut out for good. Specified in NEP-10.
 */

import { fromBase64Url, toBase64Url } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { CryptoError } from "../../core/errors.ts";
import { DEVICE_LIMITS, MESSAGE_LIMITS } from "../../core/limits.ts";
import type { Identity } from "../../vault/identity.ts";
import type { Account } from "../../vault/account.ts";
import type { Blobs } from "../blobs.ts";
import { cleanName, type ContactBook } from "../contact-book.ts";
import { type Effects, noEffects } from "../effects.ts";
import { readRoster } from "../group-roster.ts";
import type { Groups } from "../groups.ts";
import { type HeardBook, placeOf } from "../heard-book.ts";
import { letterHead, type ProfileLetter, type WelcomeLetter } from "../letter.ts";
import type { Outbox } from "../outbox.ts";
import { type Session, sessionInfo, sessionMembers } from "../session/session.ts";
import { isCertifiedDevice } from "../session/own-device.ts";
import type { Sessions } from "../session/sessions.ts";
import type { DeviceLinkView, DeviceView } from "../views.ts";
import { type DeviceBook, MAIN_NAME } from "./device-book.ts";
import { deviceUnlinked, mainDeviceOnly, ownDevice, tooManyDevices, unknownDevice } from "./device-errors.ts";
import type { DeviceKeeper } from "./device-keeper.ts";
import type { DeviceSync } from "./device-sync.ts";
import type { Linking } from "./linking.ts";
import type { LinkRequest } from "./pairing.ts";

export interface DevicesOptions {
  readonly vault: Account;
  readonly identity: Identity;
  readonly devices: DeviceBook;
  readonly contacts: ContactBook;
  readonly heard: HeardBook;
  readonly sessions: Sessions;
  readonly outbox: Outbox;
  readonly blobs: Blobs;
  readonly membership: Groups;
  readonly deviceKeeper: DeviceKeeper;
  readonly deviceSync: DeviceSync;
  readonly linking: () => Linking;
  readonly ownName: () => string;
  readonly ownRelays: () => readonly string[];
  readonly announce: (effects: Effects) => void;
  readonly wake: (device: string) => void;
  readonly clock: Clock;
}

export class Devices {
  readonly #o: DevicesOptions;

  constructor(options: DevicesOptions) {
    this.#o = options;
  }

  /** The main one first. */
  list(): DeviceView[] {
    const { devices } = this.#o;
    const rows = devices.own().length > 0 ? devices.own() : [this.#selfRow()];
    const views = rows.map((row): DeviceView => {
      const me = row.device === devices.device;
      return {
        id: row.device,
        name: row.name,
        addedAt: new Date(row.addedAtMs).toISOString(),
        main: row.device === devices.account,
        me,
        state: me ? this.#ownState() : row.revoked ? "revoked" : this.#isJoining(row) ? "joining" : "active",
        history: me ? this.#ownHistory() : null,
      };
    });
    return views.sort((a, b) => Number(b.main) - Number(a.main));
  }

  /** Throws PolicyError `main_device_only`, ValidationError `too_many_devices`, NetworkError `no_relay`. */
  createLink(): DeviceLinkView {
    const { devices, linking } = this.#o;
    this.requireMain();
    if (devices.siblings().length + 1 >= DEVICE_LIMITS.devices) throw tooManyDevices();
    return linking().offer();
  }

  /** A device came with a link of ours; false if there are too many. */
  admit({ device, name, hybridPublicKey, relays }: LinkRequest): boolean {
    const { devices, vault, clock } = this.#o;
    const isKnown = devices.accountOf(device) !== device || this.#o.contacts.get(device) !== null;
    if (isKnown || devices.siblings().length + 1 >= DEVICE_LIMITS.devices) return false;
    vault.transaction(() => {
      if (devices.own().length === 0) devices.putOwn(this.#selfRow());
      const addedAtMs = clock.nowMs();
      devices.putOwn({
        device,
        name: this.#freeName(name),
        addedAtMs,
        hybridPublicKey,
        relays,
        revoked: false,
        needsHistory: true,
      });
      this.#o.deviceSync.sayDevices();
    });
    this.tellChanged();
    return true;
  }

  /**
   * Takes a device out of the account: what is written from now on it cannot read. Throws PolicyError `main_device_only`,
   * ValidationError `unknown_device`, `own_device`.
   */
  async revoke(id: string): Promise<void> {
    const { devices, deviceKeeper, deviceSync, outbox, vault } = this.#o;
    this.requireMain();
    const row = devices
      .own()
      .filter(({ revoked }) => !revoked)
      .find(({ device, name }) => device === id || name.toLowerCase() === id.trim().toLowerCase());
    if (!row) throw unknownDevice();
    if (row.device === devices.device) throw ownDevice();
    vault.transaction(() => {
      devices.putOwn({ ...row, revoked: true, stock: [], wanted: 0, needsHistory: false });
      outbox.removeAllTo(row.device);
      deviceSync.sayDevices();
    });
    this.tellChanged();
    await deviceKeeper.reconcile();
  }

  /** The list reads otherwise now. */
  tellChanged(): void {
    this.#o.announce({ ...noEffects(), devicesChanged: true });
  }

  /** Throws PolicyError `device_unlinked` on a device that was revoked or lost its certificate. */
  requireLinked(): void {
    if (this.#ownState() === "unlinked") throw deviceUnlinked();
  }

  /** Throws PolicyError `main_device_only` on a linked device. */
  requireMain(): void {
    if (!this.#o.devices.isMain) throw mainDeviceOnly();
  }

  /**
   * A welcome by another device of ours. False while something is missing that is on its way: the blob, or the contact.
   * Throws CryptoError for one that leads elsewhere than it may.
   */
  async welcomed(sender: string, letter: WelcomeLetter, markSeen: () => void): Promise<boolean> {
    const { heard, sessions, outbox, blobs, membership, announce, wake } = this.#o;
    const welcome = typeof letter.welcome === "string" ? fromBase64Url(letter.welcome) : blobs.get(letter.welcome);
    const roster = readRoster(blobs, letter.roster ?? []);
    if (!welcome || !roster) return false;
    const effects = noEffects();
    const seen = { waits: false };
    const check = (session: Session) => {
      const conversation = this.#conversationOf(session, sender);
      seen.waits = conversation === "unknown";
      return conversation === null || conversation === "unknown" ? null : { conversation };
    };
    const joined = await sessions.join(
      welcome,
      () => undefined,
      check,
      (session) => {
        markSeen();
        outbox.owe({ messageId: letter.id, to: sender, read: false });
        if (sessionInfo(session)?.kind === "group") membership.enrollDevice(session, roster, effects);
        else for (const { account, n } of roster) heard.note(placeOf(account, account), n);
        this.#introduce(session);
      },
    );
    if (seen.waits) return false;
    if (joined === null) throw new CryptoError();
    announce({ ...effects, devicesChanged: true });
    for (const device of this.#othersIn(sessions.read(joined))) wake(device);
    return true;
  }

  /** A linked device, of ours or of somebody else, says where it is; call inside a transaction. */
  placed(device: string, { relays, hybridPublicKey }: ProfileLetter): void {
    const { devices } = this.#o;
    const own = devices.ownDevice(device);
    if (own) devices.putOwn({ ...own, relays, hybridPublicKey: hybridPublicKey ?? own.hybridPublicKey });
    else devices.place(device, relays, hybridPublicKey ?? null);
  }

  /** Tells everybody in direct sessions and our other devices where this linked device is now. */
  announcePlace(): void {
    const { devices, sessions, vault } = this.#o;
    const rows = devices.isMain ? [] : sessions.list().filter(({ kind }) => kind !== "group");
    vault.transaction(() => {
      for (const { id } of rows) {
        const session = sessions.read(id);
        if (session) this.#introduce(session);
      }
      if (devices.isMain && devices.own().length > 0) {
        devices.putOwn({ ...this.#selfRow(), name: devices.ownDevice(devices.device)?.name ?? MAIN_NAME });
        this.#o.deviceSync.sayDevices();
      }
    });
  }

  /** Where a session belongs that another device of ours brings us into; "unknown" until its contact is known here. */
  #conversationOf(session: Session, sender: string): string | null {
    const { devices, contacts } = this.#o;
    const info = sessionInfo(session);
    const members = sessionMembers(session);
    if (!members.some(({ account, device }) => device === sender && account === devices.account)) return null;
    if (info?.kind === "group") return session.id;
    // Everything else the main device founds or joins itself.
    if (devices.isMain) return null;
    const others = [...new Set(members.map(({ account }) => account))].filter((account) => account !== devices.account);
    if (info?.kind === "devices") return others.length === 0 ? session.id : null;
    const [contact, ...more] = others;
    if (contact === undefined || more.length > 0) return null;
    return contacts.get(contact)?.state === "accepted" ? contact : "unknown";
  }

  /** Says who and where this device is, to all in a session; in groups Groups does. */
  #introduce(session: Session): void {
    const { identity, ownName, outbox, ownRelays, clock } = this.#o;
    if (sessionInfo(session)?.kind === "group") return;
    const letter = {
      ...letterHead(clock.nowMs()),
      kind: "profile",
      name: cleanName(ownName()),
      relays: ownRelays().slice(0, MESSAGE_LIMITS.inviteRelays),
      hybridPublicKey: toBase64Url(identity.hybrid.publicKey),
    } as const;
    for (const to of this.#othersIn(session)) {
      outbox.add({ id: letter.id, to, content: { profile: "hidden", letter, group: session.id } });
    }
  }

  #othersIn(session: Session | null): string[] {
    const members = session ? sessionMembers(session) : [];
    return members.flatMap(({ device }) => (device === this.#o.devices.device ? [] : [device]));
  }

  /** Not in all conversations yet, or without the history: it could not work alone. */
  #isJoining({ device, needsHistory = false }: { readonly device: string; readonly needsHistory?: boolean }): boolean {
    const isMain = device === this.#o.devices.account;
    return !isMain && (needsHistory || !this.#o.deviceKeeper.isInAll(device));
  }

  #ownHistory(): number | null {
    const { devices, deviceSync } = this.#o;
    const has = devices.isMain ? 1 : deviceSync.historyProgress();
    return has < 1 ? has : null;
  }

  #ownState(): DeviceView["state"] {
    const { devices, sessions, deviceKeeper } = this.#o;
    if (devices.isMain) return "active";
    if (devices.ownDevice(devices.device)?.revoked || !isCertifiedDevice(sessions.own)) return "unlinked";
    return deviceKeeper.ownSession() && this.#ownHistory() === null ? "active" : "joining";
  }

  /** This device as it enters the list. */
  #selfRow() {
    const { identity, ownRelays } = this.#o;
    const [first] = identity.devices;
    return {
      device: identity.device,
      name: MAIN_NAME,
      addedAtMs: Date.parse(first?.addedAt ?? new Date(0).toISOString()),
      hybridPublicKey: toBase64Url(identity.hybrid.publicKey),
      relays: ownRelays().slice(0, MESSAGE_LIMITS.inviteRelays),
      revoked: false,
    };
  }

  #freeName(wanted: string): string {
    const base = cleanName(wanted) === "" ? "Linked device" : cleanName(wanted);
    const inUse = this.#o.devices.own().filter(({ revoked }) => !revoked);
    const taken = inUse.map(({ name }) => name.toLowerCase());
    let name = base;
    for (let i = 2; taken.includes(name.toLowerCase()); i++) name = `${base} ${i}`;
    return name;
  }
}
