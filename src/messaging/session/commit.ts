/**
 * A change of a conversation as it travels: several MLS commits, one sort of change each, taken as one.
 *
 *   commit  mark 0xc0 | version 1 | count u16 | (length u32 | MLS commit)*       in this order:
 *           [remove] [info] [renew, if something was removed or changed, or nothing is added]
 *           [add [remove one of the added]* [add the same]]
 *   signed  in each of them, as authenticated data: id 16 | index u16 | count u16 | farewells
 *
 * All members can decrypt and encrypt handshakes, so any of them can pass on somebody's signed commit in another
 * wrapping or cut short; id, index and count make it the same commit, or none.
 *
 * Why not one MLS commit: ts-mls 2.0.0-rc.10 makes a single removal without fresh keys, so that whoever was removed
 * could derive the next epoch and read on; and a change of info beside fresh keys that nobody else can open. The renewal
 * locks the removed one out, and nothing is ever sealed in between: receivers keep only the epoch after the last
 * step, and refuse a removal that no renewal follows. And it refuses to join most trees with unmerged leaves, so that
 * whoever comes to inner keys is taken out and put in again, which blanks them. Decision 6.
 */

import { concatBytes, equalBytes, toHex, u16, u32 } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { randomBytes } from "../../core/random.ts";
import type { DeviceName } from "./device.ts";
import { readFarewells } from "./farewell.ts";
import { type Change, type GroupInfo, isAllowed } from "./group-info.ts";
import {
  groupIdOf,
  hasUnmergedLeaves,
  infoOf,
  type MadeStep,
  makeStep,
  membersOf,
  type MlsState,
  readKeyPackage,
  type Step,
  type TakenStep,
  takeStep,
} from "./mls.ts";

export interface Changes {
  /** Key packages of devices to add. */
  readonly add?: readonly Uint8Array[];
  readonly remove?: readonly DeviceName[];
  readonly info?: GroupInfo;
  /** Of members that leave (farewell.ts): who is no admin may remove only these and devices of his own. */
  readonly farewells?: Uint8Array;
  /** 32 bytes that added devices must know from elsewhere; only while no other device is in. */
  readonly psk?: Uint8Array;
}

export interface MadeCommit {
  /** Hex, 16 bytes. */
  readonly id: string;
  readonly state: MlsState;
  readonly message: Uint8Array;
  readonly welcome: Uint8Array | null;
}

export interface TakenCommit {
  /** Chosen by the committer and signed: the same in whatever wrapping it comes. */
  readonly id: string;
  /** Device of the committer, and its account. */
  readonly by: string;
  readonly account: string;
  readonly removes: boolean;
  /** Null when this device was removed. */
  readonly state: MlsState | null;
}

const MARK = 0xc0;
const VERSION = 1;
const HEAD_BYTES = 4;
const ID_BYTES = 16;
const SIGNED_BYTES: number = ID_BYTES + 4;
/** Remove, info, renew, add, each added device out, add. */
const MAX_STEPS: number = 5 + SESSION_LIMITS.members;
const NO_BYTES = new Uint8Array(0);

/** True for a commit, false for an MLS message: those begin with their version, 0x00. */
export function isCommit(message: Uint8Array): boolean {
  return message[0] === MARK;
}

/**
 * The epoch after these changes; with none, the same members under fresh keys. `id`: 16 bytes, random but in tests.
 * Throws CryptoError if they contradict the epoch.
 */
export async function makeCommit(
  state: MlsState,
  changes: Changes,
  id: Uint8Array = randomBytes(ID_BYTES),
): Promise<MadeCommit> {
  const { farewells = NO_BYTES } = changes;
  // The number of steps is signed in the first one; with devices to add it shows itself only on the way.
  const isKnown = (changes.add?.length ?? 0) === 0;
  const trial = isKnown ? stepsBeforeAdding(state, changes) : await makeSteps(state, changes, () => NO_BYTES);
  const count = trial.length;
  const made = await makeSteps(state, changes, (index) => concatBytes(id, u16(index), u16(count), farewells));
  const last = made.at(-1);
  if (!last || made.length !== count) throw new CryptoError();
  const message = encodeCommit(made.map((step) => step.message));
  return { id: toHex(id), state: last.state, message, welcome: last.welcome };
}

async function makeSteps(
  state: MlsState,
  changes: Changes,
  signed: (index: number) => Uint8Array,
): Promise<MadeStep[]> {
  const { add = [], psk } = changes;
  const made: MadeStep[] = [];
  const last = (): MlsState => made.at(-1)?.state ?? state;
  const make = async (step: Step) => void made.push(await makeStep(last(), step, signed(made.length)));
  for (const step of stepsBeforeAdding(state, changes)) await make(step);
  if (add.length > 0) {
    await make({ kind: "add", keyPackages: add, psk });
    if (hasUnmergedLeaves(last())) {
      for (const bytes of add) await make(removal(last(), [readKeyPackage(bytes)]));
      await make({ kind: "add", keyPackages: add, psk });
    }
  }
  return made;
}

