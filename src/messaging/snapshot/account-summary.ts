/**
 * What a recovery key alone brings back beside the identity: who one knows, and what one chose.
 *
 *   summary -> JSON -> DEFLATE (RFC 1951) -> content of a snapshot
 *
 * Without messages and without files: these come back from a backup only. Without session keys, which are in no copy of an
 * account: contacts and groups are asked for new ones at the next start. Without personas, of which no relay of the root's
 * may learn. Specified in NEP-19.
 */

import { deflateRawSync, inflateRawSync } from "node:zlib";
import * as v from "valibot";
import { fromBase64Url, utf8Decode, utf8Encode } from "../../core/bytes.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { CHANNEL_LIMITS, GROUP_LIMITS, MESSAGE_LIMITS, ROUTE_LIMITS, SESSION_LIMITS } from "../../core/limits.ts";
import { isRelayUrl } from "../card.ts";
import { CHANNEL_DIGEST_BYTES } from "../channel/channel-keys.ts";
import type { ChannelRow } from "../channel/channel-store.ts";
import { EPOCH_KEY_BYTES, type EpochKey } from "../channel/epoch-key.ts";
import { COVER_PROFILES, type CoverProfile } from "../cover/cover-law.ts";
import {
  contactSchema,
  conversationSchema,
  hybridKeySchema,
  settingsSchema,
  type SyncedContact,
  type SyncedConversation,
  type SyncedSettings,
} from "../device/sync-item.ts";
import type { GroupPerson, GroupRow } from "../group-book.ts";
import { badSnapshot, MOST_CONTENT_BYTES } from "./snapshot-format.ts";

const LINK_SECRET_BYTES = 16;
const NOSTR_KEY_BYTES = 32;

export interface SnapshotSettings {
  /** Of all devices of the account. */
  readonly shared: SyncedSettings;
  readonly cover: CoverProfile;
  readonly readingMegabytesPerHour: number;
  /** In use when this was made, without the embedded one. */
  readonly relays: readonly string[];
}

export interface SnapshotContact {
  readonly contact: SyncedContact;
  /** Of an invite, for who has not answered yet. */
  readonly proof: string | null;
}

/** What an admin is told when one asks to be let in again. */
export interface SnapshotGroup extends Pick<GroupRow, "id" | "name" | "admins" | "members" | "sinceMs" | "linkSecret"> {
  readonly people: readonly SnapshotPerson[];
}

export type SnapshotPerson = Pick<GroupPerson, "account" | "name" | "relays" | "hybridPublicKey">;

export interface SnapshotChannel extends Pick<ChannelRow, "digest" | "relays" | "joinedAtMs" | "owner"> {
  /** Of a channel that is read: its newest epoch. */
  readonly key: EpochKey | null;
}

export interface AccountSummary {
  readonly v: 1;
  readonly settings: SnapshotSettings;
  readonly contacts: readonly SnapshotContact[];
  readonly conversations: readonly SyncedConversation[];
  readonly groups: readonly SnapshotGroup[];
  readonly channels: readonly SnapshotChannel[];
  /** A Nostr key that was imported, base64url; null for the one that comes from the recovery key. */
  readonly nostrKey: string | null;
}

const hexKey = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const identifier = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const relay = v.pipe(v.string(), v.check(isRelayUrl));
const name = v.pipe(v.string(), v.maxLength(MESSAGE_LIMITS.nameBytes));
const key = bytes(EPOCH_KEY_BYTES);
const epochKey = v.object({ epoch: whole, key });

const person = v.object({
  account: hexKey,
  name,
  relays: v.pipe(v.array(relay), v.maxLength(MESSAGE_LIMITS.inviteRelays)),
  hybridPublicKey: v.nullable(hybridKeySchema),
});

