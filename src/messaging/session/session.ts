/**
 * One conversation on one device: a tree of MLS epochs, because nobody orders the commits of people who meet only now
 * and then. Pure: every function returns the next value; storing and sending are done elsewhere.
 *
 *   e0 -- e1 -- e2 -- e3          head: of competing commits the lowest rank wins, at each fork from the oldest on
 *           \-- e2' -- e3'        superseded: messages of these are still read, and nothing is sent there
 *
 *   rank  0 if the commit removes somebody, else 1; then the commit's id, which is signed
 *
 * All devices end at the same head once all have the same commits, in whatever order these came. A removal beats what
 * was committed at the same time, so that nobody can outrun his own removal. A change of ours that lost is committed
 * again on the head (`intents`). Superseded epochs are forgotten after SESSION_LIMITS.retentionMs: until then a thief of
 * this device could open what was sealed since the oldest of them, afterwards not. Specified in NEP-08.
 */

import { toHex } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import type { DeviceName } from "./device.ts";
import { type Changes, isCommit, makeCommit, takeCommit } from "./commit.ts";
import { readFarewells } from "./farewell.ts";
import { adminsOf, type GroupInfo, isAllowed } from "./group-info.ts";
import {
  createGroup,
  epochIdOf,
  epochNumberOf,
  groupIdOf,
  infoOf,
  join,
  type Member,
  membersOf,
  type MlsState,
  open,
  ownLeafOf,
  type OwnKeyPackage,
  readKeyPackage,
  seal,
} from "./mls.ts";

export interface Epoch {
  /** 32 hex characters. */
  readonly id: string;
  /** Null for the first one that this device knows. */
  readonly parent: string | null;
  readonly number: number;
  /** Of competing epochs the one with the lowest rank counts. */
  readonly rank: string;
  /** Id of the commit that led here; null where we began. */
  readonly commit: string | null;
  /** Device of the committer; null where we began. */
  readonly by: string | null;
  readonly sinceMs: number;
  /** Messages sealed and opened here. */
  readonly messages: number;
  /** When renewing the keys became due; null while it is not. */
  readonly dueMs: number | null;
  /** Since when another epoch is the head; null for the head. */
  readonly leftMs: number | null;
  /** Null when the commit removed this device. */
  readonly state: MlsState | null;
  /** Where we began, and others say that it lost against a commit that we cannot know. */
  readonly astray: boolean;
}

/** A change that we committed, kept until no competing commit can undo it any more. */
export interface Intent {
  /** The epoch that it made. */
  readonly epoch: string;
  readonly add: readonly Uint8Array[];
  readonly remove: readonly DeviceName[];
  /** What of the info it changed, and only that: the rest may be changed by others meanwhile. */
  readonly info: InfoChange | null;
  readonly farewells: Uint8Array;
}

export interface InfoChange {
  /** Null: not changed. */
  readonly name: string | null;
  readonly appointed: readonly string[];
  readonly dismissed: readonly string[];
}

export interface Session {
  /** 32 hex characters. */
  readonly id: string;
  /** This device. */
  readonly device: string;
  readonly head: string;
  readonly epochs: ReadonlyMap<string, Epoch>;
  readonly intents: readonly Intent[];
}

/** Something sealed for the members of one epoch. */
export interface Outgoing {
  readonly epoch: string;
  readonly message: Uint8Array;
  /** All devices of that epoch but this one. */
  readonly to: readonly Member[];
}

export interface Committed {
  readonly session: Session;
  readonly commit: Outgoing;
  /** For the added devices; null if nobody was added. */
  readonly welcome: { readonly bytes: Uint8Array; readonly to: readonly DeviceName[] } | null;
}

/** `astray`: the device that wrote there, and should be told that it is in no epoch that counts (`leaveAstray`). */
export type Received =
  | {
      readonly kind: "content";
      readonly content: Uint8Array;
      readonly sender: Member;
      readonly epoch: string;
      readonly astray: string | null;
    }
  /** A commit was taken in. */
  | {
      readonly kind: "commit";
      readonly by: string;
      readonly account: string;
      readonly astray: string | null;
    }
  /** Known already. */
  | { readonly kind: "duplicate"; readonly by: string }
  /** A commit that its author had no right to, or one too many. */
  | { readonly kind: "refused" };

const NO_BYTES = new Uint8Array(0);

