/**
 * Finds the newest snapshot of an account at relays, by its secret alone.
 *
 *   the last epochs, the newest first -> addresses of all heads -> each relay -> heads that open
 *   of these the newest -> addresses of its other cells -> relays that have its head -> whole, or the next newest
 *
 * Nothing that a relay says is believed: a cell that opens was made by the owner of the key for this address. What a relay
 * can do is to keep the newest back; so all are asked, and who is behind is named. What they learn by being asked, NEP-19
 * says.
 */

import { equalBytes, toHex } from "../../core/bytes.ts";
import type { Clock } from "../../core/clock.ts";
import { SNAPSHOT_LIMITS } from "../../core/cell-limits.ts";
import { CodecError, CryptoError } from "../../core/errors.ts";
import type { Filter } from "../../nostr/filter.ts";
import { KIND } from "../../nostr/kinds.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { RelayPool } from "../../route/relay-pool.ts";
import { readCell } from "../cell/cell.ts";
import { type AccountSummary, decodeSummary } from "./account-summary.ts";
import { cellsFor, joinSnapshot, openSnapshotCell, readHead, type SnapshotHead } from "./snapshot-format.ts";
import { type CellPlace, epochAt, type SnapshotKeys, snapshotKeys } from "./snapshot-keys.ts";

export interface FinderOptions {
  /** Connections on which nobody is known. */
  readonly pool: Pick<RelayPool, "fetch">;
  readonly clock: Clock;
}

export interface FoundSnapshot {
  readonly summary: AccountSummary;
  readonly epoch: number;
  readonly sequence: number;
  /** 32 bytes. */
  readonly digest: Uint8Array;
}

export interface Search {
  /** Null: no relay had a whole one. */
  readonly found: FoundSnapshot | null;
  /** `behind`: it answered, and has none or an older one only. */
  readonly relays: readonly { readonly url: string; readonly state: "newest" | "behind" | "unreachable" }[];
  /** There was a newer one, of which a part could not be had. */
  readonly cut: boolean;
  /** Two machines wrote summaries under this key. */
  readonly forked: boolean;
}

/** A head that opened, and where it was. */
interface Sighting {
  readonly keys: SnapshotKeys;
  readonly head: SnapshotHead;
  readonly first: Uint8Array;
  readonly at: { readonly url: string; readonly copy: number }[];
}

/** Looks at `relays` for the newest snapshot of `secret`, 32 bytes. */
export async function findSnapshot(o: FinderOptions, secret: Uint8Array, relays: readonly string[]): Promise<Search> {
  const reachable = new Set(relays);
  const newest = epochAt(o.clock.nowMs()) + SNAPSHOT_LIMITS.aheadEpochs;
  const oldest = newest - SNAPSHOT_LIMITS.aheadEpochs - SNAPSHOT_LIMITS.epochs;
  let cut = false;
  for (let from = newest; from > oldest && reachable.size > 0; from -= SNAPSHOT_LIMITS.epochsPerLook) {
    const count = Math.min(SNAPSHOT_LIMITS.epochsPerLook, from - oldest);
    const epochs = Array.from({ length: count }, (_, i) => snapshotKeys(secret, from - i));
    const sightings = await findHeads(o, epochs, reachable);
    for (const sighting of sightings) {
      const summary = await fetchSummary(o, sighting);
      if (!summary) {
        cut = true;
        continue;
      }
      const { keys, head } = sighting;
      const found = { summary, epoch: keys.epoch, sequence: head.sequence, digest: head.digest };
      return { found, relays: relays.map(stateBy(reachable, sighting)), cut, forked: isForked(sightings) };
    }
  }
  return { found: null, relays: relays.map(stateBy(reachable, null)), cut, forked: false };
}

function stateBy(reachable: ReadonlySet<string>, newest: Sighting | null) {
  return (url: string): Search["relays"][number] => {
    const hasIt = newest?.at.some((one) => one.url === url) ?? false;
    return { url, state: hasIt ? "newest" : reachable.has(url) ? "behind" : "unreachable" };
  };
}

