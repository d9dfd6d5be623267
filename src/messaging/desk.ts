/**
 * What the messenger is made of while the vault is open: tables, rules, and two workers at the network, each handed
 * what it needs of the others. Dropped as a whole at the lock.
 */

import { systemTimers } from "../core/clock.ts";
import type { Account } from "../vault/account.ts";
import type { Identity } from "../vault/identity.ts";
import { Addresses } from "./addresses.ts";
import { Annotator } from "./annotator.ts";
import { Blobs } from "./blobs.ts";
import { CardFinder, type CardFinderOptions } from "./card-finder.ts";
import { CellPost } from "./cell/cell-post.ts";
import { Lanes } from "./cell/lanes.ts";
import { Mailbox } from "./cell/mailbox.ts";
import { Collector } from "./collector.ts";
import { Streams } from "./cover/streams.ts";
import type { Rooms } from "./composer.ts";
import { ContactBook } from "./contact-book.ts";
import { ConversationBook } from "./conversation-book.ts";
import { Couriers, type CouriersOptions } from "./courier/couriers.ts";
import { Correspondence } from "./correspondence.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import { EarlyMarks } from "./early-marks.ts";
import { Fetching } from "./fetch/fetching.ts";
import { DeviceBook } from "./device/device-book.ts";
import { DeviceKeeper } from "./device/device-keeper.ts";
import { DeviceSync } from "./device/device-sync.ts";
import { Devices } from "./device/devices.ts";
import { followDevices } from "./device/follow-devices.ts";
import { HistoryReader, HistoryWriter } from "./device/history.ts";
import { Linking } from "./device/linking.ts";
import { SyncRules } from "./device/sync-rules.ts";
import { type Effects, noEffects } from "./effects.ts";
import { Expiry } from "./expiry.ts";
import { forgetContact } from "./forget-contact.ts";
import { GroupBook, type GroupRow } from "./group-book.ts";
import { GroupCorrespondence } from "./group-correspondence.ts";
import { Groups } from "./groups.ts";
import { Handshakes } from "./handshakes.ts";
import { HeardBook, adoptOldNumbers } from "./heard-book.ts";
import { Introductions } from "./introductions.ts";
import { InviteBook } from "./invite-book.ts";
import { MessageStore } from "./message-store.ts";
import type { MessengerOptions } from "./messenger-options.ts";
import { OpenedFrames } from "./opened-frames.ts";
import { Outbox, type OutboxRow } from "./outbox.ts";
import { PublicCard, type PublicCardOptions } from "./public-card.ts";
import { Passes, type PassesOptions } from "./pass/passes.ts";
import { Screening } from "./pass/screening.ts";
import { Reader } from "./reader.ts";
import { Reception } from "./reception.ts";
import { Sealing, type SealingOptions } from "./sealing.ts";
import { SearchIndex } from "./search-index.ts";
import { Sessions, type SessionsOptions } from "./session/sessions.ts";
import { SessionInbox } from "./session-inbox.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { ShareBook } from "./share-book.ts";
import { SnapshotPublisher } from "./snapshot/publisher.ts";
import { TextOrder } from "./text-order.ts";
import { Transcript } from "./transcript.ts";
import { TypingBoard, type TypingListener } from "./typing.ts";
import { Welcomes } from "./welcomes.ts";

