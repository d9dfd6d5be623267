/** What faces may ask of the account's devices, while the vault is open. */

import type { Desk } from "../desk.ts";
import type { DeviceLinkView, DeviceView, JoinAccount } from "../views.ts";
import type { MessengerOptions } from "../messenger-options.ts";
import { adoptGrant } from "./adopt.ts";
import { hasDevices, notEmpty, oneDeviceOnly } from "./device-errors.ts";
import type { LinkGrant } from "./pairing.ts";

type DeviceDeskOptions = Pick<MessengerOptions, "vault" | "linkTo" | "ownRelays" | "clock">;

export class DeviceDesk {
  readonly #o: DeviceDeskOptions;
  readonly #desk: () => Desk;

  /** `desk` throws LockedError while the vault is locked. */
  constructor(options: DeviceDeskOptions, desk: () => Desk) {
    this.#o = options;
    this.#desk = desk;
  }

  /** The devices of this account, the main one first. */
  list(): DeviceView[] {
    return this.#desk().ownDevices.list();
  }

  /** A link that brings in one device. Throws PolicyError `main_device_only`, ValidationError `too_many_devices`. */
  createLink(): DeviceLinkView {
    if (!this.#o.linkTo) throw oneDeviceOnly();
    return this.#desk().ownDevices.createLink();
  }

  /**
   * Asks to become a device of the account that made the link; `adopt` then makes it one. Throws ValidationError
   * `not_empty`, and what `Linking.ask` does.
   */
  async ask({ link, name, relay }: JoinAccount, signal: AbortSignal): Promise<LinkGrant> {
    const { contacts, devices, groups, linking } = this.#desk();
    if (!this.#o.linkTo) throw oneDeviceOnly();
    if (devices.isMain && devices.siblings().length > 0) throw hasDevices();
    if (contacts.list().length + groups.list().length > 0) throw notEmpty();
    return linking.ask(link, name, relay ?? null, signal);
  }

  /** Takes over what was granted, while the messenger is stopped. */
  adopt(grant: LinkGrant): void {
    const { vault, linkTo, ownRelays, clock } = this.#o;
    if (!linkTo) throw oneDeviceOnly();
    adoptGrant(vault, linkTo, grant, ownRelays(), clock.nowMs());
  }

  /** Takes a device, by id or name, out of the account. Throws PolicyError `main_device_only`, ValidationError `unknown_device`. */
  async revoke(who: string): Promise<void> {
    await this.#desk().ownDevices.revoke(who);
  }

  /** Throws PolicyError `has_devices` unless this is the account's only device: its key is what the others are certified by. */
  requireAlone(): void {
    if (
      this.#desk()
        .devices.own()
        .some(({ revoked }) => !revoked)
    )
      throw hasDevices();
  }

  /** Tells the other devices of what was set here. */
  noteSettings(): void {
    this.#desk().deviceSync.saySettings();
  }
}

/** Brings all sessions in step with the list of devices, and gives new devices what they lack. */
export async function keepDevices({
  devices,
  deviceKeeper,
  deviceSync,
  historyWriter,
  ownDevices,
}: Desk): Promise<void> {
  await deviceKeeper.reconcile();
  const session = deviceKeeper.ownSession();
  if (!session || !devices.isMain) return;
  for (const { device, needsHistory } of devices.siblings()) {
    if (!needsHistory || !deviceKeeper.isIn(session.id, device)) continue;
    await historyWriter.give(device, (items, only) => deviceSync.say(items, only));
    ownDevices.tellChanged();
  }
}
