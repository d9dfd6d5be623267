/**
 * What matches a query, the best first.
 *
 *   words  -> entries with all of them, if they are few; if that is less than was asked for, those with any of the rarest, too
 *          -> from the highest place on: queryMatches looked at, queryCandidates taken       entry-database.ts says what a place is
 *          -> ranked by bm25, level, weight, age                                             rank.ts
 *
 * The full text gives matches in the order of places, so of a word that is in every entry no more are looked at than of one that is in
 * some thousands. What is cut off by that stands lower, or is older, than all that is ranked. FTS5 counts all entries with a word before it
 * gives the first bm25: so that is not asked for where a word is in more than queryMatches, which says little about any of them. The rarest
 * words are so many as have queryCandidates matches together: of these none is cut off.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { OperatorId } from "../agent-ids.ts";
import { ENTRY_TYPES, type EntryType } from "./entry.ts";
import { lowestPlace, PLACES_END } from "./entry-database.ts";
import { ENTRY_LEVELS, type EntryLevel } from "./entry-level.ts";
import { comparePlaces, type Place, relevanceOf, scoreOf } from "./rank.ts";
import { beginningOf, matchOf, searchWords } from "./search-words.ts";

export interface EntryQuery {
  /** Exactly this one. */
  readonly domain?: string | undefined;
  /** Words; the last one may be the beginning of a word. */
  readonly text?: string | undefined;
  /** What the operator says of it himself, 0 to 100. */
  readonly minConfidence?: number | undefined;
  /** Voted at least so high; `low` without one. Above it, what was superseded is not shown. */
  readonly level?: EntryLevel | undefined;
  /** At most `queryLimit`. */
  readonly limit: number;
  readonly nowMs: number;
  /** In thousandths, as the tally has it; of whom it is 0, nothing is shown. */
  readonly weightOf: (operator: OperatorId) => number;
}

interface Candidate {
  readonly place: number;
  readonly weight: number;
  readonly type: EntryType;
  readonly confidence: number;
  readonly level: EntryLevel;
  readonly isSuperseded: boolean;
  readonly madeAtMs: number;
  /** Null without words, or for words that are too common. */
  readonly bm25: number | null;
}

/** Place, operator's number, type, confidence, level, whether superseded, made at, bm25. */
type CandidateRow = readonly [number, number, number, number, number, number, number, number | null];

/** A word and what else counts as it. */
type Alternatives = readonly string[];

/** Whether it has every word that was asked for. */
type Asked = Candidate & { readonly hasAll: boolean };

/** What lacks a word is half as relevant. */
const LACKING = 0.5;

const TYPES = new Map<number, EntryType>(Object.entries(ENTRY_TYPES).map(([type, code]) => [code, type as EntryType]));

/** Of these places, from the first on, what may be shown. */
const shown = (places: string): string => `
  SELECT e.place, e.operator, e.type, e.confidence, e.level, e.superseded_by IS NOT NULL, e.made_at, p.bm25
  FROM (${places}) p CROSS JOIN entries e ON e.place = p.place
  WHERE e.confidence >= ? AND (e.ends_at IS NULL OR e.ends_at > ?) AND e.made_at <= ?`;

const byWords = (bm25: string): string =>
  shown(`SELECT rowid AS place, ${bm25} AS bm25 FROM words
    WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ${AGENT_LIMITS.queryMatches}`);
const byPlace = (where: string): string =>
  shown(`SELECT place, NULL AS bm25 FROM entries
    WHERE ${where} place BETWEEN ? AND ? ORDER BY place DESC LIMIT ${AGENT_LIMITS.queryEntries}`);
/** A tag or a domain is chosen; a word in a long text may have come by the way. */
const BM25 = "bm25(words, 1.0, 2.0, 2.0, 0.0)";

export class EntrySearch {
  readonly #byWords: StatementSync;
  readonly #byCommonWords: StatementSync;
  readonly #byDomain: StatementSync;
  readonly #byPlace: StatementSync;
  readonly #domain: StatementSync;
  readonly #operator: StatementSync;
  readonly #matches: StatementSync;
  readonly #nextTerm: StatementSync;

