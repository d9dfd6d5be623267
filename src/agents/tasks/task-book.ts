/**
 * All work of a network, and how it stands: a function of what was said, whatever the order and however often.
 *
 *   entries                     ->  recent entries  ->  emergence: what there is to do
 *   leases, results, checks     ->  who is on it, what was done, whether others found it right
 *   jobs, commitments, answers  ->  JobBook
 *
 * Only who had standing when he said it counts. Nothing here says anything, and nothing needs a lease: two who do the same
 * task lose some time and nothing else.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { EntryId, NetworkId, OperatorId } from "../agent-ids.ts";
import type { Said } from "../journal/said.ts";
import type { KnowledgeEntry } from "../knowledge/entry.ts";
import { backOffUntil } from "./back-off.ts";
import { type EmergentTask, emergentTasks } from "./emergence.ts";
import { Gaps, type Question } from "./gaps.ts";
import { JobBook, type JobStanding } from "./job-book.ts";
import type { Place } from "./job-words.ts";
import { readLease } from "./lease.ts";
import { RecentEntries } from "./recent-entries.ts";
import { ResultBook, type ResultStanding } from "./result-book.ts";
import { Shelf, type Word } from "./shelf.ts";
import { type EntrySource, Survey } from "./survey.ts";
import type { Task, TaskLease } from "./task.ts";
import { AWARENESS_DOMAIN, type TaskAbout, taskIdOf } from "./task-about.ts";
import type { TaskId } from "./task-ids.ts";

export class TaskBook {
  readonly jobs: JobBook;
  readonly network: NetworkId;
  readonly #source: EntrySource;
  readonly #recent = new RecentEntries();
  readonly #claims = new Shelf<Word>(AGENT_LIMITS.leasesOfAnOperator);
  readonly #results: ResultBook;
  readonly #gaps = new Gaps();
  /** Of tasks that were seen here: an entry that does a task is said before the result, and ends it. The oldest first. */
  readonly #seen = new Map<TaskId, TaskAbout>();

  constructor(network: NetworkId, source: EntrySource) {
    [this.network, this.#source] = [network, source];
    this.jobs = new JobBook(network, source.isEnrolled);
    this.#results = new ResultBook(network, source.isEnrolled);
  }

  /** An entry that is the operator's own word. */
  hearEntry(id: EntryId, entry: KnowledgeEntry, madeAtMs: number): void {
    this.#recent.add(id, entry, madeAtMs);
  }

  /** What an operator's device said and counts; anything that is no work changes nothing. */
  hear(said: Pick<Said, "device" | "sequence" | "madeAtMs" | "statement">, operator: OperatorId): void {
    const { kind, body } = said.statement;
    const place: Place = { operator, madeAtMs: said.madeAtMs, position: `${said.device}/${said.sequence}` };
    if (kind === "job") this.jobs.words.hearJob(body, place);
    if (kind === "lease") this.#hearLease(body, place);
    if (kind === "check") this.#results.hearCheck(body, place);
    if (kind !== "result") return;
    this.#results.hearResult(body, place);
    this.jobs.words.hearAnswer(body, place);
  }

  /** A question of this machine; it stays here. */
  asked(question: Question, isFound: boolean, nowMs: number): void {
    this.#gaps.asked(question, isFound, nowMs);
  }

  /** Whether it is a question of this machine, of which nothing is said. */
  isPrivate(id: string): boolean {
    return this.#gaps.has(id);
  }

  /** What there is to do, and what was done lately. */
  tasks(nowMs: number): Task[] {
    const known = [...this.#known(nowMs)].map(([id, task]) => this.#stand(id, task, nowMs));
    return [...known, ...this.#jobTasks(nowMs), ...this.#gaps.tasks(nowMs)];
  }

  /** What a task is about, to be said with its result; null for one that is not here, and was not looked at here lately. */
  about(id: TaskId, nowMs: number): TaskAbout | null {
    return this.#known(nowMs).get(id)?.about ?? this.#seen.get(id) ?? null;
  }

  /** Until when an operator has to wait by what others found of his results; 0 for who need not. */
  backOffUntil(operator: OperatorId, nowMs: number): number {
    const verdicts = [...this.#results.verdicts(operator), ...this.jobs.verdicts(operator, nowMs)];
    return backOffUntil(verdicts, nowMs);
  }

  #hearLease(body: Uint8Array, place: Place): void {
    const lease = readLease(body);
    if (lease?.kind === "commitment") this.jobs.words.hearCommitment(lease, place);
    if (lease?.kind !== "claim") return;
    const { operator, madeAtMs, position } = place;
    this.#claims.add({ id: position, subject: lease.task, operator, madeAtMs });
  }

  /** What emerges, then what was done and does not emerge any more. */
  #known(nowMs: number): Map<TaskId, EmergentTask> {
    const emergent = emergentTasks(new Survey(this.#recent.rising(), this.#source, nowMs));
    const tasks = new Map(emergent.map((task) => [taskIdOf(this.network, task.about), task]));
    this.#remember(tasks);
    let done = 0;
    for (const about of this.#results.aboutSince(nowMs - AGENT_LIMITS.taskShownMs)) {
      const id = taskIdOf(this.network, about);
      if (done === AGENT_LIMITS.tasksOfAType) break;
      if (tasks.has(id)) continue;
      const entries = about.type === "reflect" ? [] : [about.entry];
      tasks.set(id, { about, reason: "Somebody did this.", entries });
      done++;
    }
    return tasks;
  }

  #remember(tasks: ReadonlyMap<TaskId, EmergentTask>): void {
    for (const [id, { about }] of tasks) {
      this.#seen.delete(id); // to the end of the order
      this.#seen.set(id, about);
    }
    for (const id of this.#seen.keys()) {
      if (this.#seen.size <= AGENT_LIMITS.tasksSeen) return;
      this.#seen.delete(id);
    }
  }

  #stand(id: TaskId, { about, reason, entries }: EmergentTask, nowMs: number): Task {
    const best = this.#results.best(id);
    const isFree = best === null || best.state === "disputed";
    const lease = isFree ? this.#leaseOf(id, nowMs) : null;
    const domain = about.type === "reflect" ? AWARENESS_DOMAIN : about.domain;
    const state = best?.state ?? (lease ? "leased" : "open");
    return { id, type: about.type, domain, reason, entries, state, lease, ...shown(best) };
  }

  /** The first of those that last counts; who has to wait has none. */
  #leaseOf(id: TaskId, nowMs: number): TaskLease | null {
    const { leaseMs } = AGENT_LIMITS;
    const lasting = this.#claims.about(id).find(({ operator, madeAtMs }) => {
      const isNow = madeAtMs <= nowMs && nowMs < madeAtMs + leaseMs;
      return isNow && this.#source.isEnrolled(operator, madeAtMs) && this.backOffUntil(operator, madeAtMs) <= madeAtMs;
    });
    return lasting ? { operator: lasting.operator, untilMs: lasting.madeAtMs + leaseMs } : null;
  }

  #jobTasks(nowMs: number): Task[] {
    return this.jobs.open(nowMs).slice(0, AGENT_LIMITS.tasksOfAType).map(jobTask);
  }
}

function jobTask({ job, commitments }: JobStanding): Task {
  const wanted = Math.max(0, job.replicas - commitments.length);
  const reason = `${wanted} more operators are wanted who run this job.`;
  const nothing = { domain: null, entries: [], lease: null, result: null, checks: [] };
  return { id: job.id, type: "compute", reason, state: wanted > 0 ? "open" : "leased", ...nothing };
}

function shown(best: ResultStanding | null): Pick<Task, "result" | "checks"> {
  if (!best) return { result: null, checks: [] };
  const { id, operator, entry, note } = best.result;
  const checks = best.checks.map((check) => ({ operator: check.operator, isRight: check.isRight, note: check.note }));
  return { result: { id, operator, entry, note }, checks };
}
