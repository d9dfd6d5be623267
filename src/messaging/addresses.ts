/**
 * Where and how a device is written to: of contacts, of members of groups who need not be contacts, and one's own.
 */

import type { Rooms } from "./composer.ts";
import type { ContactBook } from "./contact-book.ts";
import type { DeviceBook } from "./device/device-book.ts";
import type { GroupBook } from "./group-book.ts";

export interface Address {
  /** Of the device, hex; a main device is called by its account's key. */
  readonly publicKey: string;
  /** Whose device it is, hex. */
  readonly account: string;
  /** base64url; null while unknown. */
  readonly hybridPublicKey: string | null;
  /** Empty while unknown. */
  readonly relays: readonly string[];
  /** False for a member of a group who has not said yet where he is: what he is to get waits. */
  readonly placed: boolean;
  /** A contact with whom both sides agreed: content goes through the session only. */
  readonly accepted: boolean;
  /** False for blocked people and changed cards: then only what a group needs is sent. */
  readonly open: boolean;
}

export class Addresses {
  readonly #contacts: ContactBook;
  readonly #groups: GroupBook;
  readonly #devices: DeviceBook;

  constructor({ contacts, groups, devices }: Pick<Rooms, "contacts" | "groups" | "devices">) {
    this.#contacts = contacts;
    this.#groups = groups;
    this.#devices = devices;
  }

  /** Null for a device of which nothing is known. */
  of(device: string): Address | null {
    const own = this.#devices.ownDevice(device);
    if (own) {
      const { relays, hybridPublicKey, revoked } = own;
      // A revoked one is still told that it is.
      return {
        publicKey: device,
        account: this.#devices.account,
        hybridPublicKey,
        relays,
        placed: true,
        accepted: true,
        open: !revoked,
      };
    }
    const linked = this.#devices.other(device);
    const account = this.#ofAccount(linked?.account ?? device);
    if (!linked || !account) return account;
    const relays = linked.relays.length > 0 ? linked.relays : account.relays;
    return { ...account, publicKey: device, hybridPublicKey: linked.hybridPublicKey, relays };
  }

  #ofAccount(account: string): Address | null {
    const contact = this.#contacts.get(account);
    const place = this.#groups.placeOf(account);
    if (!contact && !place) return null;
    const relays = [contact?.card?.relays, contact?.relays, place?.relays].find((known) => (known?.length ?? 0) > 0);
    return {
      publicKey: account,
      account,
      hybridPublicKey: contact?.card?.hybridPublicKey ?? place?.hybridPublicKey ?? null,
      relays: relays ?? [],
      placed: relays !== undefined || contact !== null,
      accepted: contact?.state === "accepted",
      open: !contact || (contact.state !== "blocked" && contact.changedCard === null),
    };
  }
}
