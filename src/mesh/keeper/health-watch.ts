/**
 * How a person's objects are, by which nodes are there now: looked at in the background, told from memory.
 *
 *   roster changed, object stored -> at most every 30 s: each object's locator -> what may still be lost, who has how much
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { LockedError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { healthOf } from "../manifest/health.ts";
import type { Locator, ObjectId } from "../manifest/locator.ts";
import type { NodeId } from "../node-id.ts";
import { isCounted } from "../placement/node-state.ts";
import type { Roster } from "../rooms.ts";
import type { KeeperTables } from "./keeper-tables.ts";
import { fragmentsByNode } from "./stored-object.ts";

export interface ObjectOutlook {
  /** The fewest further nodes whose loss makes it unreadable; 0: it cannot be read now. */
  readonly fatalLosses: number;
  /** Enough is missing that it is to be repaired. */
  readonly isDue: boolean;
}

export interface HealthWatchOptions {
  readonly tables: KeeperTables;
  readonly changed: () => void;
  readonly log: Logger;
  readonly healthMs?: number;
}

export class HealthWatch {
  readonly #o: HealthWatchOptions;
  #outlooks = new Map<ObjectId, ObjectOutlook>();
  /** Of this person at each node. */
  #fragments = new Map<NodeId, number>();
  #roster: Roster | null = null;
  #startedMs = 0;
  #stopListening: () => void = () => {};
  #looking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: HealthWatchOptions) {
    this.#o = options;
  }

  /** Null while it was not looked at. */
  of(object: ObjectId): ObjectOutlook | null {
    return this.#outlooks.get(object) ?? null;
  }

  all(): ObjectOutlook[] {
    return [...this.#outlooks.values()];
  }

  /** Of this person. */
  fragmentsAt(node: NodeId): number {
    return this.#fragments.get(node) ?? 0;
  }

  start(roster: Roster): void {
    this.#roster = roster;
    this.#startedMs = performance.now();
    this.#stopListening = roster.onChange(() => this.#soon());
    this.#look();
  }

  /** Of an object that was just stored; the others' turn comes. */
  note(object: ObjectId, locator: Locator): void {
    const roster = this.#roster;
    if (!roster) return;
    if (!this.#outlooks.has(object)) count(locator, this.#fragments);
    this.#outlooks.set(object, this.#outlookOf(locator, roster));
    this.#soon();
  }

  async stop(): Promise<void> {
    this.#roster = null;
    this.#stopListening();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#looking;
    this.#outlooks = new Map();
    this.#fragments = new Map();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => this.#look(), this.#o.healthMs ?? MESH_LIMITS.healthMs).unref();
  }

  #look(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#looking) return this.#soon();
    this.#looking = this.#lookAtAll()
      .catch((error: Error) => {
        if (!(error instanceof LockedError))
          this.#o.log.warn({ error: error.name }, "the health of objects is not known");
      })
      .finally(() => {
        this.#looking = null;
      });
  }

  async #lookAtAll(): Promise<void> {
    const { tables, changed } = this.#o;
    const outlooks = new Map<ObjectId, ObjectOutlook>();
    const fragments = new Map<NodeId, number>();
    for (const row of tables.objects.list()) {
      const roster = this.#roster;
      if (!roster) return;
      const locator = row.leavingMs === null ? tables.locator(row) : null;
      if (!locator) continue;
      outlooks.set(row.object, this.#outlookOf(locator, roster));
      count(locator, fragments);
      await nextTurn(); // a large library must not hold up everything else
    }
    if (!this.#roster) return;
    this.#outlooks = outlooks;
    this.#fragments = fragments;
    changed();
  }

  /** Who just started knows few nodes: one that was not heard of yet counts for an hour, as if it had been silent since then. */
  #outlookOf(locator: Locator, roster: Roster): ObjectOutlook {
    const unknown = performance.now() - this.#startedMs < MESH_LIMITS.lateMs ? "late" : "lost";
    const { fatalLosses, due } = healthOf(locator, (node) => isCounted(roster.find(node)?.state ?? unknown));
    return { fatalLosses, isDue: due.length > 0 };
  }
}

function count(locator: Locator, fragments: Map<NodeId, number>): void {
  for (const [node, ids] of fragmentsByNode(locator)) fragments.set(node, (fragments.get(node) ?? 0) + ids.length);
}