export interface Desk extends Rooms {
  readonly identity: Identity;
  readonly streams: Streams;
  readonly fetching: Fetching;
  readonly earlyMarks: EarlyMarks;
  readonly sessions: Sessions;
  readonly handshakes: Handshakes;
  readonly membership: Groups;
  readonly groupCorrespondence: GroupCorrespondence;
  readonly sessionKeeper: SessionKeeper;
  readonly ownDevices: Devices;
  readonly deviceKeeper: DeviceKeeper;
  readonly deviceSync: DeviceSync;
  readonly historyWriter: HistoryWriter;
  readonly linking: Linking;
  readonly introductions: Introductions;
  readonly publicCard: PublicCard;
  readonly cardFinder: CardFinder;
  readonly reader: Reader;
  readonly correspondence: Correspondence;
  readonly couriers: Couriers;
  readonly annotator: Annotator;
  readonly collector: Collector;
  readonly screening: Screening;
  readonly passes: Passes;
  readonly dispatcher: Dispatcher;
  readonly expiry: Expiry;
  readonly search: SearchIndex;
  readonly typing: TypingBoard;
  /** Null for who keeps none: a persona. */
  readonly snapshots: SnapshotPublisher | null;
  /** Of recovery keys, given and kept. */
  readonly shares: ShareBook;
}

/** What the desk tells the messenger, which tells the faces. */
export interface DeskEvents {
  readonly announce: (effects: Effects) => void;
  /** Work that nobody waits for. */
  readonly background: (work: Promise<unknown>) => void;
  readonly sent: (messages: MessageStore, row: OutboxRow) => void;
  readonly typing: TypingListener;
  /** Sessions or devices are not as they were: perhaps something is to be done to bring them in step. */
  readonly devicesMoved: () => void;
}

/** Opens everything; nothing is sent or collected before relays are followed. */
export function openDesk(options: MessengerOptions, events: DeskEvents): Desk {
  const { vault, pool, interopPool, law, clock, log, ownRelays, settings, revokeLink } = options;
  const identity = vault.identity();
  const { publicKey } = identity;
  const nowMs = () => clock.nowMs();
  const rooms = openRooms(vault);
  const earlyMarks = new EarlyMarks(vault);
  const invites = new InviteBook(vault);
  const follow: SessionsOptions["follow"] = (before, after) => {
    followDevices(rooms, before, after);
    events.devicesMoved();
  };
  const { lanes, ...cells } = openCells(options, identity);
  const sessions = new Sessions({ vault, identity, clock, epochs: lanes, follow });
  const transcript = new Transcript({ ...rooms, ownKey: publicKey, earlyMarks, nowMs });
  const order = new TextOrder({ ...rooms, transcript, nowMs });
  const introduce = () => introductions.introduce();
  const correspondence = new Correspondence({
    ...rooms,
    introduce,
    settings,
    transcript,
    order,
    ownKey: publicKey,
    acknowledged: (device, letterId) => shares.noteArrival(device, letterId),
    nowMs,
  });
  const places = { vault, pool, interopPool, clock, ownRelays, ...rooms, addresses: new Addresses(rooms) };
  const introductions: Introductions = new Introductions({ ...places, invites, correspondence, sessions, settings });
  const blobs = new Blobs({ ...places, arrived: () => inward.collector.retryEarly() });
  const outward = openOutward(
    { ...places, ...cells, identity, sessions, lanes, blobs, law, log, introductions },
    events,
  );
  const base = {
    identity,
    sessions,
    blobs,
    introductions,
    correspondence,
    transcript,
    order,
    earlyMarks,
    ...cells,
    ...outward,
  };
  const wake = (to: string) => outward.dispatcher.wake(to);
  const shares: ShareBook = new ShareBook({ ...places, wake });
  const inward = openInward({ ...places, ...base, wake, log, shares }, options, events);
  const search = new SearchIndex(rooms.messages);
  const typing = new TypingBoard(events.typing);
  const shown = { courier: outward.couriers.sending, ownName: () => settings().displayName, nowMs };
  const linkOf = (group: GroupRow) => inward.membership.linkOf(group);
  return {
    ...rooms,
    ...base,
    ...inward,
    ...openCards({ ...places, settings, announce: events.announce, wake }),
    reader: new Reader({ ...rooms, ...shown, linkOf, search, typing, publicKey }),
    annotator: new Annotator({ ...rooms, identity, transcript, revokeLink, nowMs }),
    expiry: new Expiry(rooms.messages),
    search,
    typing,
    shares,
    snapshots: openSnapshots({ ...places, ...cells, log }, options),
  };
}