/** A conversation of this device alone. `groupId` has 16 bytes. */
export async function createSession(
  groupId: Uint8Array,
  device: string,
  own: OwnKeyPackage,
  info: GroupInfo,
  nowMs: number,
): Promise<Session> {
  const first = firstEpoch(await createGroup(groupId, own, info), nowMs);
  return { id: toHex(groupId), device, head: first.id, epochs: new Map([[first.id, first]]), intents: [] };
}

/**
 * The conversation that a welcome leads to. With `session`, the same conversation joined once more, because the first
 * welcome led to an epoch that lost. Throws CryptoError.
 */
export async function joinSession(
  session: Session | null,
  device: string,
  welcome: Uint8Array,
  own: OwnKeyPackage,
  nowMs: number,
  psk?: Uint8Array,
): Promise<Session> {
  const state = await join(welcome, own, psk);
  const first = firstEpoch(state, nowMs);
  if (!session) {
    return { id: groupIdOf(state), device, head: first.id, epochs: new Map([[first.id, first]]), intents: [] };
  }
  if (session.id !== groupIdOf(state)) throw new CryptoError();
  return session.epochs.has(first.id) ? session : withEpochs(session, [first], nowMs);
}

/** Content for all other devices of the head. Store the session before the message leaves. Throws CryptoError when removed. */
export async function sealContent(
  session: Session,
  content: Uint8Array,
  nowMs: number,
): Promise<{ session: Session; outgoing: Outgoing }> {
  const head = headOf(session);
  const { state, message } = await seal(stateOf(head), content);
  const outgoing = { epoch: head.id, message, to: othersIn(session, state) };
  return { session: withEpochs(session, [counted({ ...head, state }, nowMs)], nowMs), outgoing };
}

/** Takes in a message that was sealed in `epoch`. Throws CryptoError for forged, altered and repeated ones. */
export async function receive(
  session: Session,
  epoch: string,
  message: Uint8Array,
  nowMs: number,
): Promise<{ session: Session; received: Received }> {
  const at = session.epochs.get(epoch);
  if (!at?.state) throw new CryptoError();
  return isCommit(message) ? receiveCommit(session, at, message, nowMs) : receiveContent(session, at, message, nowMs);
}

async function receiveContent(session: Session, at: Epoch, message: Uint8Array, nowMs: number) {
  const { state, content, sender } = await open(stateOf(at), message);
  const opened = withEpochs(session, [counted({ ...at, state }, nowMs)], nowMs);
  const next = foundAgain(opened, at.id, sender.device, nowMs);
  const astray = astrayAt(next, at.id, sender.device);
  return { session: next, received: { kind: "content", content, sender, epoch: at.id, astray } as const };
}

async function receiveCommit(
  session: Session,
  at: Epoch,
  message: Uint8Array,
  nowMs: number,
): Promise<{ session: Session; received: Received }> {
  const siblings = childrenOf(session.epochs, at.id);
  const taken = await takeCommit(stateOf(at), message);
  if (!taken || siblings.length >= SESSION_LIMITS.branches) return { session, received: { kind: "refused" } };
  const made = childOf(at, taken, nowMs);
  // Anew it would begin with unspent keys: whoever passes it on in another wrapping must not get them used twice.
  const known = session.epochs.get(made.id) ?? siblings.find(({ commit }) => commit === taken.id);
  if (known) return { session, received: { kind: "duplicate", by: taken.by } };
  const joined = withEpochs(session, [made], nowMs);
  const next = foundAgain(joined, at.id, taken.by, nowMs);
  return {
    session: next,
    received: {
      kind: "commit",
      by: taken.by,
      account: taken.account,
      astray: astrayAt(next, at.id, taken.by),
    },
  };
}

/**
 * Another member says that `epoch` lost and that we are in no epoch that counts: whoever added us was removed at the same
 * time. We stop writing there, until somebody adds us again.
 */
export function leaveAstray(session: Session, epoch: string, nowMs: number): Session {
  const root = session.epochs.get(pathTo(session.epochs, epoch).at(-1) ?? "");
  return root ? withEpochs(session, [{ ...root, astray: true }], nowMs) : session;
}

/**
 * The author, if what he wrote in `epoch` shows that he is on a branch that lost and cannot know: he was added there, after
 * the fork. He is in no epoch that counts, or was added on both branches and follows the wrong one. Who was there at the
 * fork learns of it himself.
 */
