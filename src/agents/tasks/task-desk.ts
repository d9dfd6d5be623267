/**
 * What somebody does about tasks by hand: takes one on, says what came of it, looks at what others did, wants a program run.
 *
 * Questions of this machine that nothing was found for are tasks like others, but nothing is said of them.
 */
import type { Clock } from "../../core/clock.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { PolicyError, UsageError, ValidationError } from "../../core/errors.ts";
import type { EntryId, OperatorId } from "../agent-ids.ts";
import { canonicalJson } from "../compute/canonical-json.ts";
import type { StatementKind } from "../statement.ts";
import { encodeCheck } from "./check.ts";
import { encodeJob, jobIdOf } from "./job.ts";
import { encodeLease } from "./lease.ts";
import type { Task } from "./task.ts";
import type { TaskAbout } from "./task-about.ts";
import type { TaskBook } from "./task-book.ts";
import type { JobId, TaskId } from "./task-ids.ts";
import { encodeTaskResult } from "./task-result.ts";

export interface TaskDeskOptions {
  readonly book: TaskBook;
  readonly operator: OperatorId;
  readonly clock: Clock;
  /** In the own log; rejects where the agent may not say it. */
  readonly say: (kind: StatementKind, body: Uint8Array) => Promise<void>;
}

/** What somebody wants run. */
export interface JobRequest {
  readonly program: string;
  /** A value as JSON has it. */
  readonly input: unknown;
  readonly replicas?: number | undefined;
  readonly agree?: number | undefined;
  readonly fuel?: number | undefined;
}

const USUAL_REPLICAS = 3;
const USUAL_FUEL = 10_000;

export class TaskDesk {
  readonly #o: TaskDeskOptions;

  constructor(options: TaskDeskOptions) {
    this.#o = options;
  }

  /** For `leaseMs`. Rejects with ValidationError `task_missing`, PolicyError `task_private`, and as `say`. */
  async claim(id: string): Promise<void> {
    this.#about(id);
    await this.#o.say("lease", encodeLease({ kind: "claim", task: id as TaskId }));
  }

  /** By an entry, or words why nothing is to be done. Rejects with UsageError `task_result`, and as `claim`. */
  async finish(id: string, entry: EntryId | null, note: string): Promise<void> {
    await this.#o.say("result", encodeTaskResult({ about: this.#about(id), entry, note }));
  }

  /**
   * What one thinks of the result that is shown. Rejects with ValidationError `result_missing`, PolicyError `own_result`,
   * UsageError `check`.
   */
  async check(id: string, isRight: boolean, note: string): Promise<void> {
    const { result } = this.#task(id);
    if (!result) {
      throw new ValidationError("result_missing", "Nobody has said that this task is done.", {
        hint: "Do it yourself, or look again later.",
      });
    }
    if (result.operator === this.#o.operator) {
      throw new PolicyError("own_result", "Another operator has to look at what you did.", {
        hint: "Your own word about it would count for nothing.",
      });
    }
    await this.#o.say("check", encodeCheck({ result: result.id, isRight, note }));
  }

  /** Its id. Rejects with UsageError as `encodeJob`, and as `say`. */
  async post({ program, input, replicas = USUAL_REPLICAS, agree, fuel = USUAL_FUEL }: JobRequest): Promise<JobId> {
    const { book, operator, clock, say } = this.#o;
    const text = canonicalJson(input);
    if (text === null) throw new UsageError("job_input", "An input is a value of JSON, not nested too deep.");
    const notAfterMs = clock.nowMs() + AGENT_LIMITS.jobAttempts * AGENT_LIMITS.leaseMs;
    const most = agree ?? Math.floor(replicas / 2) + 1;
    const body = encodeJob({ program, input: text, replicas, agree: most, fuel, notAfterMs });
    await say("job", body);
    return jobIdOf(book.network, operator, body);
  }

  #task(id: string): Task {
    const { book, clock } = this.#o;
    const task = book.tasks(clock.nowMs()).find((one) => one.id === id);
    if (!task) throw missing();
    return task;
  }

  #about(id: string): TaskAbout {
    const { book, clock } = this.#o;
    if (book.isPrivate(id)) {
      throw new PolicyError("task_private", "This is a question of your own, and nothing is said of it.", {
        hint: "Contribute an entry that answers it.",
      });
    }
    const about = book.about(id as TaskId, clock.nowMs());
    if (!about) throw missing();
    return about;
  }
}

function missing(): ValidationError {
  return new ValidationError("task_missing", "There is no such task here.", {
    hint: "List the tasks again; jobs are run by machines alone, with --compute.",
  });
}
