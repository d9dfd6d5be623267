/**
 * The newest entries of a network, as far as tasks come of them: in memory, so that looking for tasks costs the same
 * whatever the index holds, and never a comparison of entries in pairs.
 *
 *   heading   domain | tags: entries that overlap have the same, see `emergence.ts`
 *
 * What is kept follows from the entries, whatever the order in which they come.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId } from "../agent-ids.ts";
import type { EntryType, KnowledgeEntry } from "../knowledge/entry.ts";

export interface RecentEntry {
  readonly id: EntryId;
  readonly type: EntryType;
  readonly domain: string;
  /** Null for one without tags. */
  readonly heading: string | null;
  /** As its log says. */
  readonly madeAtMs: number;
  /** Entries that a synthesis brings together; none of other types. */
  readonly merges: readonly EntryId[];
}

/** More than are wanted, so that they are sorted rarely. */
const SLACK = 1.25;

export class RecentEntries {
  readonly #most: number;
  #entries = new Map<EntryId, RecentEntry>();

  constructor(most: number = AGENT_LIMITS.recentEntries) {
    this.#most = most;
  }

  add(id: EntryId, entry: KnowledgeEntry, madeAtMs: number): void {
    const { type, domain, tags, sources } = entry;
    const heading = tags.length === 0 ? null : [domain, ...tags].join(" ");
    const merges = type === "synthesis" ? sources.flatMap((source) => ("entry" in source ? source.entry : [])) : [];
    this.#entries.set(id, { id, type, domain, heading, madeAtMs, merges });
    if (this.#entries.size <= this.#most * SLACK) return;
    this.#entries = new Map(this.rising().map((one) => [one.id, one]));
  }

  /** The newest, by time, then by id. */
  rising(): RecentEntry[] {
    const all = [...this.#entries.values()];
    return all.sort((a, b) => a.madeAtMs - b.madeAtMs || (a.id < b.id ? -1 : 1)).slice(-this.#most);
  }
}