function astrayAt(session: Session, epoch: string, author: string): string | null {
  const path = headPath(session);
  const fork = pathTo(session.epochs, epoch).find((id) => path.includes(id));
  const wasAtFork = fork === undefined || isMemberOf(session.epochs.get(fork), author);
  return headOf(session).state === null || wasAtFork ? null : author;
}

function isMemberOf(epoch: Epoch | undefined, author: string): boolean {
  const members = epoch?.state ? membersOf(epoch.state) : [];
  return members.some(({ device }) => device === author);
}

/** Somebody else writes where we were said to be alone: so we are not. */
function foundAgain(session: Session, epoch: string, author: string, nowMs: number): Session {
  const root = session.epochs.get(pathTo(session.epochs, epoch).at(-1) ?? "");
  if (!root?.astray || author === session.device) return session;
  return withEpochs(session, [{ ...root, astray: false }], nowMs);
}

/** Commits changes, or with none only renews the keys. Throws CryptoError if they contradict the head. */
export async function commitChanges(session: Session, changes: Changes, nowMs: number): Promise<Committed> {
  const head = headOf(session);
  const before = stateOf(head);
  const result = await makeCommit(before, changes);
  const removes = (changes.remove?.length ?? 0) > 0;
  const made = childOf(head, { id: result.id, by: session.device, removes, state: result.state }, nowMs);
  const next = withEpochs(session, [made], nowMs);
  const added = (changes.add ?? []).map(readKeyPackage);
  return {
    session: { ...next, intents: withIntent(next.intents, made.id, changes, infoOf(before)) },
    commit: { epoch: head.id, message: result.message, to: othersIn(session, before) },
    welcome: result.welcome ? { bytes: result.welcome, to: added } : null,
  };
}

/**
 * What of our changes a competing commit has undone, to be committed again; null when nothing is lost. Changes are empty if
 * somebody else has made them, or we have no right to them any more.
 */
export function lostChanges(session: Session): { changes: Changes; session: Session } | null {
  const path = new Set(headPath(session));
  const lost = session.intents.filter((intent) => session.epochs.has(intent.epoch) && !path.has(intent.epoch));
  const head = headOf(session);
  if (lost.length === 0 || !head.state) return null;
  const kept = session.intents.filter((intent) => !lost.includes(intent));
  return { changes: stillMissing(lost, head.state), session: { ...session, intents: kept } };
}

function stillMissing(lost: readonly Intent[], state: MlsState): Changes {
  const members = membersOf(state);
  const isMember = (name: DeviceName) => members.some((member) => isSame(member, name));
  const packages = uniqueBy(
    lost.flatMap(({ add }) => add),
    (bytes) => readKeyPackage(bytes).device,
  );
  const add = packages.filter((bytes) => !isMember(readKeyPackage(bytes)));
  const remove = uniqueBy(
    lost.flatMap((intent) => intent.remove),
    ({ device }) => device,
  ).filter(isMember);
  const before = infoOf(state);
  const after = lost.reduce((info, intent) => (intent.info ? withChange(info, intent.info) : info), before);
  const info = isSameInfo(before, after) ? null : after;
  const farewells = lost.findLast((intent) => intent.farewells.length > 0)?.farewells ?? NO_BYTES;
  const by = members.find(({ leaf }) => leaf === ownLeafOf(state));
  const leaving = readFarewells(farewells, groupIdOf(state), members);
  const change = { added: add.map(readKeyPackage), removed: remove, info, leaving };
  if (!by || !isAllowed({ by, ...change }, before, members)) return {};
  return { add, remove, farewells, ...(info ? { info } : {}) };
}

function withChange(info: GroupInfo, { name, appointed, dismissed }: InfoChange): GroupInfo {
  const kept = info.admins.filter((admin) => !dismissed.includes(admin) && !appointed.includes(admin));
  const admins = [...kept, ...appointed];
  return { ...info, name: name ?? info.name, admins: admins.length > 0 ? admins : info.admins };
}

function infoChange(before: GroupInfo, after: GroupInfo): InfoChange {
  return {
    name: before.name === after.name ? null : after.name,
    appointed: after.admins.filter((admin) => !before.admins.includes(admin)),
    dismissed: before.admins.filter((admin) => !after.admins.includes(admin)),
  };
}

