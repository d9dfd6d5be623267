/**
 * From an account's tables to its summary, and from a summary to the tables of a new one.
 *
 * A revived account is another device of the same person, as one from a backup: it has no session, so it says hello to
 * contacts and asks admins to be let into groups again (`handshakes.ts`, `groups.ts`). It begins to count what it hears
 * where others go on.
 */

import { fromBase64Url } from "../../core/bytes.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";
import type { Vault } from "../../vault/vault.ts";
import { channelId } from "../channel/channel-keys.ts";
import { type ChannelRow, ChannelStore } from "../channel/channel-store.ts";
import { epochKeyAt } from "../channel/epoch-key.ts";
import { startReading } from "../channel/reader.ts";
import type { Rooms } from "../composer.ts";
import { ContactBook } from "../contact-book.ts";
import { ConversationBook } from "../conversation-book.ts";
import { contactOf, conversationOf } from "../device/sync-rules.ts";
import { GroupBook, type GroupRow } from "../group-book.ts";
import { HeardBook } from "../heard-book.ts";
import type { AccountSummary, SnapshotChannel, SnapshotContact, SnapshotGroup } from "./account-summary.ts";

/** What the messenger does not keep itself. */
export type SummaryParts = Pick<AccountSummary, "settings" | "channels" | "nostrKey">;

/** All that is told of an account. Requests are not: who waits for an answer says hello again. */
export function summarize(
  rooms: Pick<Rooms, "contacts" | "conversations" | "groups">,
  parts: SummaryParts,
): AccountSummary {
  const { contacts, conversations, groups } = rooms;
  const people = contacts.list().filter(({ state }) => state !== "request");
  const joined = groups.list().filter((row) => row.joined);
  const ids = [...people.map(({ publicKey }) => publicKey), ...joined.map(({ id }) => id)];
  return {
    v: 1,
    ...parts,
    contacts: people.map((row) => ({ contact: contactOf(row), proof: row.proof })),
    // A conversation of which nothing was chosen is as any new one.
    conversations: ids.map((id) => conversationOf(conversations.get(id))).filter(isChosen),
    groups: joined.map((row) => groupOf(groups, row)),
  };
}

/** The channels of a vault: of one's own what is needed to post, of others what is needed to read on. */
export function summarizeChannels(vault: Vault): SnapshotChannel[] {
  return new ChannelStore(vault).list().flatMap((row) => {
    const { digest, joinedAtMs, owner, reader } = row;
    const key = reader && epochKeyAt(reader.oldest, reader.head, fromBase64Url(digest));
    // What moved away leads nowhere any more.
    if (!owner && (!key || reader?.moved)) return [];
    return [{ digest, relays: row.relays.slice(0, CHANNEL_LIMITS.relaysRead), joinedAtMs, owner, key }];
  });
}

/** Puts a summary into a vault that knows nobody yet, all at once. The settings are not applied here. */
export function revive(vault: Vault, summary: AccountSummary): void {
  const contacts = new ContactBook(vault);
  const conversations = new ConversationBook(vault, contacts);
  const groups = new GroupBook(vault);
  const heard = new HeardBook(vault);
  const channels = new ChannelStore(vault);
  const account = vault.identity().publicKey;
  vault.transaction(() => {
    for (const one of summary.contacts) reviveContact(contacts, heard, one);
    for (const group of summary.groups) reviveGroup(groups, conversations, group, isLost(group, account));
    for (const { id, ...chosen } of summary.conversations) {
      if (contacts.get(id) || groups.get(id)) conversations.update(id, chosen);
    }
    for (const channel of summary.channels) channels.put(channelRow(channel));
  });
}

function reviveContact(contacts: ContactBook, heard: HeardBook, { contact, proof }: SnapshotContact): void {
  const { publicKey, state, addedAtMs, ...known } = contact;
  contacts.create(publicKey, state, addedAtMs, { ...known, proof });
  heard.forget(publicKey);
}

/** True for a group that nobody can let one into again: its only admin was oneself (`account`, hex). */
export function isLost({ admins }: Pick<SnapshotGroup, "admins">, account: string): boolean {
  return admins.every((admin) => admin === account);
}

function reviveGroup(
  groups: GroupBook,
  conversations: ConversationBook,
  { people, ...row }: SnapshotGroup,
  lost: boolean,
): void {
  groups.put({ ...row, joined: !lost, lastSent: 0, farewells: [] });
  for (const { account, ...known } of people) groups.updatePerson(row.id, account, known);
  conversations.update(row.id, { kind: "group", name: row.name });
}

/** Keys of admins only: they let one in, and tell the rest. */
function groupOf(groups: GroupBook, row: GroupRow): SnapshotGroup {
  const { id, name, admins, members, sinceMs, linkSecret } = row;
  const accounts = new Set(members.map(({ account }) => account));
  const people = groups.people(id).filter(({ account }) => accounts.has(account));
  return {
    id,
    name,
    admins,
    members: members.map(({ account, device }) => ({ account, device })),
    sinceMs,
    linkSecret,
    people: people.map(({ account, name: called, relays, hybridPublicKey }) => {
      const isAdmin = admins.includes(account);
      return { account, name: called, relays, hybridPublicKey: isAdmin ? hybridPublicKey : null };
    }),
  };
}

function channelRow({ digest, relays, joinedAtMs, key, owner }: SnapshotChannel): ChannelRow {
  const id = channelId(fromBase64Url(digest));
  const reader = owner || !key ? null : startReading(key);
  return { id, digest, relays, joinedAtMs, owner, reader, asked: 0, cursors: {} };
}

function isChosen({ mutedUntilMs, pinned, archived, timerSeconds }: AccountSummary["conversations"][number]): boolean {
  return mutedUntilMs !== null || pinned || archived || timerSeconds !== null;
}
