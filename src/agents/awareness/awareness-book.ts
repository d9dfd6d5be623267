/**
 * Entries and withdrawals that stand in logs, with their times: what digests are counted from.
 *
 *   entry       -> operator -> id: made at, ends at, ...      withdrawal -> operator -> id: since when
 *
 * Of each operator the newest are kept, so a flood pushes out its own. What is kept follows from what was said, in whatever order it came.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import type { Noted } from "../journal/journal.ts";
import { endOf, entryIdOf, readKnowledgeEntry } from "../knowledge/entry.ts";
import { readWithdrawal } from "../knowledge/withdrawal.ts";
import { compareText } from "./rank.ts";
import type { KnownEntry } from "./standing-entries.ts";
import { readSynthesis, type Synthesis } from "./synthesis.ts";

export interface BookedEntry extends KnownEntry {
  /** What it says about the whole; null for all other entries. */
  readonly synthesis: Omit<Synthesis, "content"> | null;
}

interface Timed {
  readonly madeAtMs: number;
}

type OfOperators<T> = Map<OperatorId, Map<EntryId, T>>;

export class AwarenessBook {
  readonly #most: number;
  readonly #entries: OfOperators<Omit<BookedEntry, "withdrawnAtMs">> = new Map();
  readonly #withdrawals: OfOperators<Timed> = new Map();

  constructor(most: number = AGENT_LIMITS.awareEntries) {
    this.#most = most;
  }

  /** What counts in a log of this operator. */
  hear({ said: { madeAtMs, statement, bytes } }: Pick<Noted, "said">, operator: OperatorId): void {
    const entry = statement.kind === "entry" ? readKnowledgeEntry(statement.body) : null;
    if (entry?.operator === operator) {
      const { type, domain, supersedes } = entry;
      const cited = readSynthesis(entry);
      const synthesis = cited && { digest: cited.digest, cites: cited.cites };
      const times = { madeAtMs, endsAtMs: endOf(entry, madeAtMs) };
      const id = entryIdOf(bytes);
      this.#keep(this.#entries, id, { id, operator, type, domain, supersedes, synthesis, ...times });
    }
    const withdrawn = statement.kind === "withdrawal" ? readWithdrawal(statement.body) : null;
    if (withdrawn) this.#keep(this.#withdrawals, withdrawn, { operator, madeAtMs });
  }

  /** Each once. */
  *entries(): Generator<BookedEntry> {
    for (const [operator, entries] of this.#entries) {
      const withdrawals = new Map(this.#newest(this.#withdrawals.get(operator) ?? new Map()));
      for (const [id, entry] of this.#newest(entries))
        yield { ...entry, withdrawnAtMs: withdrawals.get(id)?.madeAtMs ?? null };
    }
  }

  /** Said again, it counts from when it was said first. Twice as many are kept as are given, so that sorting them costs little. */
  #keep<T extends Timed>(all: OfOperators<T>, id: EntryId, news: T & { readonly operator: OperatorId }): void {
    const kept = all.get(news.operator) ?? new Map<EntryId, T>();
    const known = kept.get(id);
    if (!known || news.madeAtMs < known.madeAtMs) kept.set(id, news);
    all.set(news.operator, kept.size > 2 * this.#most ? new Map(this.#newest(kept)) : kept);
  }

  #newest<T extends Timed>(all: ReadonlyMap<EntryId, T>): Iterable<[EntryId, T]> {
    if (all.size <= this.#most) return all;
    return [...all]
      .sort(([a, one], [b, other]) => other.madeAtMs - one.madeAtMs || compareText(a, b))
      .slice(0, this.#most);
  }
}
