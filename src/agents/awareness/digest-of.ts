/**
 * Counts the digest of a moment: a pure function of what stood in logs until then, whatever the order in which it came.
 *
 *   entries, tallies ──> standing-entries.ts ──> domains    operators, then entries, then the newest: most first
 *                                                gaps       of each reason the largest count first
 *                                                conflicts  the newest first
 *                                                activity   who did most first
 *
 * The domain `awareness` has no part in it but in activity: what is said about the whole is not the whole.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId } from "../agent-ids.ts";
import { windowsOf } from "../votes/rounds.ts";
import type { CountedVote } from "../votes/tally.ts";
import type { Digest, DigestActivity, DigestConflict, DigestDomain, DigestGap, GapReason } from "./digest.ts";
import { type Compare, compareText, firstFairly, type Placed } from "./rank.ts";
import { type Claim, type DigestView, type EntriesThen, entriesAt, type JudgedEntry } from "./standing-entries.ts";
import { AWARENESS_DOMAIN } from "./synthesis.ts";

interface DomainThen {
  readonly operators: Set<OperatorId>;
  entries: number;
  high: number;
  newestMs: number;
}

const DAY_MS = 86_400_000;

export function digestOf(view: DigestView, atMs: number): Digest {
  const then = entriesAt(view, atMs);
  const about = { ...then, there: then.there.filter(({ known }) => known.domain !== AWARENESS_DOMAIN) };
  const standing = about.there.filter(
    ({ known, level, isOver }) => !isOver && level !== "rejected" && !then.superseded.has(known.id),
  );
  const domains = domainsOf(standing);
  return {
    network: view.rules.network,
    atMs,
    domains: ranked([...domains].map(asDomain), byReach, AGENT_LIMITS.digestDomains),
    gaps: gapsOf(domains, about.there, atMs),
    conflicts: conflictsOf(about, standing),
    activity: ranked(activityOf(then.there, view, atMs), byDoing, AGENT_LIMITS.digestOperators),
  };
}

function domainsOf(standing: readonly JudgedEntry[]): Map<string, DomainThen> {
  const domains = new Map<string, DomainThen>();
  for (const { known, level } of standing) {
    const then = domains.get(known.domain) ?? { operators: new Set(), entries: 0, high: 0, newestMs: 0 };
    domains.set(known.domain, then);
    then.operators.add(known.operator);
    then.entries++;
    if (level === "high") then.high++;
    then.newestMs = Math.max(then.newestMs, known.madeAtMs);
  }
  return domains;
}

function asDomain([domain, { operators, ...counts }]: readonly [string, DomainThen]): DigestDomain {
  return { domain, ...counts, operators: operators.size };
}

function gapsOf(domains: ReadonlyMap<string, DomainThen>, there: readonly JudgedEntry[], atMs: number): DigestGap[] {
  const all: Placed<DigestGap>[] = [...unverified(there, atMs)];
  for (const [domain, { operators, entries, newestMs }] of domains) {
    const by = onlyOne(operators);
    const days = Math.floor((atMs - newestMs) / DAY_MS);
    if (atMs - newestMs > AGENT_LIMITS.digestOldMs) all.push({ by, thing: { domain, reason: "old", count: days } });
    if (by !== null && entries >= AGENT_LIMITS.digestAlone)
      all.push({ by, thing: { domain, reason: "one_operator", count: entries } });
  }
  const reasons: readonly GapReason[] = ["old", "one_operator", "unverified"];
  return reasons.flatMap((reason) =>
    firstFairly(
      all.filter(({ thing }) => thing.reason === reason),
      byCount,
      AGENT_LIMITS.digestGaps,
    ),
  );
}

/** Predictions that ended not long ago, on which votes decided nothing. */
function unverified(there: readonly JudgedEntry[], atMs: number): Placed<DigestGap>[] {
  const domains = new Map<string, { count: number; readonly operators: Set<OperatorId> }>();
  for (const { known, level, isOver } of there) {
    const isRecent = isOver && (known.endsAtMs ?? 0) > atMs - AGENT_LIMITS.digestOldMs;
    if (known.type !== "prediction" || level !== "low" || !isRecent) continue;
    const found = domains.get(known.domain) ?? { count: 0, operators: new Set() };
    domains.set(known.domain, found);
    found.count++;
    found.operators.add(known.operator);
  }
  return [...domains].map(([domain, { count, operators }]) => ({
    by: onlyOne(operators),
    thing: { domain, reason: "unverified", count },
  }));
}

