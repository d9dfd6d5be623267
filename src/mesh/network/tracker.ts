/**
 * An address where nodes that do not know each other yet find some: it only makes the start quicker.
 *
 *   POST <url>    an announcement                       -> 204, kept for MESH_LIMITS.trackerMs
 *   GET  <url>    -> a page (`announcement-page.ts`)    some of those that are there
 *
 * A tracker can leave nodes out, and sees who asks. It cannot make nodes up: announcements are signed. Whoever has no
 * tracker, or one that is down or lies, finds the mesh by the addresses it was given, by those it knew, and by its network.
 */
import { NetworkError } from "../../core/errors.ts";
import type { Fetch } from "../../core/fetch.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { randomBelow } from "../../core/random.ts";
import type { NodeId } from "../node-id.ts";
import { encodePage, PAGE_BYTES, readPage } from "./announcement-page.ts";
import { type Announcement, readAnnouncement } from "./announcement.ts";
import { announcedDomain } from "./roster-entry.ts";

interface Entry {
  readonly said: Announcement;
  readonly bytes: Uint8Array;
  readonly heardAtMs: number;
}

/** Who came by. Pure: the time is handed in. */
export class TrackerTable {
  /** In the order in which they came last. */
  readonly #entries = new Map<NodeId, Entry>();

  /** False for what is no announcement, older than what is there, or one too many of its failure domain. */
  tell(bytes: Uint8Array, nowMs: number): boolean {
    const said = readAnnouncement(bytes, nowMs);
    const held = said && this.#entries.get(said.id);
    if (!said || (held && held.said.sequence > said.sequence)) return false;
    this.#expire(nowMs);
    if (!held && this.#near(announcedDomain(said)) >= MESH_LIMITS.nodesPerDomain) return false;
    this.#entries.delete(said.id);
    this.#entries.set(said.id, { said, bytes, heardAtMs: nowMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MESH_LIMITS.nodes && oldest !== undefined) this.#entries.delete(oldest);
    return true;
  }

  /** At most MESH_LIMITS.trackerPage of them, chosen anew each time. */
  page(nowMs: number): Uint8Array {
    this.#expire(nowMs);
    const all = [...this.#entries.values()];
    const count = Math.min(all.length, MESH_LIMITS.trackerPage);
    for (let at = 0; at < count; at++) {
      const other = at + randomBelow(all.length - at);
      [all[at], all[other]] = [all[other] as Entry, all[at] as Entry];
    }
    return encodePage(all.slice(0, count).map(({ bytes }) => bytes));
  }

  get size(): number {
    return this.#entries.size;
  }

  #near(domain: string): number {
    return [...this.#entries.values()].filter(({ said }) => announcedDomain(said) === domain).length;
  }

  #expire(nowMs: number): void {
    for (const [id, { heardAtMs }] of this.#entries) {
      if (nowMs - heardAtMs < MESH_LIMITS.trackerMs) return;
      this.#entries.delete(id);
    }
  }
}

/** Announcements that the tracker knows, for `MeshNetwork.introduce`, which checks them. Throws NetworkError `tracker_failed`. */
export async function askTracker(url: string, fetch: Fetch): Promise<Uint8Array[]> {
  const response = await orFail(fetch(url, { signal: AbortSignal.timeout(MESH_LIMITS.dialMs) }));
  const announcements = response.ok ? readPage(await bounded(response)) : null;
  if (!announcements) throw failed();
  return announcements;
}

/** Tells it about this node. Throws NetworkError `tracker_failed`. */
export async function tellTracker(url: string, fetch: Fetch, announcement: Uint8Array): Promise<void> {
  const body = new Uint8Array(announcement);
  const response = await orFail(fetch(url, { method: "POST", body, signal: AbortSignal.timeout(MESH_LIMITS.dialMs) }));
  await response.body?.cancel();
  if (!response.ok) throw failed();
}

/** Whatever the tracker sends, no more than a page is read. */
async function bounded(response: Response): Promise<Uint8Array> {
  const page = new Uint8Array(PAGE_BYTES);
  let length = 0;
  for await (const part of response.body ?? []) {
    if (length + part.length > page.length) throw failed();
    page.set(part, length);
    length += part.length;
  }
  return page.slice(0, length);
}

async function orFail(asked: Promise<Response>): Promise<Response> {
  try {
    return await asked;
  } catch (cause) {
    throw failed(cause);
  }
}

function failed(cause?: unknown): NetworkError {
  return new NetworkError("tracker_failed", "The tracker does not answer as one.", {
    hint: "The mesh works without it; check its address, or give the address of a node.",
    cause,
  });
}
