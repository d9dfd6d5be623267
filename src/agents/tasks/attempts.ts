/**
 * The times of a job: a few attempts, one after the other, the same for all.
 *
 *   attempt k   | commitments, and answers as soon as enough are committed   | answers alone        |
 *               made at + k x lease                                     + lease / 2            + lease
 *
 * The next one is for other operators, if those of this one did not agree. None goes on after the job's own end.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";

export interface Attempt {
  /** From 0. */
  readonly number: number;
  readonly startMs: number;
  /** No commitment from here on. */
  readonly closeMs: number;
  readonly endMs: number;
}

interface JobTimes {
  readonly madeAtMs: number;
  readonly notAfterMs: number;
}

const { leaseMs, jobAttempts } = AGENT_LIMITS;

/** When nothing about the job counts any more. */
export function endOf({ madeAtMs, notAfterMs }: JobTimes): number {
  return Math.min(madeAtMs + jobAttempts * leaseMs, notAfterMs);
}

/** Those that have begun. */
export function attemptsAt(job: JobTimes, nowMs: number): Attempt[] {
  const all = Array.from({ length: jobAttempts }, (_, number): Attempt => {
    const startMs = job.madeAtMs + number * leaseMs;
    const endMs = Math.min(startMs + leaseMs, job.notAfterMs);
    return { number, startMs, closeMs: Math.min(startMs + leaseMs / 2, endMs), endMs };
  });
  return all.filter(({ startMs, endMs }) => startMs < endMs && startMs <= nowMs);
}
