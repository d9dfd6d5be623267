/**
 * Where the members of a group are: what an admin knows of it travels with a welcome, so that a newcomer can say to all
 * where he is himself.
 */

import { utf8Decode } from "../core/bytes.ts";
import { MESSAGE_LIMITS } from "../core/limits.ts";
import { cardKeysOf, type Identity } from "../vault/identity.ts";
import type { BlobRef, Blobs } from "./blobs.ts";
import { parseCard } from "./card.ts";
import type { Rooms } from "./composer.ts";
import { placeOf } from "./heard-book.ts";
import type { GroupPerson, GroupRow } from "./group-book.ts";
import { type ApplicationLetter, decodeRoster, type Profile } from "./letter.ts";

export interface RosterOptions extends Rooms {
  readonly identity: Identity;
  readonly ownName: () => string;
  readonly ownRelays: () => readonly string[];
}

/** Members whose place we know, ourselves included. */
export function rosterOf(o: RosterOptions, row: GroupRow): Profile[] {
  const accounts = [...new Set(row.members.map(({ account }) => account))];
  return accounts.flatMap((account): Profile[] => {
    if (account === o.identity.publicKey) {
      const relays = o.ownRelays().slice(0, MESSAGE_LIMITS.inviteRelays);
      const { hybridPublicKey } = cardKeysOf(o.identity);
      return [{ account, name: o.ownName(), relays, hybridPublicKey, n: row.lastSent }];
    }
    const contact = o.contacts.get(account);
    const person = o.groups.person(row.id, account);
    const relays = contact?.card?.relays ?? person.relays;
    const name = person.name === "" ? (contact?.name ?? "") : person.name;
    const key = contact?.card?.hybridPublicKey ?? person.hybridPublicKey;
    const n = o.heard.last(placeOf(row.id, account)) ?? 0;
    return relays.length > 0 ? [{ account, name, relays, ...(key !== null && { hybridPublicKey: key }), n }] : [];
  });
}

/** A roster as it came with a welcome; null while it is being fetched. Throws CodecError `bad_letter`. */
export function readRoster(blobs: Blobs, roster: readonly Profile[] | BlobRef): readonly Profile[] | null {
  if (!("secret" in roster)) return roster;
  const bytes = blobs.get(roster);
  return bytes && decodeRoster(utf8Decode(bytes));
}

/** Where an applicant is, by his card if it is his. */
export function placesIn(sender: string, { card }: ApplicationLetter): Pick<GroupPerson, "relays" | "hybridPublicKey"> {
  try {
    const { publicKey, relays, hybridPublicKey } = parseCard(card);
    if (publicKey === sender) return { relays, hybridPublicKey };
  } catch {
    // as good as none
  }
  return { relays: [], hybridPublicKey: null };
}
