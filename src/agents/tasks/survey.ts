/**
 * One look at the newest entries: which of them stand, and which somebody has brought together. Everything is asked for once.
 *
 * An entry stands if it is in the index, not rejected, not superseded, not over, and its operator had standing when it was
 * made. It is merged if a synthesis that stands has it as a source.
 */
import type { EntryId } from "../agent-ids.ts";
import { endOf } from "../knowledge/entry.ts";
import type { IndexedEntry } from "../knowledge/entry-index.ts";
import type { IsEnrolled } from "../votes/tally-book.ts";
import type { RecentEntry } from "./recent-entries.ts";

/** What tasks ask about entries: of the index, and of the tallies. */
export interface EntrySource {
  /** Null if it is not here. */
  readonly entry: (id: EntryId) => Omit<IndexedEntry, "claims"> | null;
  /** Operators who voted, as of the last round that is over. */
  readonly votes: (id: EntryId, nowMs: number) => number;
  readonly isEnrolled: IsEnrolled;
}

export class Survey {
  readonly entries: readonly RecentEntry[];
  readonly nowMs: number;
  readonly source: EntrySource;
  readonly #stands = new Map<EntryId, boolean>();
  readonly #mergers = new Map<EntryId, EntryId[]>();

  /** `entries`: by time. */
  constructor(entries: readonly RecentEntry[], source: EntrySource, nowMs: number) {
    [this.entries, this.source, this.nowMs] = [entries.filter(({ madeAtMs }) => madeAtMs <= nowMs), source, nowMs];
    for (const { id, merges } of this.entries)
      for (const merged of merges) this.#mergers.set(merged, [...(this.#mergers.get(merged) ?? []), id]);
  }

  stands(id: EntryId): boolean {
    const known = this.#stands.get(id);
    if (known !== undefined) return known;
    const stands = this.#look(id);
    this.#stands.set(id, stands);
    return stands;
  }

  isMerged(id: EntryId): boolean {
    return (this.#mergers.get(id) ?? []).some((by) => this.stands(by));
  }

  #look(id: EntryId): boolean {
    const found = this.source.entry(id);
    if (!found || found.level === "rejected" || found.supersededBy !== null) return false;
    const endMs = endOf(found.entry, found.madeAtMs);
    if (endMs !== null && endMs <= this.nowMs) return false;
    return this.source.isEnrolled(found.entry.operator, found.madeAtMs);
  }
}