  constructor(db: DatabaseSync) {
    this.#byWords = db.prepare(byWords(BM25));
    this.#byCommonWords = db.prepare(byWords("NULL"));
    this.#byDomain = db.prepare(byPlace("domain = ? AND"));
    this.#byPlace = db.prepare(byPlace(""));
    for (const statement of [this.#byWords, this.#byCommonWords, this.#byDomain, this.#byPlace]) {
      statement.setReturnArrays(true);
    }
    this.#domain = db.prepare("SELECT number FROM domains WHERE name = ?");
    this.#operator = db.prepare("SELECT name FROM operators WHERE number = ?");
    this.#matches = db.prepare("SELECT count(*) AS count FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)");
    this.#nextTerm = db.prepare("SELECT term FROM terms WHERE term >= ? AND term < ? LIMIT 1");
  }

  /** In order, the places of this moment. Throws UsageError `query_too_long`. */
  run(query: EntryQuery): Place[] {
    const limit = Math.min(Math.max(0, Math.floor(query.limit)), AGENT_LIMITS.queryLimit);
    const candidates = this.#candidates(query, limit);
    const best = candidates.reduce((least, { bm25 }) => Math.min(least, bm25 ?? 0), 0);
    const ranked = candidates.map((one) => {
      const relevance = relevanceOf(one.bm25, best) * (one.hasAll ? 1 : LACKING);
      return { ...one, score: scoreOf({ ...one, ageMs: query.nowMs - one.madeAtMs, relevance }) };
    });
    return ranked.sort(comparePlaces).slice(0, limit);
  }

  #candidates(query: EntryQuery, limit: number): Asked[] {
    const domain = query.domain === undefined ? null : this.#numberOf(query.domain);
    if (domain === undefined) return [];
    if (query.text === undefined || query.text.trim() === "") {
      const about = domain === null ? [] : [domain];
      return withAll(this.#chosen(domain === null ? this.#byPlace : this.#byDomain, query, ...about));
    }
    const words = this.#withEndings(searchWords(query.text));
    return this.#matching(words, domain, query, limit);
  }

  #matching(words: readonly Alternatives[], domain: number | null, query: EntryQuery, limit: number): Asked[] {
    if (words.length <= 1) return withAll(this.#joined(words, "AND", domain, query));
    const isSentence = words.length > AGENT_LIMITS.queryAllWords;
    const all = isSentence ? [] : withAll(this.#joined(words, "AND", domain, query));
    if (all.length >= limit) return all;
    const known = new Set(all.map(({ place }) => place));
    const some = this.#joined(this.#rarest(words, domain), "OR", domain, query);
    return [...all, ...some.filter(({ place }) => !known.has(place)).map((one) => ({ ...one, hasAll: false }))];
  }

  #joined(words: readonly Alternatives[], by: "AND" | "OR", domain: number | null, query: EntryQuery): Candidate[] {
    if (words.length === 0) return [];
    const most = AGENT_LIMITS.queryMatches;
    const isCommon = words.some((word) => this.#count(matchOf([word], "AND"), most) >= most);
    return this.#chosen(isCommon ? this.#byCommonWords : this.#byWords, query, matchOf(words, by, domain));
  }

  #chosen(statement: StatementSync, query: EntryQuery, ...first: (string | number)[]): Candidate[] {
    const { level = "low", minConfidence = 0, nowMs, weightOf } = query;
    const latestMs = nowMs + AGENT_LIMITS.clockSkewMs;
    const rows = statement.iterate(...first, lowestPlace(level), PLACES_END, minConfidence, nowMs, latestMs);
    const weights = new Map<number, number>();
    const chosen: Candidate[] = [];
    for (const row of rows as Iterable<unknown> as Iterable<CandidateRow>) {
      let weight = weights.get(row[1]);
      if (weight === undefined) weights.set(row[1], (weight = weightOf(this.#nameOf(row[1]))));
      if (weight > 0) chosen.push(candidateOf(row, weight));
      if (chosen.length >= AGENT_LIMITS.queryCandidates) break;
    }
    return chosen;
  }

  /** Of those that are there: with the fewest matches, as long as these are no more than candidates; all if each is everywhere. */
  #rarest(words: readonly Alternatives[], domain: number | null): readonly Alternatives[] {
    const most = AGENT_LIMITS.queryCandidates;
    const counted = words.map((word) => ({ word, count: this.#count(matchOf([word], "AND", domain), most) }));
    const there = counted.filter(({ count }) => count > 0).sort((a, b) => a.count - b.count);
    let sum = 0;
    const rarest = there.filter(({ count }) => (sum += count) < most);
    return (rarest.length > 0 ? rarest : there).map(({ word }) => word);
  }

  /** Matches, `most` at most. */
  #count(match: string, most: number): number {
    return this.#matches.get(match, most)?.["count"] as number;
  }

  #withEndings(words: readonly string[]): Alternatives[] {
    return words.map((word, i) => (i === words.length - 1 ? [word, ...this.#endings(word)] : [word]));
  }

  /** The first words that begin like this one. Looked up one by one: FTS5 itself would merge all that there are. */
  #endings(word: string): string[] {
    const beginning = beginningOf(word);
    if (beginning === null) return [];
    const found: string[] = [];
    for (let from = beginning; found.length < AGENT_LIMITS.queryEndings; ) {
      const term = this.#nextTerm.get(from, `${beginning}\u{10ffff}`)?.["term"] as string | undefined;
      if (term === undefined) break;
      if (term !== beginning) found.push(term);
      from = `${term}\u{1}`;
    }
    return found;
  }

  #numberOf(domain: string): number | undefined {
    return this.#domain.get(domain)?.["number"] as number | undefined;
  }

  #nameOf(operator: number): OperatorId {
    return this.#operator.get(operator)?.["name"] as OperatorId;
  }
}

function withAll(candidates: readonly Candidate[]): Asked[] {
  return candidates.map((one) => ({ ...one, hasAll: true }));
}

function candidateOf(row: CandidateRow, weight: number): Candidate {
  const [place, , type, confidence, level, isSuperseded, madeAtMs, bm25] = row;
  return {
    place,
    weight,
    type: TYPES.get(type) as EntryType,
    confidence,
    level: ENTRY_LEVELS[level] as EntryLevel,
    isSuperseded: isSuperseded === 1,
    madeAtMs,
    bm25,
  };
}
