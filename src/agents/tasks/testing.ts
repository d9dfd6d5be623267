/** For tests: a task book, entries it can ask for, and operators who say things, by name. */
import type { DeviceId, EntryId, OperatorId } from "../agent-ids.ts";
import type { Failure } from "../compute/outcome.ts";
import type { KnowledgeEntry } from "../knowledge/entry.ts";
import type { EntryLevel } from "../knowledge/entry-level.ts";
import { entryWith, idOf, NETWORK, NOW, operatorCalled } from "../knowledge/testing.ts";
import type { StatementKind } from "../statement.ts";
import { type Answer, answerCommitmentOf, encodeAnswer } from "./answer.ts";
import { encodeJob, type Job, jobIdOf } from "./job.ts";
import { encodeLease } from "./lease.ts";
import type { Task, TaskType } from "./task.ts";
import { TaskBook } from "./task-book.ts";
import type { AnswerCommitment, JobId } from "./task-ids.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

interface Shown {
  readonly entry: KnowledgeEntry;
  readonly madeAtMs: number;
  level: EntryLevel;
  supersededBy: EntryId | null;
  votes: number;
}

/** What was heard, to be heard again in another order. */
type Heard = (book: TaskBook) => void;

export class TestBook {
  book: TaskBook;
  readonly entries: Map<EntryId, Shown> = new Map();
  /** Who has no standing. */
  readonly strangers: Set<OperatorId> = new Set();
  readonly #heard: Heard[] = [];
  #said = 0;

  constructor() {
    this.book = this.#newBook();
  }

  put(changes: Partial<KnowledgeEntry> = {}, madeAtMs: number = NOW - HOUR_MS): EntryId {
    const entry = entryWith({ content: `entry ${this.entries.size}`, ...changes });
    const id = idOf(entry);
    this.entries.set(id, { entry, madeAtMs, level: "low", supersededBy: null, votes: 0 });
    this.#hear((book) => book.hearEntry(id, entry, madeAtMs));
    return id;
  }

  /** What the device of the operator with this name says. */
  say(name: string, kind: StatementKind, body: Uint8Array, madeAtMs: number = NOW): void {
    const statement = { kind, network: NETWORK, body };
    const said = { device: `device of ${name}` as DeviceId, sequence: ++this.#said, madeAtMs, statement };
    this.#hear((book) => book.hear(said, operatorCalled(name)));
  }

  tasks(type: TaskType, nowMs: number = NOW): Task[] {
    return this.book.tasks(nowMs).filter((task) => task.type === type);
  }

  /** A book that heard the same, twice and the last first. */
  reversed(): TaskBook {
    const book = this.#newBook();
    for (const hear of [...this.#heard, ...this.#heard].reverse()) hear(book);
    return book;
  }

  #hear(hear: Heard): void {
    this.#heard.push(hear);
    hear(this.book);
  }

  #newBook(): TaskBook {
    return new TaskBook(NETWORK, {
      entry: (id) => {
        const shown = this.entries.get(id);
        return shown ? { id, ...shown } : null;
      },
      votes: (id) => this.entries.get(id)?.votes ?? 0,
      isEnrolled: (operator) => !this.strangers.has(operator),
    });
  }
}

export function jobWith(changes: Partial<Job> = {}): Job {
  const program = "export default (n) => n + 1";
  return { program, input: "1", replicas: 3, agree: 2, fuel: 100, notAfterMs: NOW + 24 * HOUR_MS, ...changes };
}

/** Its id, made by `author` at `NOW`. */
export function post(test: TestBook, author: string = "author", changes: Partial<Job> = {}): JobId {
  const body = encodeJob(jobWith(changes));
  test.say(author, "job", body);
  return jobIdOf(NETWORK, operatorCalled(author), body);
}

/** What an operator finds of a job, and when he says so; times are minutes from `NOW`. */
export interface Found {
  readonly name: string;
  readonly output: string;
  readonly failure?: Failure;
  readonly fuel?: number;
  readonly attempt?: number;
  readonly commit?: number;
  readonly open?: number;
}

export function answerOf(job: JobId, { name, output, failure, fuel = 7, attempt = 0 }: Found): Omit<Answer, "seen"> {
  const nonce = new Uint8Array(32).fill(name.length);
  return { job, attempt, nonce, outcome: { failure: failure ?? null, output: failure ? "" : output, fuel } };
}

export function commitmentBy(job: JobId, found: Found): AnswerCommitment {
  return answerCommitmentOf(answerOf(job, found), NETWORK, operatorCalled(found.name));
}

export function commit(test: TestBook, job: JobId, found: Found): void {
  const { attempt = 0, commit: at = 60 * attempt + 1 } = found;
  const commitment = commitmentBy(job, found);
  const lease = encodeLease({ kind: "commitment", job, attempt, commitment });
  test.say(found.name, "lease", lease, NOW + at * MINUTE_MS);
}

/** Names what these others committed to, and its own. */
export function open(test: TestBook, job: JobId, found: Found, seen: readonly Found[]): void {
  const { attempt = 0, open: at = 60 * attempt + 5 } = found;
  const names = [...new Set([found, ...seen].map((one) => commitmentBy(job, one)))].sort();
  test.say(found.name, "result", encodeAnswer({ ...answerOf(job, found), seen: names }), NOW + at * MINUTE_MS);
}

/** All of them commit, then open, each having seen all. */
export function answerAll(test: TestBook, job: JobId, all: readonly Found[]): void {
  for (const found of all) commit(test, job, found);
  for (const found of all) open(test, job, found, all);
}