function isSameInfo(one: GroupInfo, other: GroupInfo): boolean {
  const admins = (info: GroupInfo) => info.admins.toSorted().join();
  return one.name === other.name && admins(one) === admins(other);
}

/** When this device should renew the keys of the head, if nobody does before; null while it is not due. */
export function renewalAt(session: Session): number | null {
  const head = headOf(session);
  if (!head.state || head.messages === 0) return null;
  const dueMs = Math.min(head.dueMs ?? Number.POSITIVE_INFINITY, head.sinceMs + SESSION_LIMITS.epochMs);
  const leaves = membersOf(head.state).map((member) => member.leaf);
  if (leaves.length < 2) return null;
  const place = leaves.indexOf(ownLeafOf(head.state)) - (head.number % leaves.length);
  const turn = (place + leaves.length) % leaves.length;
  return dueMs + Math.min(turn, SESSION_LIMITS.turns) * SESSION_LIMITS.turnMs;
}

/** When the next superseded epoch is to be forgotten; null if there is none. */
export function forgetAt(session: Session): number | null {
  const left = [...session.epochs.values()].flatMap(({ leftMs }) => (leftMs === null ? [] : [leftMs]));
  if (left.length > SESSION_LIMITS.epochs) return 0;
  return left.length === 0 ? null : Math.min(...left) + SESSION_LIMITS.retentionMs;
}

/** Forgets superseded epochs whose time is over, and the changes that nothing can undo any more. */
export function forgetOld(session: Session, nowMs: number): Session {
  const superseded = [...session.epochs.values()]
    .filter((epoch) => epoch.leftMs !== null)
    .sort((a, b) => (b.leftMs ?? 0) - (a.leftMs ?? 0) || b.number - a.number);
  const kept = superseded.filter(
    ({ leftMs }, i) => (leftMs ?? 0) + SESSION_LIMITS.retentionMs > nowMs && i < SESSION_LIMITS.epochs,
  );
  if (kept.length === superseded.length) return session;
  const epochs = new Map([headOf(session), ...kept].map((epoch) => [epoch.id, epoch]));
  return { ...session, epochs, intents: session.intents.filter((intent) => epochs.has(intent.epoch)) };
}

/**
 * For how long we have known that the author of something in `epoch` was revoked: his device was taken out after it, or
 * after the fork that leads there, and his account stayed. 0 while he is in, or left as a whole.
 */
export function revokedSinceMs(session: Session, epoch: string, author: DeviceName, nowMs: number): number {
  const path = headPath(session);
  const fork = pathTo(session.epochs, epoch).find((id) => path.includes(id));
  const later = fork === undefined ? [] : path.slice(0, path.indexOf(fork));
  const removal = later.findLast((id) => !isMemberOf(session.epochs.get(id), author.device));
  const isAccountIn = sessionMembers(session).some(({ account }) => account === author.account);
  return removal === undefined || !isAccountIn ? 0 : nowMs - (session.epochs.get(removal)?.sinceMs ?? nowMs);
}

/** The epoch in which this device writes. */
export function headOf(session: Session): Epoch {
  const head = session.epochs.get(session.head);
  if (!head) throw new CryptoError();
  return head;
}

/** Members of the head by leaf; none if this device was removed. */
export function sessionMembers(session: Session): Member[] {
  const { state } = headOf(session);
  return state && !isAstray(session) ? membersOf(state) : [];
}

/** Kind, name and admins as the head has them; null if this device was removed. */
export function sessionInfo(session: Session): GroupInfo | null {
  const { state } = headOf(session);
  return state && !isAstray(session) ? infoOf(state) : null;
}

/** Accounts that may change a group now; none if this device was removed. */
export function sessionAdmins(session: Session): string[] {
  const info = sessionInfo(session);
  return info ? adminsOf(info, sessionMembers(session)) : [];
}

function isAstray(session: Session): boolean {
  return session.epochs.get(headPath(session).at(-1) ?? "")?.astray ?? true;
}

/** Epoch ids from the head back to where we began. */
function headPath(session: Session): string[] {
  return pathTo(session.epochs, session.head);
}

function pathTo(epochs: ReadonlyMap<string, Epoch>, id: string): string[] {
  const path: string[] = [];
  for (let at = epochs.get(id); at; at = at.parent === null ? undefined : epochs.get(at.parent)) path.push(at.id);
  return path;
}