type SnapshotRooms = Omit<ConstructorParameters<typeof SnapshotPublisher>[0], "source" | "timers">;

function openSnapshots(rooms: SnapshotRooms, { snapshot: source }: MessengerOptions): SnapshotPublisher | null {
  return source ? new SnapshotPublisher({ ...rooms, source, timers: systemTimers }) : null;
}

function openCells(options: MessengerOptions, identity: Identity) {
  const { vault, pool, law, clock } = options;
  const lanes = new Lanes(vault, identity.device);
  const streams = new Streams({ pool, law, clock, timers: systemTimers });
  return {
    lanes,
    streams,
    post: new CellPost({ streams, lanes, clock }),
    mailbox: new Mailbox(lanes, identity),
    fetching: new Fetching({ ...options, timers: systemTimers }),
  };
}

function openCards(parts: PublicCardOptions & CardFinderOptions): Pick<Desk, "publicCard" | "cardFinder"> {
  return { publicCard: new PublicCard(parts), cardFinder: new CardFinder(parts) };
}

type Outward = Pick<Desk, "passes" | "couriers" | "dispatcher"> & { readonly sealing: Sealing };
type AllOutward = SealingOptions & PassesOptions & CouriersOptions & DispatcherOptions;
type MadeOutward = "wake" | "changed" | "sent" | "onSent" | "hasSession" | "interopRelays" | "courier" | "ownKey";
type OutwardParts = Omit<AllOutward, MadeOutward | keyof Outward> & Rooms & Pick<Desk, "introductions">;

/** What lets mail out. */
function openOutward(parts: OutwardParts, events: DeskEvents): Outward {
  const { identity, sessions, messages, introductions } = parts;
  const wake = (to?: string) => dispatcher.wake(to);
  const changed = () => events.announce({ ...noEffects(), contactsChanged: true });
  const passes = new Passes({ ...parts, ownKey: identity.device, changed, wake });
  const sealing = new Sealing({ ...parts, passes, wake });
  const sent = (row: OutboxRow) => events.sent(messages, row);
  const hasSession = (account: string) => sessions.of(account) !== null;
  const couriers = new Couriers({ ...parts, sent, hasSession, wake });
  const interopRelays = (to: string) => introductions.interopRelays(to);
  const dispatcher: Dispatcher = new Dispatcher({
    ...parts,
    sealing,
    interopRelays,
    courier: couriers.sending,
    onSent: sent,
  });
  return { passes, sealing, couriers, dispatcher };
}

function openRooms(vault: Account): Rooms {
  const contacts = new ContactBook(vault);
  return {
    contacts,
    messages: new MessageStore(vault),
    conversations: new ConversationBook(vault, contacts),
    groups: new GroupBook(vault),
    devices: new DeviceBook(vault, vault.identity()),
    heard: openHeard(vault, contacts),
    outbox: new Outbox(vault),
  };
}

function openHeard(vault: Account, contacts: ContactBook): HeardBook {
  const heard = new HeardBook(vault);
  const people = new GroupBook(vault).everybody();
  if (heard.isEmpty) vault.transaction(() => adoptOldNumbers(heard, { contacts: contacts.list(), people }));
  return heard;
}

type Base = Pick<
  Desk,
  "identity" | "sessions" | "introductions" | "correspondence" | "couriers" | "dispatcher" | "earlyMarks"
> &
  Rooms &
  Pick<MessengerOptions, "vault" | "pool" | "interopPool" | "clock" | "log" | "ownRelays"> & {
    readonly mailbox: Mailbox;
    readonly streams: Streams;
    readonly fetching: Fetching;
    readonly sealing: Sealing;
    readonly blobs: Blobs;
    readonly transcript: Transcript;
    readonly order: TextOrder;
    readonly shares: ShareBook;
    readonly wake: (to: string) => void;
  };

