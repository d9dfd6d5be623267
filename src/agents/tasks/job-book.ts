/**
 * All jobs of a network and how they stand, from what is in the logs.
 *
 *   open        answers come, or are wanted           agreed      enough operators found the same
 *   disputed    enough answered, and did not agree    expired     too few answered
 *
 * An author's own answer counts for nothing. Who took part in an attempt takes part in no later one: another attempt is
 * another opinion.
 */
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import type { Outcome } from "../compute/outcome.ts";
import type { IsEnrolled } from "../votes/tally-book.ts";
import { agreedOutcome, answersIn, type AttemptWords, commitmentsIn, isSame } from "./agreement.ts";
import { type Attempt, attemptsAt, endOf } from "./attempts.ts";
import type { Verdict } from "./back-off.ts";
import { JobWords, type KnownAnswer, type KnownCommitment, type KnownJob } from "./job-words.ts";
import type { JobId } from "./task-ids.ts";

export type JobState = "open" | "agreed" | "disputed" | "expired";

export interface JobStanding {
  readonly job: KnownJob;
  readonly state: JobState;
  /** On which `agree` operators agree; else null. */
  readonly outcome: Outcome | null;
  /** Those that count, of all attempts. */
  readonly answers: readonly KnownAnswer[];
  /** The attempt of now while it is open; else null. */
  readonly attempt: Attempt | null;
  /** In that attempt, one an operator. */
  readonly commitments: readonly KnownCommitment[];
}

export class JobBook {
  readonly words: JobWords;
  readonly #isEnrolled: IsEnrolled;

  constructor(network: NetworkId, isEnrolled: IsEnrolled) {
    this.words = new JobWords(network);
    this.#isEnrolled = isEnrolled;
  }

  /** Null for one that is not here. */
  standing(id: JobId, nowMs: number): JobStanding | null {
    const job = this.words.jobs.get(id);
    return job && this.#standingOf(job, nowMs);
  }

  /** Of all whose authors have standing, the newest first. */
  standings(nowMs: number): JobStanding[] {
    return this.#stand(this.words.jobs.all(), nowMs);
  }

  /** As above, of those that are open; the others are not looked at. */
  open(nowMs: number): JobStanding[] {
    const lasting = [...this.words.jobs.all()].filter((job) => nowMs < endOf(job));
    return this.#stand(lasting, nowMs).filter(({ state }) => state === "open");
  }

  /** Whether this operator's answer is wanted: too few have committed to one, and he has no part in it. */
  isWanted({ job, attempt, answers, commitments }: JobStanding, operator: OperatorId, nowMs: number): boolean {
    if (!attempt || nowMs >= attempt.closeMs || commitments.length >= job.replicas) return false;
    const hasPart = [...answers, ...commitments, job].some((one) => one.operator === operator);
    return !hasPart && this.#isEnrolled(operator, nowMs);
  }

  /** What came of the operator's answers where others agreed. */
  verdicts(operator: OperatorId, nowMs: number): Verdict[] {
    const jobs = new Set(this.words.answers.of(operator).map(({ subject }) => subject as JobId));
    return [...jobs].flatMap((id) => {
      const { outcome, answers = [] } = this.standing(id, nowMs) ?? {};
      const own = answers.find((answer) => answer.operator === operator);
      if (!outcome || !own) return [];
      const agreeing = answers.filter((answer) => isSame(answer.outcome, outcome));
      return { isRight: agreeing.includes(own), atMs: Math.max(...agreeing.map(({ madeAtMs }) => madeAtMs)) };
    });
  }

  #stand(all: Iterable<KnownJob>, nowMs: number): JobStanding[] {
    const jobs = [...all].filter(({ operator, madeAtMs }) => madeAtMs <= nowMs && this.#isEnrolled(operator, madeAtMs));
    jobs.sort((a, b) => b.madeAtMs - a.madeAtMs || (a.id < b.id ? -1 : 1));
    return jobs.map((job) => this.#standingOf(job, nowMs));
  }

  #standingOf(job: KnownJob, nowMs: number): JobStanding {
    const answers: KnownAnswer[] = [];
    let [commitments, attempt]: [KnownCommitment[], Attempt | null] = [[], null];
    let isAnswered = false;
    for (const one of attemptsAt(job, nowMs)) {
      const words = this.#wordsAbout(job, answers);
      const here = answersIn(job, one, words);
      answers.push(...here);
      const outcome = agreedOutcome(job, here);
      if (outcome) return { job, state: "agreed", outcome, answers, attempt: null, commitments: [] };
      isAnswered ||= here.length >= job.agree;
      attempt = nowMs < one.endMs ? one : null;
      commitments = commitmentsIn(one, words);
    }
    if (attempt) return { job, state: "open", outcome: null, answers, attempt, commitments };
    return { job, state: isAnswered ? "disputed" : "expired", outcome: null, answers, attempt, commitments: [] };
  }

  /** Of those who may take part: who have standing, did not make the job, and took no part in an earlier attempt. */
  #wordsAbout({ id, operator: author }: KnownJob, earlier: readonly KnownAnswer[]): AttemptWords {
    const before = new Set([author, ...earlier.map(({ operator }) => operator)]);
    const mayTakePart = ({ operator, madeAtMs }: KnownCommitment): boolean =>
      !before.has(operator) && this.#isEnrolled(operator, madeAtMs);
    const { commitments, answers } = this.words;
    return {
      commitments: commitments.about(id).filter(mayTakePart),
      answers: answers.about(id).filter(mayTakePart),
    };
  }
}