/** The epoch after somebody's commit, or null if he had no right to it. Throws CryptoError for what is malformed. */
export async function takeCommit(state: MlsState, message: Uint8Array): Promise<TakenCommit | null> {
  const steps: TakenStep[] = [];
  let at: MlsState | null = state;
  for (const bytes of decodeCommit(message)) {
    if (at === null) break;
    const step: TakenStep = await takeStep(at, bytes);
    steps.push(step);
    at = step.state;
  }
  const change = readChange(steps, at === null);
  const { id, farewells } = readSigned(steps, at === null);
  const members = membersOf(state);
  const leaving = readFarewells(farewells, groupIdOf(state), members);
  if (!isAllowed({ ...change, leaving }, infoOf(state), members)) return null;
  return { id, by: change.by.device, account: change.by.account, removes: change.removed.length > 0, state: at };
}

function stepsBeforeAdding(state: MlsState, { add = [], remove = [], info }: Changes): Step[] {
  const isMember = (name: DeviceName) => membersOf(state).some((member) => isSame(member, name));
  const removed = remove.filter(isMember);
  return [
    ...(removed.length > 0 ? [removal(state, removed)] : []),
    ...(info === undefined ? [] : [{ kind: "info" as const, info }]),
    ...(removed.length > 0 || info !== undefined || add.length === 0 ? [{ kind: "renew" as const }] : []),
  ];
}

function removal(state: MlsState, names: readonly DeviceName[]): Step {
  const members = membersOf(state);
  const leaves = names.flatMap((name) => members.filter((member) => isSame(member, name)).map(({ leaf }) => leaf));
  return { kind: "remove", leaves };
}

/** What the committer signed in each step. Throws CryptoError if a step is missing, foreign or in another place. */
function readSigned(steps: readonly TakenStep[], removedUs: boolean): { id: string; farewells: Uint8Array } {
  const [first] = steps.map(({ authenticatedData }) => authenticatedData);
  if (!first || first.length < SIGNED_BYTES) throw new CryptoError();
  const count = new DataView(first.buffer, first.byteOffset).getUint16(ID_BYTES + 2);
  if (!removedUs && count !== steps.length) throw new CryptoError();
  for (const [index, { authenticatedData }] of steps.entries()) {
    const expected = concatBytes(first.subarray(0, ID_BYTES), u16(index), first.subarray(ID_BYTES + 2));
    if (!equalBytes(authenticatedData, expected)) throw new CryptoError();
  }
  return { id: toHex(first.subarray(0, ID_BYTES)), farewells: first.subarray(SIGNED_BYTES) };
}

/** What the steps change in sum. Throws CryptoError unless they are in the order above and by one member. */
function readChange(steps: readonly TakenStep[], removedUs: boolean): Omit<Change, "leaving"> {
  const adding = steps.findIndex(({ kind }) => kind === "add");
  const before = adding < 0 ? steps : steps.slice(0, adding);
  const [first, ...again] = adding < 0 ? [] : steps.slice(adding);
  const by = steps[0]?.by;
  const isOrdered = removedUs ? steps.length === 1 : isRenewed(before, adding >= 0) && isPutInAgain(first, again);
  if (!by || !isOrdered || steps.some((step) => step.by.leaf !== by.leaf)) throw new CryptoError();
  return {
    by,
    added: first?.added ?? [],
    removed: before.flatMap(({ removed }) => removed),
    info: before.find(({ info }) => info !== null)?.info ?? null,
  };
}

/** No removal, and no other info, without the renewal that follows it. */
function isRenewed(steps: readonly TakenStep[], adds: boolean): boolean {
  const kinds = steps.map(({ kind }) => kind);
  const changes = kinds.filter((kind) => kind !== "renew");
  const expected = (["remove", "info", "renew"] as const).filter((kind) =>
    kind === "renew" ? changes.length > 0 || !adds : changes.includes(kind),
  );
  return expected.join() === kinds.join();
}

/** Nothing, or exactly the added ones taken out one by one and put in again. */
function isPutInAgain(first: TakenStep | undefined, again: readonly TakenStep[]): boolean {
  if (!first || again.length === 0) return true;
  const out = again.slice(0, -1).flatMap(({ kind, removed }) => (kind === "remove" ? removed : []));
  const last = again.at(-1);
  const names = (list: readonly DeviceName[]) => list.map(({ account, device }) => account + device).join();
  return (
    last?.kind === "add" &&
    out.length === again.length - 1 &&
    names(out) === names(first.added) &&
    names(last.added) === names(first.added)
  );
}

function encodeCommit(messages: readonly Uint8Array[]): Uint8Array {
  const head = concatBytes(Uint8Array.of(MARK, VERSION), u16(messages.length));
  return concatBytes(head, ...messages.flatMap((message) => [u32(message.length), message]));
}

function decodeCommit(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length < HEAD_BYTES || !isCommit(bytes) || bytes[1] !== VERSION) throw new CryptoError();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(2);
  if (count < 1 || count > MAX_STEPS) throw new CryptoError();
  const messages: Uint8Array[] = [];
  let offset = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    if (offset + 4 > bytes.length) throw new CryptoError();
    const end = offset + 4 + view.getUint32(offset);
    if (end > bytes.length) throw new CryptoError();
    messages.push(bytes.subarray(offset + 4, end));
    offset = end;
  }
  if (offset !== bytes.length) throw new CryptoError();
  return messages;
}

function isSame(a: DeviceName, b: DeviceName): boolean {
  return a.account === b.account && a.device === b.device;
}
