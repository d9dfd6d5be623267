/**
 * Which relays are to be reached by Tor because a conversation demands it.
 *
 *   conversation -> contact or members -> their devices -> relays of each
 *
 * Others may use one of these relays too: a relay has one connection, and the more careful conversation decides.
 */
import { Addresses } from "./addresses.ts";
import type { ContactBook } from "./contact-book.ts";
import type { ConversationBook } from "./conversation-book.ts";
import type { DeviceBook } from "./device/device-book.ts";
import type { GroupBook } from "./group-book.ts";
import type { Reader } from "./reader.ts";

interface Rooms {
  readonly conversations: ConversationBook;
  readonly groups: GroupBook;
  readonly devices: DeviceBook;
  readonly contacts: ContactBook;
  readonly reader: Reader;
}

/** Names of the conversations by relay URL. */
export function demandedRelays(rooms: Rooms): Map<string, string[]> {
  const { conversations, groups, devices, reader } = rooms;
  const addresses = new Addresses(rooms);
  const found = new Map<string, string[]>();
  for (const { id, kind, name } of conversations.hidden()) {
    const group = kind === "group" ? groups.get(id) : null;
    const people = group ? groups.others(group) : kind === "direct" ? devices.devicesOf(id) : [];
    const called = kind === "direct" ? reader.nameOf(id) : name;
    const relays = new Set(people.flatMap((device) => addresses.of(device)?.relays ?? []));
    for (const url of relays) found.set(url, [...(found.get(url) ?? []), called]);
  }
  return found;
}
