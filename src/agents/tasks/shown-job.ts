/** A job as the local API says it. */
import { toHex, utf8Encode } from "../../core/bytes.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import type { OperatorId } from "../agent-ids.ts";
import type { JobStanding, JobState } from "./job-book.ts";
import type { JobId } from "./task-ids.ts";

export interface ShownJob {
  readonly id: JobId;
  readonly operator: OperatorId;
  readonly madeAtMs: number;
  readonly replicas: number;
  readonly agree: number;
  readonly fuelLimit: number;
  readonly state: JobState;
  /** JSON that was agreed upon, text of others; null without, and where it was agreed that the program fails. */
  readonly output: string | null;
  readonly results: readonly {
    readonly operator: OperatorId;
    /** Of the output. */
    readonly sha256: string;
    readonly fuel: number;
    readonly isFailure: boolean;
  }[];
}

export function showJob({ job, state, outcome, answers }: JobStanding): ShownJob {
  const { id, operator, madeAtMs, replicas, agree, fuel } = job;
  const output = outcome?.failure === null ? outcome.output : null;
  const results = answers.map((answer) => ({
    operator: answer.operator,
    sha256: toHex(sha256(utf8Encode(answer.outcome.output))),
    fuel: answer.outcome.fuel,
    isFailure: answer.outcome.failure !== null,
  }));
  return { id, operator, madeAtMs, replicas, agree, fuelLimit: fuel, state, output, results };
}