function conflictsOf({ claims, superseded }: EntriesThen, standing: readonly JudgedEntry[]): DigestConflict[] {
  const ofClaims = claims
    .filter(({ by, target }) => [by, target].every(({ known }) => known.domain !== AWARENESS_DOMAIN))
    .flatMap((claim): Placed<DigestConflict>[] => {
      const isStanding = [claim.by, claim.target].every(({ known }) => !superseded.has(known.id));
      if (isDecided(claim)) return [conflictOf("decided", claim.by, claim.target)];
      return isStanding && isOpenCorrection(claim) ? [conflictOf("correction", claim.by, claim.target)] : [];
    });
  const split = standing.filter(isSplit).map((one) => conflictOf("split", one));
  return firstFairly([...ofClaims, ...split], byAge, AGENT_LIMITS.digestConflicts);
}

/** `first` is whose author makes it one. */
function conflictOf(
  reason: DigestConflict["reason"],
  first: JudgedEntry,
  target: JudgedEntry = first,
): Placed<DigestConflict> {
  const entries = [...new Set([first.known.id, target.known.id])];
  const sinceMs = Math.max(first.known.madeAtMs, target.known.madeAtMs);
  return { by: first.known.operator, thing: { domain: target.known.domain, reason, sinceMs, entries } };
}

function isDecided({ by, target }: Claim): boolean {
  const levels = new Set([by.level, target.level]);
  return levels.has("high") && levels.has("rejected");
}

function isOpenCorrection({ by, target, counts }: Claim): boolean {
  return by.known.type === "correction" && !counts && by.level !== "rejected" && target.level !== "rejected";
}

/** Undecided, with somebody on both sides. */
function isSplit({ level, tally }: JudgedEntry): boolean {
  return level !== "high" && tally !== null && tally.for > 0 && tally.against > 0;
}

function activityOf(there: readonly JudgedEntry[], { rules, takesPart }: DigestView, atMs: number): DigestActivity[] {
  const counts = new Map<OperatorId, { entries: number; votes: number }>();
  const add = (operator: OperatorId, what: "entries" | "votes"): void => {
    const found = counts.get(operator) ?? { entries: 0, votes: 0 };
    counts.set(operator, found);
    found[what]++;
  };
  const fromMs = atMs - AGENT_LIMITS.digestActiveMs;
  for (const { known, tally } of there) {
    if (known.madeAtMs > fromMs) add(known.operator, "entries");
    if (tally && windowsOf(rules, tally.round).endMs > fromMs)
      for (const { operator } of tally.votes.filter(isOnASide)) add(operator, "votes");
  }
  return [...counts]
    .filter(([operator]) => takesPart(operator, atMs))
    .map(([operator, count]) => ({ operator, ...count }));
}

function isOnASide({ side }: CountedVote): boolean {
  return side !== "none";
}

function onlyOne(operators: ReadonlySet<OperatorId>): OperatorId | null {
  const [first = null] = operators;
  return operators.size === 1 ? first : null;
}

function ranked<T>(all: readonly T[], compare: Compare<T>, most: number): T[] {
  return all.toSorted(compare).slice(0, most);
}

function byReach(a: DigestDomain, b: DigestDomain): number {
  const size = b.operators - a.operators || b.entries - a.entries || b.newestMs - a.newestMs;
  return size || compareText(a.domain, b.domain);
}

function byCount(a: DigestGap, b: DigestGap): number {
  return b.count - a.count || compareText(a.domain, b.domain);
}

function byAge(a: DigestConflict, b: DigestConflict): number {
  const ids = compareText(a.entries.join(""), b.entries.join(""));
  return b.sinceMs - a.sinceMs || ids || compareText(a.reason, b.reason);
}

function byDoing(a: DigestActivity, b: DigestActivity): number {
  return b.entries + b.votes - (a.entries + a.votes) || compareText(a.operator, b.operator);
}
