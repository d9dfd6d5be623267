/**
 * Which answers to a job count in one attempt, and whether enough of them are the same: pure, of what stands in logs.
 *
 *   commitments in time, one an operator -> opened in time -> named by half of the others who opened
 *   -> the first `replicas` of them -> an outcome that `agree` of these have
 *
 * Times are what their signers say. Who read the answers of others could still commit, in the past, to what they found; but
 * those who answered before him did not see his commitment, and do not name it. So his answer is no second opinion, and
 * does not count as one.
 */
import type { OperatorId } from "../agent-ids.ts";
import type { Outcome } from "../compute/outcome.ts";
import type { Attempt } from "./attempts.ts";
import type { KnownAnswer, KnownCommitment, KnownJob } from "./job-words.ts";

/** Of operators who may take part, from the logs. */
export interface AttemptWords {
  readonly commitments: readonly KnownCommitment[];
  readonly answers: readonly KnownAnswer[];
}

/**
 * One an operator, by time, then by operator. Who committed to two things in one attempt could open the one that suits: he
 * is not in it.
 */
export function commitmentsIn(attempt: Attempt, { commitments }: AttemptWords): KnownCommitment[] {
  const inTime = commitments.filter(
    (one) => one.attempt === attempt.number && one.madeAtMs >= attempt.startMs && one.madeAtMs < attempt.closeMs,
  );
  const isTorn = (one: KnownCommitment): boolean =>
    inTime.some((other) => other.operator === one.operator && other.commitment !== one.commitment);
  const first = new Map<OperatorId, KnownCommitment>();
  for (const one of inTime) if (!isTorn(one) && !first.has(one.operator)) first.set(one.operator, one);
  return [...first.values()];
}

/** As many as the job wants, at most, one an operator. */
export function answersIn(job: KnownJob, attempt: Attempt, words: AttemptWords): KnownAnswer[] {
  const committed = commitmentsIn(attempt, words);
  const opened = committed.flatMap(({ operator, commitment }) => {
    const opens = (one: KnownAnswer): boolean => one.operator === operator && one.commitment === commitment;
    return words.answers.find((one) => opens(one) && isInTime(one, job, attempt, committed)) ?? [];
  });
  const isNamed = (one: KnownAnswer): boolean => {
    const others = opened.filter((other) => other !== one);
    return 2 * others.filter(({ seen }) => seen.has(one.commitment)).length >= others.length;
  };
  return opened.filter(isNamed).slice(0, job.replicas);
}

/**
 * The outcome that `agree` of these answers have; null if there is none. There are never two, because that is more than
 * half.
 */
export function agreedOutcome({ agree }: KnownJob, answers: readonly KnownAnswer[]): Outcome | null {
  const outcomes = answers.map(({ outcome }) => outcome);
  return outcomes.find((one) => outcomes.filter((other) => isSame(one, other)).length >= agree) ?? null;
}

export function isSame(a: Outcome, b: Outcome): boolean {
  return a.output === b.output && a.fuel === b.fuel && a.failure === b.failure;
}

/** Once enough are committed, or nobody can be any more: who says sooner what he found would have others say it too. */
function isInTime(
  { madeAtMs, seen }: KnownAnswer,
  { replicas }: KnownJob,
  { startMs, closeMs, endMs }: Attempt,
  committed: readonly KnownCommitment[],
): boolean {
  if (madeAtMs < startMs || madeAtMs >= endMs) return false;
  return madeAtMs >= closeMs || committed.filter(({ commitment }) => seen.has(commitment)).length >= replicas;
}
