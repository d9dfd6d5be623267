/**
 * The account's summary at relays, as the node sees it: what goes into it, and how a new vault is filled from one.
 *
 *   blank vault + recovery key + relays -> findSnapshot -> settings, contacts, groups, channels -> what to tell the person
 */

import { toBase64Url, fromBase64Url, wipeBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { SNAPSHOT_LIMITS } from "../core/cell-limits.ts";
import { UsageError, ValidationError } from "../core/errors.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { encodeShare, splitRecoveryKey } from "../crypto/recovery-share.ts";
import type { FileLibrary } from "../files/library.ts";
import { ChannelStore } from "../messaging/channel/channel-store.ts";
import { ContactBook } from "../messaging/contact-book.ts";
import { mainDeviceOnly } from "../messaging/device/device-errors.ts";
import { GroupBook } from "../messaging/group-book.ts";
import { findSnapshot, type FoundSnapshot, type Search } from "../messaging/snapshot/finder.ts";
import { continueChain, readSnapshotState, type SnapshotSource } from "../messaging/snapshot/publisher.ts";
import { SNAPSHOT_SECRET } from "../messaging/snapshot/snapshot-keys.ts";
import { isLost, revive, summarizeChannels } from "../messaging/snapshot/summarize.ts";
import type { ShareView, SplitKey } from "../messaging/views.ts";
import type { RelayPool } from "../route/relay-pool.ts";
import type { Vault } from "../vault/vault.ts";
import { readRecoveryKey } from "./recovery-input.ts";
import { checkRelay, type SettingsStore } from "./settings.ts";
import type { Services } from "./services.ts";
import type { FoundSummary, RestoreResult, SummaryView } from "./views.ts";

const DAY_MS = 86_400_000;

const NOT_FOUND =
  "These relays have no summary of your account. Your identity is back; contacts, groups and channels come from a backup, " +
  "or from the people themselves. Relays keep a summary for about a week after your machine last ran.";
const OTHER_RELAYS =
  "Not every relay answered. If you remember others, or these answer later, try again in a new folder.";
const CUT = "There is a newer summary, of which a part could not be had: an older one was taken.";
const FORKED =
  "Two machines wrote summaries under this key, or one was brought back from an older one. The newest was taken; stop the other machine.";

/** What the messenger puts into snapshots beside its own tables. `relays`: those in use, without the embedded one. */
export function snapshotSource(vault: Vault, settings: SettingsStore, relays: () => readonly string[]): SnapshotSource {
  return {
    secret: () => vault.secretFor(SNAPSHOT_SECRET),
    parts: () => {
      const { displayName, readReceipts, typingIndicators, invitedOnly, strangerWork, ...own } = settings.read();
      const { cover, readingMegabytesPerHour } = own;
      const shared = { displayName, readReceipts, typingIndicators, invitedOnly, strangerWork };
      const imported = vault.importedKey();
      const nostrKey = imported && toBase64Url(imported);
      if (imported) wipeBytes(imported);
      return {
        settings: { shared, cover, readingMegabytesPerHour, relays: relays() },
        channels: summarizeChannels(vault),
        nostrKey,
      };
    },
    relays,
  };
}

/**
 * True for a vault that nothing is lost of when it is filled: its account knows nobody, is not another device's, and nothing
 * lies in it, in the trash and of unfinished uploads included, that was sealed under its keys.
 */
export function isUnused(vault: Vault, files: FileLibrary): boolean {
  const people = new ContactBook(vault).list().length + new GroupBook(vault).list().length;
  const known = people + new ChannelStore(vault).list().length + vault.personas.list().length;
  const kept = files.list().length + files.trash.list().entries.length + files.uploads.blobs().size;
  return known + kept === 0 && vault.identity().account === null;
}

type Relays = { readonly pool: Pick<RelayPool, "fetch">; readonly clock: Clock };

/**
 * What relays have of the account of a recovery key, 32 bytes; null if none is named. Throws UsageError `too_many_relays`,
 * ValidationError `bad_relay_url`.
 */
export async function searchRelays(o: Relays, key: Uint8Array, named: readonly string[]): Promise<Search | null> {
  const relays = checkNamed(named);
  if (relays.length === 0) return null;
  const secret = deriveKey(key, SNAPSHOT_SECRET);
  return await findSnapshot(o, secret, relays).finally(() => wipeBytes(secret));
}

/**
 * Fills the blank vault of this account with what was found; without anything found the relays that were asked become its
 * own, so that people can reach it there again.
 */
export function fillFrom(
  { vault, settings, clock }: { vault: Vault; settings: SettingsStore; clock: Clock },
  search: Search,
): FoundSummary {
  const { found } = search;
  const named = search.relays.map(({ url }) => url);
  if (found) take(vault, settings, found, named);
  else settings.change({ relays: named, recoveryConfirmed: true });
  return {
    madeAt: found && madeAt(found.epoch),
    groups: found?.summary.groups.length ?? 0,
    channels: found?.summary.channels.length ?? 0,
    relays: search.relays,
    warnings: warningsOf(search, vault.identity().publicKey, clock.nowMs()),
  };
}

/**
 * What `nocturne recovery restore` does, in a running node that is new: its own identity is replaced. Relays are asked while
 * it still runs; who breaks off then has lost nothing. Throws ValidationError `account_in_use`, and as `readRecoveryKey`,
 * `searchRelays` and `Gate.recoverAccount`.
 */
export async function recoverHere(services: Services, text: string, named: readonly string[]): Promise<RestoreResult> {
  const { vault, files, gate } = services;
  const key = await readRecoveryKey(text);
  try {
    requireUnused(vault, files);
    const search = await searchRelays(services, key, named);
    const found = await gate.recoverAccount(key, () => {
      requireUnused(vault, files);
      return () => (search ? { summary: fillFrom(services, search) } : {});
    });
    return { npub: vault.identity().npub, contacts: new ContactBook(vault).list().length, files: 0, ...found };
  } finally {
    wipeBytes(key);
  }
}

/** The relays in use that do not go with this machine. */
export function outsideRelays({ ownRelays, network }: Pick<Services, "ownRelays" | "network">): string[] {
  const embedded = network.relayUrls();
  return ownRelays().filter((url) => !embedded.includes(url));
}

/**
 * Where the last summary of this account lies that a relay took all of, also while a newer one is on its way; before there
 * was one, when the first was begun. `relays`: those in use, without the embedded one.
 */
export function viewSummary(vault: Vault, relays: readonly string[]): SummaryView {
  const state = readSnapshotState(vault);
  const { atMs, relays: holders } = state?.whole ?? { atMs: state?.atMs ?? 0, relays: [] };
  return {
    madeAt: atMs > 0 ? new Date(atMs).toISOString() : null,
    relays: holders,
    possible: relays.length > 0 && vault.identity().account === null,
    leftOut: state?.leftOut ?? 0,
  };
}

/** Throws ValidationError `account_in_use` for a vault that nothing may overwrite. */
function requireUnused(vault: Vault, files: FileLibrary): void {
  if (isUnused(vault, files)) return;
  throw new ValidationError("account_in_use", "This vault is in use already, and nothing in it is overwritten.", {
    hint: "Bring the other account back in a new folder: nocturne --data-dir restored recovery restore --relay URL",
  });
}

function take(vault: Vault, settings: SettingsStore, found: FoundSnapshot, named: readonly string[]): void {
  const { summary } = found;
  const { shared, cover, readingMegabytesPerHour, relays } = summary.settings;
  if (summary.nostrKey !== null) {
    const key = fromBase64Url(summary.nostrKey);
    vault.importIdentity(key);
    wipeBytes(key);
  }
  vault.transaction(() => {
    revive(vault, summary);
    continueChain(vault, found);
    // They were typed in from paper, so the key is on paper.
    settings.change({
      ...shared,
      cover,
      readingMegabytesPerHour,
      relays: relays.length > 0 ? relays : named,
      recoveryConfirmed: true,
    });
  });
}

function warningsOf({ found, relays, cut, forked }: Search, account: string, nowMs: number): string[] {
  const unreachable = relays.some(({ state }) => state === "unreachable");
  if (!found) return [NOT_FOUND, ...(unreachable ? [OTHER_RELAYS] : [])];
  const days = Math.floor((nowMs - found.epoch * SNAPSHOT_LIMITS.epochMs) / DAY_MS);
  const lost = found.summary.groups.filter((group) => isLost(group, account)).map(({ name }) => name);
  const behind = relays.filter(({ state }) => state === "behind").map(({ url }) => url);
  return [
    ...(cut ? [CUT] : []),
    ...(forked ? [FORKED] : []),
    ...(days >= 2 ? [isOld(days)] : []),
    ...(lost.length > 0 ? [isAlone(lost)] : []),
    ...(behind.length > 0 ? [`Without it, or with an older one: ${behind.join(", ")}.`] : []),
  ];
}

function isOld(days: number): string {
  return `The newest summary is ${days} days old. If your machine ran after that, these relays lost newer ones or keep them back.`;
}

function isAlone(groups: readonly string[]): string {
  return `You were the only admin of these groups, so nobody can let you in again: ${groups.join("; ")}. Make them anew.`;
}

function madeAt(epoch: number): string {
  return new Date(epoch * SNAPSHOT_LIMITS.epochMs).toISOString();
}

/** Relays in one spelling, each once. Throws UsageError `too_many_relays`, ValidationError `bad_relay_url`. */
function checkNamed(named: readonly string[]): string[] {
  const relays = [...new Set(named.map(checkRelay))];
  if (relays.length <= SNAPSHOT_LIMITS.relays) return relays;
  throw new UsageError("too_many_relays", `At most ${SNAPSHOT_LIMITS.relays} relays can be asked at once.`, {
    hint: "Name those that stand on your paper.",
  });
}

/**
 * Splits the recovery key so that any `need` shares give it back: among contacts, or for paper. An earlier splitting stays
 * good. Throws UsageError `bad_share_count`, and what `RecoveryDesk.keepers` throws.
 */
export async function splitKey(
  { vault, messenger }: Pick<Services, "vault" | "messenger">,
  { need, of, people }: SplitKey,
): Promise<ShareView[]> {
  if (vault.identity().account !== null) throw mainDeviceOnly();
  const keepers = people && messenger.recovery.keepers(people);
  const key = vault.recoveryKey();
  const shares = await splitRecoveryKey(key, need, keepers?.length ?? of ?? 0).finally(() => wipeBytes(key));
  const views = shares.map(encodeShare);
  if (!keepers) return views;
  messenger.recovery.give(need, new Map(keepers.map((account, i) => [account, views[i]?.text ?? ""])));
  return [];
}
