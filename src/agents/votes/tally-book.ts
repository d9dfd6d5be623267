/**
 * All votes of a network, and what follows from them: a function of what was put in, whatever the order and however often.
 *
 *   ballots, entries ── rounds that are over, one after the other ──> tallies of subjects, records of operators
 *                       weights in a round: by what stood when it began
 *
 * Counted is when somebody asks, each round once. What comes late, for a round that was counted, has the rounds from there on counted
 * anew; the ones before stay.
 */
import type { EntryId, OperatorId, SubjectId } from "../agent-ids.ts";
import type { Ballot } from "./ballot.ts";
import { BallotBox, madeAt } from "./ballot-box.ts";
import { History } from "./history.ts";
import { OperatorRecords } from "./operator-records.ts";
import { type Reputation, reputationOf } from "./reputation.ts";
import { checkRules, roundOf, type VoteRules, windowsOf } from "./rounds.ts";
import { type SaidInRound, type Side, sidesOf } from "./sides.ts";
import { type CountedVote, type Tally, tallyOf } from "./tally.ts";

export interface AuthoredEntry {
  readonly entry: EntryId;
  readonly operator: OperatorId;
  /** What the log says. */
  readonly madeAtMs: number;
}

/** As far as is known today. */
export type IsEnrolled = (operator: OperatorId, atMs: number) => boolean;

/** How a subject stood when a round began, of the rounds that are counted; null if nobody had voted. */
export type TallyBefore = (subject: SubjectId, round: number) => Tally | null;

/** Whether a vote about this in this round does not count, by what the rounds before say. */
export type IsBarred = (operator: OperatorId, subject: SubjectId, round: number, tallyBefore: TallyBefore) => boolean;

/** Who votes in a round, each asked for once. */
interface Electorate {
  readonly isIn: (operator: OperatorId) => boolean;
  readonly weightOf: (operator: OperatorId) => number;
}

interface Counted {
  readonly before: Tally | null;
  readonly after: Tally;
  readonly sides: ReadonlyMap<OperatorId, Side>;
}

export class TallyBook {
  readonly #rules: VoteRules;
  readonly #isEnrolled: IsEnrolled;
  readonly #isBarred: IsBarred;
  readonly #box: BallotBox;
  readonly #records: OperatorRecords;
  readonly #tallies = new Map<SubjectId, History<Tally>>();
  /** The first round that is not counted. */
  #next = 0;

  /** Throws UsageError `vote_rules` for windows that no genesis can have. */
  constructor(rules: VoteRules, isEnrolled: IsEnrolled, isBarred: IsBarred = () => false) {
    checkRules(rules);
    this.#rules = rules;
    this.#isEnrolled = isEnrolled;
    this.#isBarred = isBarred;
    this.#box = new BallotBox(rules);
    this.#records = new OperatorRecords(rules);
  }

  addEntry({ entry, operator, madeAtMs }: AuthoredEntry): void {
    const round = roundOf(this.#rules, madeAtMs);
    if (round === null) return;
    const first = this.#tallies.get(entry)?.first ?? null;
    if (this.#records.addAuthor(entry, operator) && first !== null) this.#forget(first);
    if (this.#records.addActivity(operator, round)) this.#forget(round + 1);
  }

  addBallot(ballot: Ballot): void {
    const round = this.#box.put(ballot);
    if (round !== null) this.#forget(round);
  }

  /** To be called with the earliest time for which `isEnrolled` now says something else. */
  recountFrom(atMs: number): void {
    this.#forget(roundOf(this.#rules, atMs) ?? 0);
  }

  /** How the subject stood when the round ended; null as long as it is not over, and if nobody had voted. */
  tally(subject: SubjectId, round: number, nowMs: number): Tally | null {
    return round < this.#count(nowMs) ? (this.#tallies.get(subject)?.before(round + 1) ?? null) : null;
  }

  /** As above, of the last round that is over. */
  latest(subject: SubjectId, nowMs: number): Tally | null {
    const current = this.#count(nowMs);
    return this.#tallies.get(subject)?.before(current) ?? null;
  }

  /** One for each round that is over and each subject on which somebody voted in it, by round, then by subject. */
  tallies(nowMs: number): Tally[] {
    const current = this.#count(nowMs);
    const all = [...this.#tallies.values()].flatMap((history) => history.listBefore(current));
    return all.sort((a, b) => a.round - b.round || (a.subject < b.subject ? -1 : 1));
  }

  /** With which he votes in the round of this time. */
  reputation(operator: OperatorId, nowMs: number): Reputation {
    const current = this.#count(nowMs);
    return reputationOf(this.#records.before(current, operator));
  }

  readonly #tallyBefore: TallyBefore = (subject, round) => this.#tallies.get(subject)?.before(round) ?? null;

  /** Counts what is over; returns the round of this time. */
  #count(nowMs: number): number {
    const current = roundOf(this.#rules, nowMs) ?? 0;
    if (this.#next < current) {
      for (const round of this.#box.rounds(this.#next, current)) this.#countRound(round);
      this.#next = current;
    }
    return current;
  }

  #countRound(round: number): void {
    const electorate = this.#electorateOf(round);
    const counted = [...this.#box.saidIn(round)].flatMap(([subject, said]) =>
      this.#countSubject(round, subject, said, electorate),
    );
    for (const { before, after, sides } of counted) {
      madeAt(this.#tallies, after.subject, () => new History<Tally>()).set(round, after);
      this.#records.follow(round, before, after, sides);
    }
  }

  #countSubject(
    round: number,
    subject: SubjectId,
    said: ReadonlyMap<OperatorId, SaidInRound>,
    { isIn, weightOf }: Electorate,
  ): Counted[] {
    const counts = (operator: OperatorId): boolean =>
      isIn(operator) && !this.#isBarred(operator, subject, round, this.#tallyBefore);
    const sides = sidesOf(new Map([...said].filter(([operator]) => counts(operator))));
    if (sides.size === 0) return [];
    const before = this.#tallies.get(subject)?.before(round) ?? null;
    const votes = new Map<OperatorId, CountedVote>(before?.votes.map((vote) => [vote.operator, vote]));
    for (const [operator, side] of sides) votes.set(operator, { operator, side, weight: weightOf(operator) });
    const place = { network: this.#rules.network, subject, round };
    return [{ before, after: tallyOf(place, votes.values()), sides }];
  }

  #electorateOf(round: number): Electorate {
    const { endMs } = windowsOf(this.#rules, round);
    const [enrolled, weights] = [new Map<OperatorId, boolean>(), new Map<OperatorId, number>()];
    return {
      isIn: (operator) => madeAt(enrolled, operator, () => this.#isEnrolled(operator, endMs)),
      weightOf: (operator) =>
        madeAt(weights, operator, () => reputationOf(this.#records.before(round, operator)).weight),
    };
  }

  /** What was counted of this round and later ones. */
  #forget(round: number): void {
    if (round >= this.#next) return;
    this.#next = round;
    for (const history of this.#tallies.values()) history.forget(round);
    this.#records.forget(round);
  }
}
