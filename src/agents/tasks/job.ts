/**
 * A program that somebody wants run by others: the body of the statement `job`.
 *
 *   job     program text16 | input text16, canonical JSON | replicas u8 | agree u8 | fuel u32 | not after u64, ms
 *   JobId   SHA-256("nocturne/agents/job/v1" | network | operator | body)
 *
 * More than half of the replicas must agree, so no two outcomes can. Specified in NEP-31.
 */
import { concatBytes, u32 } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import { ByteReader, isCount, u64 } from "../../mesh/byte-reader.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import { canonicalText } from "../compute/canonical-json.ts";
import { isText, readText16, text16 } from "../text.ts";
import { idOfWord, type JobId } from "./task-ids.ts";

export interface Job {
  /** JavaScript: a module that exports `default function (input)`. */
  readonly program: string;
  /** Canonical JSON. */
  readonly input: string;
  /** Results of so many operators are wanted ... */
  readonly replicas: number;
  /** ... of whom so many must say the same. */
  readonly agree: number;
  /** Steps, see `JobRun`. */
  readonly fuel: number;
  /** Results of later do not count. */
  readonly notAfterMs: number;
}

/** What a job keeps, by the code of the error. */
const RULES: Readonly<Record<string, { readonly holds: (job: Job) => boolean; readonly says: string }>> = {
  job_program: {
    holds: ({ program }) => program.trim() !== "" && isText(program, AGENT_LIMITS.jobProgramBytes),
    says: `A program is text of ${AGENT_LIMITS.jobProgramBytes} bytes at most, in NFC, without hidden characters.`,
  },
  job_input: {
    holds: ({ input }) => canonicalText(input) === input && input.length <= AGENT_LIMITS.jobInputBytes,
    says: `An input is JSON of ${AGENT_LIMITS.jobInputBytes} bytes at most, not nested deeper than ${AGENT_LIMITS.jsonDepth}.`,
  },
  job_replicas: {
    holds: ({ replicas }) => isWhole(replicas, 2, AGENT_LIMITS.jobReplicas),
    says: `A job is run by 2 to ${AGENT_LIMITS.jobReplicas} operators.`,
  },
  job_agree: {
    holds: ({ agree, replicas }) => isWhole(agree, 1, replicas) && 2 * agree > replicas,
    says: "More than half of those who run a job must agree, and no more than all.",
  },
  job_fuel: {
    holds: ({ fuel }) => isWhole(fuel, 1, AGENT_LIMITS.jobFuel),
    says: `A job's fuel is 1 to ${AGENT_LIMITS.jobFuel} steps.`,
  },
  job_not_after: { holds: ({ notAfterMs }) => isCount(notAfterMs), says: "A job ends at a time in milliseconds." },
};

export function jobIdOf(network: NetworkId, operator: OperatorId, body: Uint8Array): JobId {
  return idOfWord("nocturne/agents/job/v1", network, operator, body) as JobId;
}

/** Throws UsageError, by the field `job_program` ... `job_not_after`. */
export function encodeJob(job: Job): Uint8Array {
  const broken = brokenRule(job);
  if (broken) throw new UsageError(broken, RULES[broken]?.says ?? "");
  const { program, input, replicas, agree, fuel, notAfterMs } = job;
  return concatBytes(text16(program), text16(input), Uint8Array.of(replicas, agree), u32(fuel), u64(notAfterMs));
}

/** Null for whatever is none, or not in its one encoding. Never throws. */
export function readJob(body: Uint8Array): Job | null {
  const reader = new ByteReader(body);
  const program = readText16(reader, AGENT_LIMITS.jobProgramBytes);
  const input = readText16(reader, AGENT_LIMITS.jobInputBytes);
  const [replicas, agree, fuel, notAfterMs] = [reader.u8(), reader.u8(), reader.u32(), reader.u64()];
  if (program === null || input === null || replicas === null || agree === null) return null;
  if (fuel === null || notAfterMs === null || !reader.isDone) return null;
  const job = { program, input, replicas, agree, fuel, notAfterMs };
  return brokenRule(job) === null ? job : null;
}

/** Whether there can be such an attempt at a job; from 0. */
export function isAttempt(attempt: number): boolean {
  return isWhole(attempt, 0, AGENT_LIMITS.jobAttempts - 1);
}

function brokenRule(job: Job): string | null {
  return Object.keys(RULES).find((code) => !RULES[code]?.holds(job)) ?? null;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
