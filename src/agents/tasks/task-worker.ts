/**
 * Runs jobs of others by itself, one at a time: only where the machine's owner wants it (`--compute`).
 *
 *   wanted -> run -> commitment said -> enough committed, or nobody can any more -> answer said, with what was seen
 *
 * Nothing is on the disk: a nonce follows from the device's key and the job, and after a crash the job is run again, with
 * the same outcome.
 */
import type { Clock } from "../../core/clock.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { Logger } from "../../core/log.ts";
import { deriveKey } from "../../crypto/key-derivation.ts";
import type { OperatorId } from "../agent-ids.ts";
import type { Outcome } from "../compute/outcome.ts";
import { runJob } from "../compute/run-job.ts";
import type { Journal } from "../journal/journal.ts";
import { type Answer, answerCommitmentOf, encodeAnswer } from "./answer.ts";
import type { Attempt } from "./attempts.ts";
import type { JobStanding } from "./job-book.ts";
import { encodeLease } from "./lease.ts";
import type { TaskBook } from "./task-book.ts";
import type { JobId } from "./task-ids.ts";

export interface TaskWorkerOptions {
  readonly book: TaskBook;
  readonly operator: OperatorId;
  /** The device's secret key: nobody else can tell its nonces. */
  readonly secret: Uint8Array;
  readonly journal: Pick<Journal, "say" | "isTooMuch">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What this machine gave since it was started. */
export interface WorkSpent {
  readonly jobs: number;
  readonly fuel: number;
  readonly ms: number;
}

/** A job with the attempt that is open. */
type OpenJob = JobStanding & { readonly attempt: Attempt };

export class TaskWorker implements AsyncDisposable {
  readonly #o: TaskWorkerOptions;
  readonly #stop = new AbortController();
  /** Null: this machine has none to sign, and does not try again. */
  readonly #outcomes = new Map<JobId, Outcome | null>();
  #running: Promise<void> | null = null;
  #spent: WorkSpent = { jobs: 0, fuel: 0, ms: 0 };

  constructor(options: TaskWorkerOptions) {
    this.#o = options;
  }

  get spent(): WorkSpent {
    return this.#spent;
  }

  /** Says what is to be said now, and begins to run what is wanted; to be called often. Rejects as `Journal.say`. */
  async act(): Promise<void> {
    const { book, operator, clock } = this.#o;
    const nowMs = clock.nowMs();
    const open = book.jobs.open(nowMs).filter((standing): standing is OpenJob => standing.attempt !== null);
    const ids = new Set(open.map(({ job }) => job.id));
    for (const id of this.#outcomes.keys()) if (!ids.has(id)) this.#outcomes.delete(id);
    const mayTake = book.backOffUntil(operator, nowMs) <= nowMs;
    for (const standing of open) {
      const { job, commitments } = standing;
      const own = commitments.find((one) => one.operator === operator);
      const isNext = own ? this.#isDue(standing, nowMs) : mayTake && book.jobs.isWanted(standing, operator, nowMs);
      if (!isNext) continue;
      const outcome = this.#outcomes.get(job.id);
      if (outcome === undefined) this.#start(standing);
      else if (outcome) await (own ? this.#answer(standing, outcome) : this.#commit(standing, outcome));
    }
  }

  /** Ends what runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Whether a commitment of this operator is to be opened. */
  #isDue({ job, attempt, commitments }: OpenJob, nowMs: number): boolean {
    const { book, operator } = this.#o;
    const isOpened = book.jobs.words.answers
      .about(job.id)
      .some((answer) => answer.operator === operator && answer.attempt === attempt.number);
    return !isOpened && (nowMs >= attempt.closeMs || commitments.length >= job.replicas);
  }

  #start(standing: OpenJob): void {
    this.#running ??= this.#run(standing).finally(() => {
      this.#running = null;
    });
  }

  async #run({ job }: OpenJob): Promise<void> {
    const { log } = this.#o;
    const { id, program, input, fuel } = job;
    try {
      const { outcome, ms } = await runJob({ program, input, fuel, seed: id }, this.#stop.signal);
      this.#outcomes.set(id, outcome);
      const { jobs, fuel: burnt, ms: spentMs } = this.#spent;
      this.#spent = { jobs: jobs + 1, fuel: burnt + (outcome?.fuel ?? 0), ms: spentMs + ms };
      log.info({ fuel: outcome?.fuel ?? null, ms: Math.round(ms) }, "a job was run");
    } catch (error) {
      if (!this.#stop.signal.aborted) log.warn({ error: String(error) }, "a job could not be run");
      this.#outcomes.set(id, null);
    }
  }

  async #commit(standing: OpenJob, outcome: Outcome): Promise<void> {
    const { book, operator, journal } = this.#o;
    if (journal.isTooMuch("lease")) return;
    const found = this.#found(standing, outcome);
    const commitment = answerCommitmentOf(found, book.network, operator);
    await journal.say({ kind: "lease", body: encodeLease({ kind: "commitment", ...found, commitment }) });
  }

  async #answer(standing: OpenJob, outcome: Outcome): Promise<void> {
    const { book, operator, journal } = this.#o;
    const found = this.#found(standing, outcome);
    const commitment = answerCommitmentOf(found, book.network, operator);
    const seen = standing.commitments.slice(0, AGENT_LIMITS.answerSeen).map((one) => one.commitment);
    // Another device of the operator committed: it is that one's to open.
    if (!standing.commitments.some((one) => one.commitment === commitment) || journal.isTooMuch("result")) return;
    await journal.say({ kind: "result", body: encodeAnswer({ ...found, seen: seen.sort() }) });
  }

  #found({ job, attempt }: OpenJob, outcome: Outcome): Omit<Answer, "seen"> {
    const nonce = deriveKey(this.#o.secret, `agents/answer/${job.id}/${attempt.number}/v1`);
    return { job: job.id, attempt: attempt.number, nonce, outcome };
  }
}
