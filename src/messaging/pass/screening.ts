/**
 * Who may write to us first. What comes from people whom we do not know is looked at before anything of it is kept,
 * shown, fetched or answered (NEP-17):
 *
 *   known        a contact, a device of ours, a member or guest of a group; not who only asks to come into one
 *   invited      shows the proof of an invite of ours, or of a group's link
 *   paid         shows work for us, of now, as much as we demand
 *   otherwise    dropped: nothing is written, nothing is said; it is counted
 */

import { isPaid } from "./work.ts";
import type { ContactBook } from "../contact-book.ts";
import type { DeviceBook } from "../device/device-book.ts";
import type { GroupBook } from "../group-book.ts";
import type { ApplicationLetter } from "../letter.ts";
import type { OpenedLetter } from "../sealed-letter.ts";

export interface ScreeningOptions {
  readonly contacts: ContactBook;
  readonly devices: DeviceBook;
  readonly groups: GroupBook;
  /** True when `proof` was made with one of our invites by `guest`. */
  readonly isInvited: (proof: string, guest: string) => boolean;
  /** True for an application with the proof of a group's link, to an admin of that group. */
  readonly mayApply: (sender: string, letter: ApplicationLetter) => boolean;
  /** Hex key of our device. */
  readonly ownKey: string;
  /** Bits; 0 demands nothing. */
  readonly demand: () => number;
  readonly nowMs: () => number;
}

export interface Admission {
  /** He holds an invite of ours. */
  readonly invited: boolean;
}

export class Screening {
  readonly #o: ScreeningOptions;
  #refused = 0;

  constructor(options: ScreeningOptions) {
    this.#o = options;
  }

  /** Letters that were dropped since the vault was opened. */
  get refused(): number {
    return this.#refused;
  }

  /** Null for a letter that is to be dropped without a trace. */
  admit({ sender, letter, pass }: Pick<OpenedLetter, "sender" | "letter" | "pass">): Admission | null {
    const { isInvited, mayApply, ownKey, demand, nowMs } = this.#o;
    const proof = pass?.proof ?? null;
    const invited = proof !== null && isInvited(proof, sender);
    const isFree = invited || demand() === 0 || this.#isKnown(sender);
    if (isFree || (letter.kind === "application" && mayApply(sender, letter))) return { invited };
    const work = pass?.work ?? null;
    if (work !== null && isPaid(work, { from: sender, to: ownKey }, demand(), nowMs())) return { invited };
    this.#refused++;
    return null;
  }

  #isKnown(device: string): boolean {
    const { contacts, devices, groups } = this.#o;
    const account = devices.accountOf(device);
    return devices.isSibling(device) || contacts.get(account) !== null || groups.isKnown(account);
  }
}
