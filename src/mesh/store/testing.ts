/** Fragments and disks for tests. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "../../core/log.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { OwnerId } from "../node-id.ts";
import { type FragmentId, fragmentId, leafHashes } from "../pieces/fragment-tree.ts";
import type { FragmentDisk } from "../rooms.ts";
import { FragmentStore } from "./fragment-store.ts";

export interface SampleFragment {
  readonly id: FragmentId;
  readonly content: Uint8Array;
}

/** The same bytes for the same number, so that another process can tell what they were. */
export function sampleFragment(number: number, bytes: number): SampleFragment {
  const seed = sha256(new TextEncoder().encode(String(number)));
  const content = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) content[i] = (seed[i % 32] as number) ^ (i >> 8);
  return { id: fragmentId(bytes, leafHashes(content)), content };
}

export function sampleOwner(number: number): OwnerId {
  return number.toString(16).padStart(64, "0") as OwnerId;
}

/** A clock that stands still until it is moved. */
export class MovedClock {
  now: number = 1_700_000_000_000;

  nowMs(): number {
    return this.now;
  }
}

export const ROOM_BYTES: number = 64 * 2 ** 20;

export function openStore(
  folder: string,
  clock: MovedClock = new MovedClock(),
  maxBytes: number = ROOM_BYTES,
): Promise<FragmentStore> {
  return FragmentStore.open({ folder, maxBytes, clock, log: createLogger("silent") });
}

/** Stores it; false if it was kept already. */
export async function keep(
  disk: FragmentDisk,
  { id, content }: SampleFragment,
  owner: OwnerId,
  untilMs: number,
): Promise<boolean> {
  const arrival = await disk.begin({ id, bytes: content.length, owner, untilMs });
  await arrival?.write(content);
  await arrival?.finish();
  return arrival !== null;
}

/** All bytes of a fragment; null if there is none. */
export async function readWhole(disk: FragmentDisk, id: FragmentId): Promise<Uint8Array | null> {
  await using reader = await disk.open(id);
  return reader ? await reader.read(0, reader.hashes.length) : null;
}

/** Bytes of the disk that all in a folder takes, and the folder itself, as `du` counts them. */
export function diskUse(folder: string): number {
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return [".", ...all].reduce((sum, name) => sum + statSync(join(folder, name)).blocks * 512, 0);
}

/** Names of the files of fragments, whole or not. */
export function fragmentFiles(folder: string): string[] {
  const all = readdirSync(join(folder, "fragments"), { recursive: true, encoding: "utf8" });
  return all
    .filter((name) => name.includes("/"))
    .map((name) => name.slice(3))
    .sort();
}
