/**
 * What the messenger is made of while the vault is open: tables, rules, and two workers at the network, each handed
 * what it needs of the others. Dropped as a whole at the lock.
 */

import type { Identity } from "../vault/identity.ts";
import type { Vault } from "../vault/vault.ts";
import { Addresses } from "./addresses.ts";
import { Annotator } from "./annotator.ts";
import { Blobs } from "./blobs.ts";
import { Collector } from "./collector.ts";
import type { Rooms } from "./composer.ts";
import { ContactBook } from "./contact-book.ts";
import { ConversationBook } from "./conversation-book.ts";
import { Correspondence } from "./correspondence.ts";
import { Dispatcher } from "./dispatcher.ts";
import { EarlyMarks } from "./early-marks.ts";
import { type Effects, noEffects } from "./effects.ts";
import { Expiry } from "./expiry.ts";
import { GroupBook, type GroupRow } from "./group-book.ts";
import { GroupCorrespondence } from "./group-correspondence.ts";
import { Groups } from "./groups.ts";
import { Handshakes } from "./handshakes.ts";
import { Introductions } from "./introductions.ts";
import { InviteBook } from "./invite-book.ts";
import { MessageStore } from "./message-store.ts";
import type { MessengerOptions } from "./messenger.ts";
import { OpenedFrames } from "./opened-frames.ts";
import { Outbox, type OutboxRow } from "./outbox.ts";
import { Reader } from "./reader.ts";
import { Reception } from "./reception.ts";
import { Sealing } from "./sealing.ts";
import { SearchIndex } from "./search-index.ts";
import { Sessions } from "./session/sessions.ts";
import { SessionInbox } from "./session-inbox.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { Transcript } from "./transcript.ts";
import { TypingBoard, type TypingListener } from "./typing.ts";

export interface Desk extends Rooms {
  readonly identity: Identity;
  readonly earlyMarks: EarlyMarks;
  readonly sessions: Sessions;
  readonly handshakes: Handshakes;
  readonly membership: Groups;
  readonly groupCorrespondence: GroupCorrespondence;
  readonly sessionKeeper: SessionKeeper;
  readonly introductions: Introductions;
  readonly reader: Reader;
  readonly correspondence: Correspondence;
  readonly annotator: Annotator;
  readonly collector: Collector;
  readonly dispatcher: Dispatcher;
  readonly expiry: Expiry;
  readonly search: SearchIndex;
  readonly typing: TypingBoard;
}

/** What the desk tells the messenger, which tells the faces. */
export interface DeskEvents {
  readonly announce: (effects: Effects) => void;
  /** Work that nobody waits for. */
  readonly background: (work: Promise<unknown>) => void;
  readonly sent: (messages: MessageStore, row: OutboxRow) => void;
  readonly typing: TypingListener;
}

/** Opens everything; nothing is sent or collected before relays are followed. */
export function openDesk(options: MessengerOptions, events: DeskEvents): Desk {
  const { vault, pool, clock, log, ownRelays, settings, revokeLink } = options;
  const identity = vault.identity();
  const { publicKey } = identity;
  const nowMs = () => clock.nowMs();
  const displayName = () => settings().displayName;
  const rooms = openRooms(vault);
  const earlyMarks = new EarlyMarks(vault);
  const invites = new InviteBook(vault);
  const sessions = new Sessions({ vault, identity, clock });
  const transcript = new Transcript({ ...rooms, earlyMarks, nowMs });
  const correspondence = new Correspondence({
    ...rooms,
    transcript,
    ownKey: publicKey,
    introduce: () => introductions.introduce(),
    isInvited: (proof, guest) => invites.isInvited(proof, publicKey, guest, nowMs()),
    invitedOnly: () => settings().invitedOnly,
    nowMs,
  });
  const places = { vault, pool, clock, ownRelays, ...rooms };
  const introductions: Introductions = new Introductions({ ...places, invites, correspondence, sessions, displayName });
  const blobs = new Blobs({ ...places, arrived: () => inward.collector.retryEarly() });
  const sealing = new Sealing({ identity, sessions, blobs, clock });
  const dispatcher: Dispatcher = new Dispatcher({
    ...places,
    sealing,
    addresses: new Addresses(rooms.contacts, rooms.groups),
    log,
    interopRelays: (to) => introductions.interopRelays(to),
    onSent: (row) => events.sent(rooms.messages, row),
  });
  const base = { identity, sessions, sealing, blobs, introductions, correspondence, transcript, dispatcher };
  const inward = openInward({ ...places, ...base, log }, events);
  const search = new SearchIndex(rooms.messages);
  const typing = new TypingBoard(events.typing);
  const linkOf = (group: GroupRow) => inward.membership.linkOf(group);
  return {
    ...rooms,
    ...base,
    ...inward,
    earlyMarks,
    reader: new Reader({ ...rooms, linkOf, search, typing, publicKey, ownName: displayName, nowMs }),
    annotator: new Annotator({ ...rooms, identity, transcript, revokeLink, nowMs }),
    expiry: new Expiry(rooms.messages),
    search,
    typing,
  };
}

function openRooms(vault: Vault): Rooms {
  const contacts = new ContactBook(vault);
  return {
    contacts,
    messages: new MessageStore(vault),
    conversations: new ConversationBook(vault, contacts),
    groups: new GroupBook(vault),
    outbox: new Outbox(vault),
  };
}

type Base = Pick<Desk, "identity" | "sessions" | "introductions" | "correspondence" | "dispatcher"> &
  Rooms &
  Pick<MessengerOptions, "vault" | "pool" | "clock" | "log" | "ownRelays"> & {
    readonly sealing: Sealing;
    readonly blobs: Blobs;
    readonly transcript: Transcript;
  };

/** What takes in mail, and what that sets in motion. */
function openInward(
  base: Base,
  events: DeskEvents,
): Pick<Desk, "collector" | "handshakes" | "membership" | "groupCorrespondence" | "sessionKeeper"> {
  const { vault, identity, introductions, dispatcher, clock } = base;
  const { publicKey } = identity;
  const wake = (to: string) => dispatcher.wake(to);
  const sessionKeeper = new SessionKeeper({
    ...base,
    wake,
    made: ({ session }) => membership.follow(session, publicKey, noEffects()),
  });
  const membership: Groups = new Groups({
    ...base,
    keeper: sessionKeeper,
    introduce: () => introductions.introduce(),
    announce: events.announce,
    wake,
  });
  const nowMs = () => clock.nowMs();
  const groupCorrespondence = new GroupCorrespondence({ ...base, members: () => membership, nowMs });
  const handshakes = new Handshakes({
    ...base,
    sayHello: (contact) => introductions.greet(contact),
    ready: (to) => {
      wake(to);
      collector.retryEarly();
    },
  });
  const inboxParts = { ...base, opened: new OpenedFrames(vault), groupCorrespondence, groups: membership };
  const sessionInbox = new SessionInbox(inboxParts);
  const reception: Reception = new Reception({
    ...base,
    ...events,
    sessionInbox,
    sessionKeeper,
    handshakes,
    membership,
    collector: () => collector,
  });
  const collector: Collector = new Collector({
    ...base,
    publicKey,
    frameOf: (event) => reception.frameOf(event),
    handle: (wrap, markSeen) => reception.receive(wrap, markSeen),
  });
  return { collector, handshakes, membership, groupCorrespondence, sessionKeeper };
}

/** Ends all work; resolves when nothing runs any more. */
export async function closeDesk(desk: Desk): Promise<void> {
  desk.collector.close();
  desk.search.close();
  desk.typing.close();
  await desk.dispatcher.close();
  await desk.sessions.idle();
}