type Inward = Pick<
  Desk,
  "collector" | "screening" | "handshakes" | "membership" | "groupCorrespondence" | "sessionKeeper"
> &
  Own;
type Own = Pick<Desk, "ownDevices" | "deviceKeeper" | "deviceSync" | "historyWriter" | "linking">;

/** What takes in mail, and what that sets in motion. */
function openInward(base: Base, options: MessengerOptions, events: DeskEvents): Inward {
  const { vault, identity, introductions, clock, wake } = base;
  const { publicKey } = identity;
  const sessionKeeper = new SessionKeeper({
    ...base,
    made: (committed) => {
      membership.follow(committed.session, publicKey, noEffects());
      return membership.postWelcome(committed);
    },
  });
  const welcomes = new Welcomes({ ...base });
  const membership: Groups = new Groups({
    ...base,
    keeper: sessionKeeper,
    welcomes,
    introduce: () => introductions.introduce(),
    ownName: () => options.settings().displayName,
    announce: events.announce,
  });
  const own = openOwnDevices({ ...base, sessionKeeper, welcomes, membership }, options, events);
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
  const inboxParts = { ...base, ...own, opened: new OpenedFrames(vault), groupCorrespondence, groups: membership };
  const sessionInbox = new SessionInbox(inboxParts);
  const invites = new InviteBook(vault);
  const screening = new Screening({
    ...base,
    isInvited: (proof, guest) => invites.isInvited(proof, publicKey, guest, nowMs()),
    mayApply: (sender, letter) => membership.isApplication(sender, letter),
    ownKey: identity.device,
    demand: () => options.settings().strangerWork,
    nowMs,
  });
  const reception: Reception = new Reception({
    ...base,
    ...own,
    ...events,
    screening,
    sessionInbox,
    sessionKeeper,
    handshakes,
    membership,
    collector: () => collector,
  });
  const collector: Collector = new Collector({
    ...base,
    // Nobody has the key of a linked device but those to whom it speaks in sessions.
    wrapsFor: base.devices.isMain ? publicKey : null,
    handle: (mail, markSeen) => reception.receive(mail, markSeen),
  });
  return { collector, screening, handshakes, membership, groupCorrespondence, sessionKeeper, ...own };
}

/** Several devices of one account, and what they tell each other. */
function openOwnDevices(
  parts: Base & { sessionKeeper: SessionKeeper; membership: Groups; welcomes: Welcomes },
  { adoptSettings, settings, pool }: MessengerOptions,
  events: DeskEvents,
): Own {
  const { introductions } = parts;
  const deviceKeeper = new DeviceKeeper(parts);
  const rules = new SyncRules({ ...parts, adoptSettings, forget: (publicKey) => forgetContact(parts, publicKey) });
  const deviceSync = new DeviceSync({
    ...parts,
    rules,
    history: new HistoryReader({ ...parts, rules }),
    ownSession: () => deviceKeeper.ownSession(),
    settings,
  });
  const ownDevices: Devices = new Devices({
    ...parts,
    deviceKeeper,
    deviceSync,
    linking: () => linking,
    ownName: () => settings().displayName,
    announce: events.announce,
  });
  const linking = new Linking({
    ...parts,
    pool,
    own: parts.sessions.own,
    card: () => introductions.introduce().card,
    admit: (request) => ownDevices.admit(request),
  });
  return {
    ownDevices,
    deviceKeeper,
    deviceSync,
    linking,
    historyWriter: new HistoryWriter({ ...parts, rules, settings }),
  };
}

/** Ends all work; resolves when nothing runs any more. */
export async function closeDesk(desk: Desk): Promise<void> {
  desk.linking.close();
  desk.snapshots?.close();
  desk.passes.close();
  desk.couriers.close();
  desk.collector.close();
  desk.search.close();
  desk.typing.close();
  await desk.dispatcher.close();
  await desk.sessions.idle();
}
