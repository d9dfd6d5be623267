/**
 * What all members of a conversation agree on beside its keys: kind, name, admins. It lies in the MLS group context as
 * an extension, so that every change is a commit and every member has the same.
 *
 *   extension 0xf0c7: JSON {"v":1,"kind":"direct"|"group"|"devices","name":text,"admins":[account, ...]}
 *
 * Who may change what is decided here from the epoch and the commit alone: were it decided from anything that some
 * members have seen and others not, they would part ways for good.
 */

import * as v from "valibot";
import { utf8Decode, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { MESSAGE_LIMITS, SESSION_LIMITS } from "../../core/limits.ts";
import type { DeviceName } from "./device.ts";

/** `devices`: the devices of one account among themselves. */
export type SessionKind = "direct" | "group" | "devices";

export interface GroupInfo {
  readonly kind: SessionKind;
  /** At most MESSAGE_LIMITS.nameBytes; empty for direct ones. */
  readonly name: string;
  /** Hex keys of accounts; of a direct conversation both people. */
  readonly admins: readonly string[];
}

/** A commit's wish, as every member sees it. */
export interface Change {
  readonly by: DeviceName;
  readonly added: readonly DeviceName[];
  readonly removed: readonly DeviceName[];
  /** The new info if it changes. */
  readonly info: GroupInfo | null;
  /** Accounts whose signed farewell travels with the commit. */
  readonly leaving: readonly string[];
}

export const GROUP_INFO_EXTENSION = 0xf0c7;

const account = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const schema = v.object({
  v: v.literal(1),
  kind: v.picklist(["direct", "group", "devices"]),
  name: v.pipe(
    v.string(),
    v.check((text) => utf8Encode(text).length <= MESSAGE_LIMITS.nameBytes),
  ),
  admins: v.pipe(v.array(account), v.minLength(1), v.maxLength(SESSION_LIMITS.admins)),
});

export function encodeGroupInfo({ kind, name, admins }: GroupInfo): Uint8Array {
  return utf8Encode(JSON.stringify({ v: 1, kind, name, admins }));
}

/** Throws CryptoError for anything that is no group info. */
export function decodeGroupInfo(bytes: Uint8Array): GroupInfo {
  try {
    const { kind, name, admins } = v.parse(schema, JSON.parse(utf8Decode(bytes)));
    return { kind, name, admins };
  } catch {
    throw new CryptoError();
  }
}

/**
 * May this change happen? `info` and `members` are those before it.
 *
 *   direct   each person brings and removes devices of one's own; nobody else joins; nothing is renamed
 *   devices  the same among the devices of one person
 *   group    admins do anything but empty the list of admins; members bring and remove their own devices; when no
 *            admin is left, all are admins
 *   all      who leaves may be removed by anybody; no device removes the main device of its own account, so that a
 *            stolen one cannot lock out its owner
 */
export function isAllowed(change: Change, info: GroupInfo, members: readonly DeviceName[]): boolean {
  if (change.removed.some((removed) => isOwnMain(removed, change.by))) return false;
  const isAdmin = info.kind === "group" && adminsOf(info, members).includes(change.by.account);
  if (change.info && !(isAdmin && isSoundSuccessor(change.info, info))) return false;
  if (isAdmin) return true;
  const isOwn = (other: DeviceName) => other.account === change.by.account;
  const isMember = (added: DeviceName) => members.some((member) => member.account === added.account);
  return (
    change.removed.every((removed) => isOwn(removed) || change.leaving.includes(removed.account)) &&
    change.added.every((added) => isOwn(added) && isMember(added))
  );
}

/** The main device is the one that is called by the account's own key. */
function isOwnMain(removed: DeviceName, by: DeviceName): boolean {
  return removed.account === by.account && removed.device === removed.account && by.device !== removed.device;
}

/** The admins who are members; of a group that none is left in, everybody is one. */
export function adminsOf(info: GroupInfo, members: readonly DeviceName[]): string[] {
  const accounts = members.map(({ account }) => account);
  const admins = info.admins.filter((admin) => accounts.includes(admin));
  return admins.length > 0 ? admins : [...new Set(accounts)];
}

function isSoundSuccessor(next: GroupInfo, before: GroupInfo): boolean {
  return next.kind === before.kind && next.admins.length > 0;
}
