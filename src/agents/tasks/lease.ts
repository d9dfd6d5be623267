/**
 * Somebody works on something: the body of the statement `lease`.
 *
 *   claim        1 | TaskId 32                                  "I am on this task": a word, not a lock
 *   commitment   2 | JobId 32 | attempt u8 | commitment 32      "I have run this job": it tells nothing yet, see answer.ts
 *
 * Specified in NEP-31.
 */
import { concatBytes, fromHex } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { ByteReader } from "../../mesh/byte-reader.ts";
import { isAttempt } from "./job.ts";
import { type AnswerCommitment, isId, type JobId, readId, type TaskId } from "./task-ids.ts";

export type Lease =
  | { readonly kind: "claim"; readonly task: TaskId }
  | {
      readonly kind: "commitment";
      readonly job: JobId;
      /** From 0. */
      readonly attempt: number;
      readonly commitment: AnswerCommitment;
    };

const CLAIM = 1;
const COMMITMENT = 2;

/** Throws UsageError `lease` for what none can hold. */
export function encodeLease(lease: Lease): Uint8Array {
  if (!isLease(lease)) throw new UsageError("lease", "A lease cannot hold this.");
  if (lease.kind === "claim") return concatBytes(Uint8Array.of(CLAIM), fromHex(lease.task));
  const { job, attempt, commitment } = lease;
  return concatBytes(Uint8Array.of(COMMITMENT), fromHex(job), Uint8Array.of(attempt), fromHex(commitment));
}

/** Null for whatever is none: another form or length, an attempt that there is not. Never throws. */
export function readLease(body: Uint8Array): Lease | null {
  const reader = new ByteReader(body);
  const form = reader.u8();
  if (form === CLAIM) {
    const task = readId(reader);
    return task && reader.isDone ? { kind: "claim", task: task as TaskId } : null;
  }
  const [job, attempt] = [readId(reader), reader.u8()];
  const commitment = readId(reader);
  if (form !== COMMITMENT || !job || attempt === null || !commitment || !reader.isDone) return null;
  const named = { job: job as JobId, commitment: commitment as AnswerCommitment };
  const lease: Lease = { kind: "commitment", attempt, ...named };
  return isLease(lease) ? lease : null;
}

function isLease(lease: Lease): boolean {
  if (lease.kind === "claim") return isId(lease.task);
  return isId(lease.job) && isId(lease.commitment) && isAttempt(lease.attempt);
}