/** The heads of these epochs, the newest first; who cannot be reached is taken off the list. */
async function findHeads(
  o: FinderOptions,
  epochs: readonly SnapshotKeys[],
  reachable: Set<string>,
): Promise<Sighting[]> {
  const places = new Map<string, { keys: SnapshotKeys; copy: number }>();
  for (const keys of epochs) {
    for (const { place, address } of addressesOf(keys, [0])) places.set(address, { keys, copy: place.copy });
  }
  const sightings = new Map<string, Sighting>();
  const ask = async (url: string): Promise<void> => {
    const events = await fetchCells(o, url, [...places.keys()]);
    if (!events) return void reachable.delete(url);
    for (const event of events) {
      const cell = readCell(event);
      const asked = cell && places.get(cell.address);
      const first = cell && asked ? tryOpen(() => openSnapshotCell(asked.keys, cell)) : null;
      const head = first && tryOpen(() => readHead(first));
      if (!first || !head || !asked) continue;
      const name = `${asked.keys.epoch} ${toHex(head.digest)}`;
      const known = sightings.get(name) ?? { keys: asked.keys, head, first, at: [] };
      known.at.push({ url, copy: asked.copy });
      sightings.set(name, known);
    }
  };
  await Promise.all([...reachable].map(ask));
  return [...sightings.values()].sort((a, b) => b.keys.epoch - a.keys.epoch || b.head.sequence - a.head.sequence);
}

/** Null if not all of it can be had. */
async function fetchSummary(o: FinderOptions, { keys, head, first, at }: Sighting): Promise<AccountSummary | null> {
  const cells: (Uint8Array | undefined)[] = Array.from({ length: cellsFor(head.bytes) });
  cells[0] = first;
  for (let attempt = 0; attempt < SNAPSHOT_LIMITS.tries && cells.includes(undefined); attempt++) {
    for (const { url, copy } of at) await fetchSlots(o, { keys, url, copy, attempt }, cells);
  }
  return tryOpen(() => decodeSummary(joinSnapshot(cells.filter((bytes) => bytes !== undefined))));
}

/** Fills in what is missing and lies in this copy. */
async function fetchSlots(
  o: FinderOptions,
  { keys, url, copy, attempt }: { keys: SnapshotKeys; url: string; copy: number; attempt: number },
  cells: (Uint8Array | undefined)[],
): Promise<void> {
  const missing = cells.flatMap((bytes, slot) => (bytes ? [] : [slot]));
  for (let i = 0; i < missing.length; i += SNAPSHOT_LIMITS.addressesPerQuestion) {
    const slots = missing.slice(i, i + SNAPSHOT_LIMITS.addressesPerQuestion);
    const places = new Map(slots.map((slot) => [toHex(keys.address({ copy, attempt, slot })), slot]));
    for (const event of (await fetchCells(o, url, [...places.keys()])) ?? []) {
      const cell = readCell(event);
      const slot = cell ? places.get(cell.address) : undefined;
      if (cell && slot !== undefined) cells[slot] ??= tryOpen(() => openSnapshotCell(keys, cell)) ?? undefined;
    }
  }
}

/** All addresses of some slots, whatever copy and attempt. */
function addressesOf(keys: SnapshotKeys, slots: readonly number[]): { place: CellPlace; address: string }[] {
  const { copies, tries } = SNAPSHOT_LIMITS;
  return slots.flatMap((slot) =>
    Array.from({ length: copies * tries }, (_, i) => {
      const place = { copy: Math.floor(i / tries), attempt: i % tries, slot };
      return { place, address: toHex(keys.address(place)) };
    }),
  );
}

/** Null if the relay gives no answer. */
async function fetchCells({ pool }: FinderOptions, url: string, addresses: string[]): Promise<NostrEvent[] | null> {
  const filters: Filter[] = [{ kinds: [KIND.cell], "#x": addresses }];
  return pool.fetch(url, filters, SNAPSHOT_LIMITS.answerMs).catch(() => null);
}

/** Two snapshots of one number, or one that does not follow the one before it. */
function isForked(sightings: readonly Sighting[]): boolean {
  return sightings.some(({ head }) =>
    sightings.some((other) => {
      if (other.head === head) return false;
      if (other.head.sequence === head.sequence) return !equalBytes(other.head.digest, head.digest);
      return other.head.sequence + 1 === head.sequence && !equalBytes(head.previous, other.head.digest);
    }),
  );
}

function tryOpen<T>(open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof CryptoError || error instanceof CodecError) return null;
    throw error;
  }
}
