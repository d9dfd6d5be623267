/** Where and how somebody is written to: contacts, and members of groups who need not be contacts. */

import type { ContactBook } from "./contact-book.ts";
import type { GroupBook } from "./group-book.ts";

export interface Address {
  /** Hex. */
  readonly publicKey: string;
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

  constructor(contacts: ContactBook, groups: GroupBook) {
    this.#contacts = contacts;
    this.#groups = groups;
  }

  /** Null for somebody of whom nothing is known. */
  of(publicKey: string): Address | null {
    const contact = this.#contacts.get(publicKey);
    const place = this.#groups.placeOf(publicKey);
    if (!contact && !place) return null;
    const relays = [contact?.card?.relays, contact?.relays, place?.relays].find((known) => (known?.length ?? 0) > 0);
    return {
      publicKey,
      hybridPublicKey: contact?.card?.hybridPublicKey ?? place?.hybridPublicKey ?? null,
      relays: relays ?? [],
      placed: relays !== undefined || contact !== null,
      accepted: contact?.state === "accepted",
      open: !contact || (contact.state !== "blocked" && contact.changedCard === null),
    };
  }
}
