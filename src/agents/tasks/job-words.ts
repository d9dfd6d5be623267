/** Jobs, commitments and answers as they stand in logs, by what they are about. */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import type { Outcome } from "../compute/outcome.ts";
import { answerCommitmentOf, readAnswer } from "./answer.ts";
import { type Job, jobIdOf, readJob } from "./job.ts";
import type { Lease } from "./lease.ts";
import { Shelf, type Word } from "./shelf.ts";
import type { AnswerCommitment, JobId } from "./task-ids.ts";

/** What a log says of a statement: who, when, and where it stands. */
export interface Place {
  readonly operator: OperatorId;
  readonly madeAtMs: number;
  /** In one log of one device, and nowhere else. */
  readonly position: string;
}

export interface KnownJob extends Word, Job {
  readonly id: JobId;
}

export interface KnownCommitment extends Word {
  readonly attempt: number;
  readonly commitment: AnswerCommitment;
}

export interface KnownAnswer extends KnownCommitment {
  readonly outcome: Outcome;
  readonly seen: ReadonlySet<AnswerCommitment>;
}

export class JobWords {
  readonly jobs: Shelf<KnownJob> = new Shelf(AGENT_LIMITS.jobsOfAnOperator);
  readonly commitments: Shelf<KnownCommitment> = new Shelf(AGENT_LIMITS.leasesOfAnOperator);
  readonly answers: Shelf<KnownAnswer> = new Shelf(AGENT_LIMITS.answersOfAnOperator);
  readonly #network: NetworkId;

  constructor(network: NetworkId) {
    this.#network = network;
  }

  hearJob(body: Uint8Array, { operator, madeAtMs }: Place): void {
    const job = readJob(body);
    const id = jobIdOf(this.#network, operator, body);
    if (job) this.jobs.add({ ...job, id, subject: id, operator, madeAtMs });
  }

  hearCommitment(lease: Lease & { readonly kind: "commitment" }, { operator, madeAtMs, position }: Place): void {
    const { job, attempt, commitment } = lease;
    this.commitments.add({ id: position, subject: job, operator, madeAtMs, attempt, commitment });
  }

  hearAnswer(body: Uint8Array, { operator, madeAtMs, position }: Place): void {
    const answer = readAnswer(body);
    if (!answer) return;
    const { job, attempt, outcome } = answer;
    const commitment = answerCommitmentOf(answer, this.#network, operator);
    const seen = new Set(answer.seen);
    this.answers.add({ id: position, subject: job, operator, madeAtMs, attempt, commitment, outcome, seen });
  }
}
