/**
 * The devices behind accounts.
 *
 *   own     the devices of one's own account, this one included; the main device is called by the account's key
 *   others  linked devices of other people, as sessions show them, and where each is
 *
 * A main device needs no row among the others: it is where its account's card says.
 */

import { DEVICE_LIMITS } from "../../core/limits.ts";
import type { Identity } from "../../vault/identity.ts";
import type { SealedTable } from "../../vault/sealed-table.ts";
import type { Account } from "../../vault/account.ts";
import type { SyncedDevice } from "./sync-item.ts";

/** What the device with the account's keys is called. */
export const MAIN_NAME = "Main device";

export interface OwnDeviceRow extends SyncedDevice {
  /** Key packages of that device, each for one session. */
  readonly stock: readonly StockedPackage[];
  /** How many of ours it asked for and has not been sent yet. */
  readonly wanted: number;
  /** It is still to be given the history. */
  readonly needsHistory: boolean;
}

export interface StockedPackage {
  /** base64url */
  readonly keyPackage: string;
  readonly atMs: number;
}

export interface OtherDeviceRow {
  /** Hex. */
  readonly device: string;
  readonly account: string;
  /** Empty while unknown: then it is sought where its account is. */
  readonly relays: readonly string[];
  /** base64url; null while unknown. */
  readonly hybridPublicKey: string | null;
}

export class DeviceBook {
  readonly #own: SealedTable<OwnDeviceRow>;
  readonly #others: SealedTable<OtherDeviceRow>;
  /** Of this device. */
  readonly account: string;
  readonly device: string;

  constructor(vault: Account, { publicKey, device }: Pick<Identity, "publicKey" | "device">) {
    this.account = publicKey;
    this.device = device;
    this.#own = vault.table<OwnDeviceRow>({ name: "own_devices", key: (row) => row.device });
    this.#others = vault.table<OtherDeviceRow>({
      name: "other_devices",
      key: (row) => row.device,
      indexes: { account: (row) => row.account },
    });
  }

  get isMain(): boolean {
    return this.device === this.account;
  }

  /** All of one's own, revoked ones too; empty before a device was ever linked. */
  own(): OwnDeviceRow[] {
    return this.#own.list();
  }

  ownDevice(device: string): OwnDeviceRow | null {
    return this.#own.get(device);
  }

  /** One's other devices that are in use. */
  siblings(): OwnDeviceRow[] {
    return this.own().filter(({ device, revoked }) => device !== this.device && !revoked);
  }

  isSibling(device: string): boolean {
    const row = device === this.device ? null : this.#own.get(device);
    return row !== null && !row.revoked;
  }

  putOwn(row: SyncedDevice & Partial<OwnDeviceRow>): OwnDeviceRow {
    const known = this.#own.get(row.device) ?? { stock: [], wanted: 0, needsHistory: false };
    const next = { ...known, ...row };
    this.#own.put(next);
    return next;
  }

  removeAllOwn(): void {
    for (const { device } of this.own()) this.#own.delete(device);
  }

  /** Whose device this is; a key that is none of a linked device is an account's own. */
  accountOf(device: string): string {
    if (this.#own.has(device)) return this.account;
    return this.#others.get(device)?.account ?? device;
  }

  /** A linked device of somebody else. */
  other(device: string): OtherDeviceRow | null {
    return this.#others.get(device);
  }

  /** All devices of somebody else that we know, the main one first. */
  devicesOf(account: string): string[] {
    return [account, ...this.#others.find("account", account).map(({ device }) => device)];
  }

  /** A session shows a device of an account; of more than a person may have, the oldest are forgotten. */
  note(device: string, account: string): void {
    if (device === account || account === this.account || this.#others.get(device)?.account === account) return;
    this.#others.put({ device, account, relays: [], hybridPublicKey: null });
    const known = this.#others.find("account", account);
    for (const { device: old } of known.slice(0, Math.max(0, known.length - 2 * DEVICE_LIMITS.devices))) {
      this.#others.delete(old);
    }
  }

  /** A linked device of somebody else says where it is. */
  place(device: string, relays: readonly string[], hybridPublicKey: string | null): void {
    const row = this.#others.get(device);
    if (row) this.#others.put({ ...row, relays, hybridPublicKey: hybridPublicKey ?? row.hybridPublicKey });
  }

  forget(device: string): void {
    this.#others.delete(device);
  }
}