function firstEpoch(state: MlsState, nowMs: number): Epoch {
  const id = epochIdOf(state);
  const from = { id, parent: null, number: epochNumberOf(state), rank: id, commit: null, by: null };
  return { ...from, sinceMs: nowMs, messages: 0, dueMs: null, leftMs: null, state, astray: false };
}

function childOf(
  parent: Epoch,
  { id, by, removes, state }: { id: string; by: string; removes: boolean; state: MlsState | null },
  nowMs: number,
): Epoch {
  return {
    // A commit that removes us leads to an epoch whose name we cannot know.
    id: state ? epochIdOf(state) : id,
    parent: parent.id,
    number: state ? epochNumberOf(state) : parent.number + 1,
    rank: `${removes ? 0 : 1}${id}`,
    commit: id,
    by,
    sinceMs: nowMs,
    messages: 0,
    dueMs: null,
    leftMs: null,
    state,
    astray: false,
  };
}

/** The session with new or changed epochs, at the head that then counts. */
function withEpochs(session: Session, changed: readonly Epoch[], nowMs: number): Session {
  const epochs = new Map(session.epochs);
  for (const epoch of changed) epochs.set(epoch.id, epoch);
  const head = chooseHead(epochs, session.device);
  for (const epoch of epochs.values()) {
    const leftMs = epoch.id === head ? null : (epoch.leftMs ?? nowMs);
    if (leftMs !== epoch.leftMs) epochs.set(epoch.id, { ...epoch, leftMs });
  }
  return { ...session, epochs, head };
}

/**
 * The head: from where we began, at each fork the child of lowest rank. A device that was welcomed twice has two
 * beginnings and cannot know which one lost. It follows one that does not end in its own removal, for the removal may
 * have lost too, and if it did not, the others say so as soon as we write there; then the one where they have gone furthest.
 */
function chooseHead(epochs: ReadonlyMap<string, Epoch>, device: string): string {
  const all = [...epochs.values()].filter(({ parent }) => parent === null || !epochs.has(parent));
  const sound = all.filter(({ astray }) => !astray);
  const roots = sound.length > 0 ? sound : all;
  const heads = roots.map((root) => bestLeaf(epochs, root));
  const isIn = (head: Epoch) => Number(head.state !== null);
  const progress = (head: Epoch) =>
    Math.max(
      ...pathTo(epochs, head.id).map((id) => (epochs.get(id)?.by === device ? 0 : (epochs.get(id)?.number ?? 0))),
    );
  const [best] = heads.sort((a, b) => isIn(b) - isIn(a) || progress(b) - progress(a) || (a.id < b.id ? -1 : 1));
  if (!best) throw new CryptoError();
  return best.id;
}

function bestLeaf(epochs: ReadonlyMap<string, Epoch>, root: Epoch): Epoch {
  let at = root;
  for (;;) {
    const [next] = childrenOf(epochs, at.id).sort((a, b) => (a.rank < b.rank ? -1 : 1));
    if (!next) return at;
    at = next;
  }
}

function childrenOf(epochs: ReadonlyMap<string, Epoch>, id: string): Epoch[] {
  return [...epochs.values()].filter((epoch) => epoch.parent === id);
}

function counted(epoch: Epoch, nowMs: number): Epoch {
  const messages = epoch.messages + 1;
  const dueMs = epoch.dueMs ?? (messages >= SESSION_LIMITS.messagesPerEpoch ? nowMs : null);
  return { ...epoch, messages, dueMs };
}

function withIntent(
  intents: readonly Intent[],
  epoch: string,
  { add = [], remove = [], info, farewells = NO_BYTES }: Changes,
  before: GroupInfo,
): readonly Intent[] {
  if (add.length === 0 && remove.length === 0 && info === undefined) return intents;
  const change = info ? infoChange(before, info) : null;
  return [...intents, { epoch, add, remove, info: change, farewells }].slice(-SESSION_LIMITS.intents);
}

function othersIn(session: Session, state: MlsState): Member[] {
  return membersOf(state).filter((member) => member.device !== session.device);
}

function stateOf(epoch: Epoch): MlsState {
  if (!epoch.state) throw new CryptoError();
  return epoch.state;
}

function isSame(a: DeviceName, b: DeviceName): boolean {
  return a.account === b.account && a.device === b.device;
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