const group = v.object({
  id: identifier,
  name,
  admins: v.pipe(v.array(hexKey), v.maxLength(SESSION_LIMITS.members)),
  members: v.pipe(v.array(v.object({ account: hexKey, device: hexKey })), v.maxLength(SESSION_LIMITS.leaves)),
  sinceMs: whole,
  linkSecret: v.nullable(bytes(LINK_SECRET_BYTES)),
  people: v.pipe(v.array(person), v.maxLength(SESSION_LIMITS.members)),
});

const owner = v.object({
  seed: key,
  name: v.string(),
  description: v.string(),
  key: epochKey,
  epochStartedAtMs: whole,
  postsInEpoch: whole,
  n: whole,
  hash: v.string(),
});

const channel = v.object({
  digest: bytes(CHANNEL_DIGEST_BYTES),
  relays: v.pipe(v.array(relay), v.maxLength(CHANNEL_LIMITS.relaysRead)),
  joinedAtMs: whole,
  key: v.nullable(epochKey),
  owner: v.nullable(owner),
});

const summarySchema: v.GenericSchema<unknown, AccountSummary> = v.object({
  v: v.literal(1),
  settings: v.object({
    shared: settingsSchema,
    cover: v.picklist(COVER_PROFILES),
    readingMegabytesPerHour: v.pipe(whole, v.minValue(1)),
    relays: v.pipe(v.array(relay), v.maxLength(ROUTE_LIMITS.relays)),
  }),
  contacts: v.pipe(
    v.array(v.object({ contact: contactSchema, proof: v.nullable(v.string()) })),
    v.maxLength(MESSAGE_LIMITS.contacts),
  ),
  conversations: v.pipe(v.array(conversationSchema), v.maxLength(MESSAGE_LIMITS.contacts + GROUP_LIMITS.groups)),
  groups: v.pipe(v.array(group), v.maxLength(GROUP_LIMITS.groups)),
  channels: v.pipe(v.array(channel), v.maxLength(CHANNEL_LIMITS.channels)),
  nostrKey: v.nullable(bytes(NOSTR_KEY_BYTES)),
});

/** The content of a snapshot; throws nothing. */
export function encodeSummary(summary: AccountSummary): Uint8Array {
  return new Uint8Array(deflateRawSync(utf8Encode(JSON.stringify(summary))));
}

/** Throws CodecError `bad_snapshot`. */
export function decodeSummary(content: Uint8Array): AccountSummary {
  try {
    const text = inflateRawSync(content, { maxOutputLength: SNAPSHOT_LIMITS.textBytes });
    return v.parse(summarySchema, JSON.parse(utf8Decode(new Uint8Array(text))));
  } catch (cause) {
    throw badSnapshot("what is in it is not a summary", { cause });
  }
}

/**
 * As much as fits the largest snapshot: of more people those that matter least are left out, blocked and unanswered ones
 * first, and of the others who was met last.
 */
export function fitSummary(summary: AccountSummary): { content: Uint8Array; leftOut: number } {
  const sorted = summary.contacts.toSorted(
    (a, b) => rankOf(a) - rankOf(b) || a.contact.addedAtMs - b.contact.addedAtMs,
  );
  let contacts = sorted;
  for (;;) {
    const content = encodeSummary({ ...summary, contacts });
    const fits = content.length <= MOST_CONTENT_BYTES;
    if (fits || contacts.length === 0) return { content, leftOut: sorted.length - contacts.length };
    // Packing blocks the process, a second for the most people there may be: in proportion it is two or three times.
    const share = Math.min(SHRINK, MOST_CONTENT_BYTES / content.length);
    contacts = contacts.slice(0, Math.floor(contacts.length * share));
  }
}

/** At least so much is left out at a time: people do not all take the same room. */
const SHRINK = 0.95;
const RANK = { accepted: 0, pending: 1, blocked: 2, request: 3 } as const;

function rankOf({ contact }: SnapshotContact): number {
  return RANK[contact.state];
}

function bytes(length: number): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.string(),
    v.check((text) => {
      try {
        return fromBase64Url(text).length === length;
      } catch {
        return false;
      }
    }),
  );
}
