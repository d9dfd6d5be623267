/** What faces may ask of the account's way back: its summary at relays, and shares of the recovery key. */

import { UsageError, ValidationError } from "../core/errors.ts";
import { encodeShare, parseShare } from "../crypto/recovery-share.ts";
import { encodeNpub } from "../nostr/keys.ts";
import type { Desk } from "./desk.ts";
import { mainDeviceOnly } from "./device/device-errors.ts";
import { isoTime } from "./message-view.ts";
import type { KeptShareView, SharesView } from "./views.ts";

export class RecoveryDesk {
  readonly #desk: () => Desk;

  /** `desk` throws LockedError while the vault is locked. */
  constructor(desk: () => Desk) {
    this.#desk = desk;
  }

  /** Leaves a summary at the relays now. Throws what `SnapshotPublisher.publish` throws, PolicyError for a linked device. */
  async publishSummary(): Promise<void> {
    const { devices, snapshots } = this.#desk();
    if (!devices.isMain) throw mainDeviceOnly();
    await snapshots?.publish();
  }

  /** The contacts (hex keys) who may keep a share. Throws ValidationError `unknown_contact`, `keeper_not_accepted`; UsageError `keeper_named_twice`; PolicyError. */
  keepers(names: readonly string[]): string[] {
    const { contacts, devices } = this.#desk();
    if (!devices.isMain) throw mainDeviceOnly();
    const rows = names.map((name) => contacts.find(name));
    if (rows.some(({ state, profile }) => state !== "accepted" || profile !== "hidden")) throw notAccepted();
    const accounts = rows.map(({ publicKey }) => publicKey);
    if (new Set(accounts).size < accounts.length) throw namedTwice();
    return accounts;
  }

  /** Sends the shares of one splitting, as text, to as many accounts. */
  give(need: number, shares: ReadonlyMap<string, string>): void {
    this.#desk().shares.give(need, shares);
  }

  /** Who keeps ours, and for how many people one is kept here; not for whom. */
  shares(): SharesView {
    const { shares, contacts } = this.#desk();
    const given = shares.given();
    const people = given.map(({ account, arrived, underWay }) => {
      const npub = encodeNpub(account);
      return { name: contacts.get(account)?.name ?? npub.slice(0, 12), npub, arrived, underWay };
    });
    const [first] = given;
    return {
      given: first ? { need: first.need, at: isoTime(first.atMs), people } : null,
      kept: shares.keptCount,
    };
  }

  /** The share that a contact gave, for him. Throws ValidationError `unknown_contact`, `no_share_kept`. */
  reveal(who: string): KeptShareView {
    const { shares, contacts } = this.#desk();
    const { publicKey, name } = contacts.find(who);
    const kept = shares.keptFor(publicKey);
    if (!kept) throw noneKept();
    return { name, since: isoTime(kept.atMs), ...encodeShare(parseShare(kept.share)) };
  }
}

function notAccepted(): ValidationError {
  return new ValidationError(
    "keeper_not_accepted",
    "Shares are kept by people who have accepted you, and whom you accepted.",
    {
      hint: "See how far you are: nocturne contact list",
    },
  );
}

function namedTwice(): UsageError {
  return new UsageError("keeper_named_twice", "One person can keep one share only.", { hint: "Name each once." });
}

function noneKept(): ValidationError {
  return new ValidationError("no_share_kept", "You keep no share for this person.");
}
