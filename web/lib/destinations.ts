/** Where the switcher can go: people one talks to first, then other contacts, then scenes. */
import type { Contact, Conversation } from "../../src/api/contract.ts";
import { contactOf, shownConversations } from "./conversation-list.ts";
import { fold } from "./fold.ts";

export interface Destination {
  readonly href: string;
  readonly name: string;
  /** Of a conversation: its id, from which its sign is drawn. */
  readonly npub?: string;
}

const PLACES: readonly Destination[] = [
  { href: "/chats", name: "Chats" },
  { href: "/requests", name: "Message requests" },
  { href: "/groups/new", name: "New group" },
  { href: "/groups/join", name: "Join a group" },
  { href: "/contacts", name: "Contacts" },
  { href: "/contacts/add", name: "Add a contact" },
  { href: "/invite", name: "Invite someone" },
  { href: "/channels", name: "Channels" },
  { href: "/join", name: "Join a channel" },
  { href: "/files", name: "Files" },
  { href: "/mesh", name: "Storage mesh" },
  { href: "/links", name: "Links" },
  { href: "/personas", name: "Personas" },
  { href: "/network", name: "Network and Tor" },
  { href: "/agents", name: "Agents" },
  { href: "/settings", name: "Settings" },
  { href: "/settings/relays", name: "Relays" },
  { href: "/settings/devices", name: "Devices" },
  { href: "/settings/security", name: "Passphrase and lock" },
  { href: "/settings/recovery-key", name: "Recovery key" },
  { href: "/settings/shares", name: "Shares of the recovery key" },
];

/** The scenes that a persona has, too. */
const OF_PERSONAS = /^\/(chats|requests|groups|contacts|invite|personas)/;

/** Contacts without a conversation follow those with one; nobody stands there twice. */
export function destinationsOf(
  conversations: readonly Conversation[],
  contacts: readonly Contact[],
  asPersona: boolean,
): Destination[] {
  const people = new Map<string, Destination>();
  const add = ({ npub, name, state }: Contact): void => {
    if (state === "accepted" || state === "pending") people.set(npub, { href: `/chats/${npub}`, name, npub });
  };
  for (const conversation of shownConversations(conversations)) {
    const contact = contactOf(conversation);
    if (contact) add(contact);
    else
      people.set(conversation.id, {
        href: `/chats/${conversation.id}`,
        name: conversation.name,
        npub: conversation.id,
      });
  }
  for (const contact of contacts) if (!people.has(contact.npub)) add(contact);
  const places = asPersona ? PLACES.filter(({ href }) => OF_PERSONAS.test(href)) : PLACES;
  return [...people.values(), ...places];
}

/** Those whose name begins with what is typed, then those that contain it. */
export function matching<D extends Pick<Destination, "name">>(destinations: readonly D[], typed: string): D[] {
  const wanted = fold(typed.trim());
  const beginning = destinations.filter(({ name }) => fold(name).startsWith(wanted));
  const containing = destinations.filter((one) => fold(one.name).includes(wanted) && !beginning.includes(one));
  return [...beginning, ...containing];
}
