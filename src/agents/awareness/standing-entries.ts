/**
 * How entries stood at a moment: the rules of NEP-29, of what was said until then.
 *
 *   said until then, by who takes part ── withdrawn? ──> there ── over? ──> present ── superseded? ──> standing
 *
 * The index cannot be asked: it keeps what stands now, and has forgotten what was withdrawn since.
 */
import type { EntryId, OperatorId, SubjectId } from "../agent-ids.ts";
import type { EntryType } from "../knowledge/entry.ts";
import { levelNumber } from "../knowledge/entry-level.ts";
import type { VoteRules } from "../votes/rounds.ts";
import type { Level, Tally } from "../votes/tally.ts";

/** An entry, as far as a digest follows from it. Times are those of the logs. */
export interface KnownEntry {
  readonly id: EntryId;
  readonly operator: OperatorId;
  readonly type: EntryType;
  readonly domain: string;
  readonly madeAtMs: number;
  /** Null for one without end. */
  readonly endsAtMs: number | null;
  /** By its operator; null for never. */
  readonly withdrawnAtMs: number | null;
  readonly supersedes: readonly EntryId[];
}

/** What stands in the logs that are here. Everything but `rules` is asked for a moment. */
export interface DigestView {
  readonly rules: VoteRules;
  /** Each once, in any order. */
  readonly entries: Iterable<KnownEntry>;
  /** By the rounds that were over. */
  readonly tallyOf: (subject: SubjectId, atMs: number) => Tally | null;
  /** Whether what he says counts: he is enrolled, and not in quarantine. */
  readonly takesPart: (operator: OperatorId, atMs: number) => boolean;
}

export interface JudgedEntry {
  readonly known: KnownEntry;
  readonly tally: Tally | null;
  readonly level: Level;
  readonly isOver: boolean;
}

/** "y supersedes x", of two that are present. */
export interface Claim {
  readonly by: JudgedEntry;
  readonly target: JudgedEntry;
  readonly counts: boolean;
}

export interface EntriesThen {
  /** Also those that are over. */
  readonly there: readonly JudgedEntry[];
  readonly claims: readonly Claim[];
  readonly superseded: ReadonlySet<EntryId>;
}

export function entriesAt(view: DigestView, atMs: number): EntriesThen {
  const there = [...saidUntil(view, atMs)].map((known) => judge(known, view, atMs));
  const present = new Map(there.filter(({ isOver }) => !isOver).map((one) => [one.known.id, one]));
  const claims = [...present.values()].flatMap((by) => claimsOf(by, present));
  const superseded = new Set(claims.filter(({ counts }) => counts).map(({ target }) => target.known.id));
  return { there, claims, superseded };
}

function* saidUntil({ entries, takesPart }: DigestView, atMs: number): Generator<KnownEntry> {
  const asked = new Map<OperatorId, boolean>();
  for (const known of entries) {
    const { operator, madeAtMs, withdrawnAtMs } = known;
    if (madeAtMs > atMs || (withdrawnAtMs !== null && withdrawnAtMs <= atMs)) continue;
    const isIn = asked.get(operator) ?? takesPart(operator, atMs);
    asked.set(operator, isIn);
    if (isIn) yield known;
  }
}

function judge(known: KnownEntry, { tallyOf }: DigestView, atMs: number): JudgedEntry {
  const tally = tallyOf(known.id, atMs);
  const isOver = known.endsAtMs !== null && known.endsAtMs <= atMs;
  return { known, tally, level: tally?.level ?? "low", isOver };
}

function claimsOf(by: JudgedEntry, present: ReadonlyMap<EntryId, JudgedEntry>): Claim[] {
  return by.known.supersedes.flatMap((id) => {
    const target = present.get(id);
    return target ? [{ by, target, counts: doesSupersede(by, target) }] : [];
  });
}

function doesSupersede(y: JudgedEntry, x: JudgedEntry): boolean {
  if (y.level === "rejected" || levelNumber(y.level) < levelNumber(x.level)) return false;
  const isVotedFor = y.level === "medium" || y.level === "high";
  const mayReplace = y.known.type === "correction" || y.known.type === "synthesis";
  return y.known.operator === x.known.operator || (isVotedFor && mayReplace);
}
