/**
 * What operators did about tasks, and what others found of it.
 *
 *   result   done        nobody found anything of it
 *            checked     more operators found it right than wrong
 *            disputed    others
 *
 * Of each operator the last check of a result counts, and none of one's own results: there must be another who looked.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import type { NetworkId, OperatorId } from "../agent-ids.ts";
import type { IsEnrolled } from "../votes/tally-book.ts";
import type { Verdict } from "./back-off.ts";
import { readCheck } from "./check.ts";
import type { Place } from "./job-words.ts";
import { Shelf, type Word } from "./shelf.ts";
import { type TaskAbout, taskIdOf } from "./task-about.ts";
import type { ResultId, TaskId } from "./task-ids.ts";
import { readTaskResult, resultIdOf, type TaskResult } from "./task-result.ts";

interface KnownResult extends Word, TaskResult {
  readonly id: ResultId;
}

interface KnownCheck extends Word {
  readonly isRight: boolean;
  readonly note: string;
}

export interface ResultStanding {
  readonly result: KnownResult;
  readonly state: "done" | "checked" | "disputed";
  /** By time, one an operator. */
  readonly checks: readonly KnownCheck[];
}

export class ResultBook {
  readonly #network: NetworkId;
  readonly #isEnrolled: IsEnrolled;
  readonly #results = new Shelf<KnownResult>(AGENT_LIMITS.resultsOfAnOperator);
  readonly #checks = new Shelf<KnownCheck>(AGENT_LIMITS.checksOfAnOperator);

  constructor(network: NetworkId, isEnrolled: IsEnrolled) {
    [this.#network, this.#isEnrolled] = [network, isEnrolled];
  }

  hearResult(body: Uint8Array, { operator, madeAtMs }: Place): void {
    const result = readTaskResult(body);
    if (!result) return;
    const [id, subject] = [resultIdOf(this.#network, operator, body), taskIdOf(this.#network, result.about)];
    this.#results.add({ ...result, id, subject, operator, madeAtMs });
  }

  hearCheck(body: Uint8Array, { operator, madeAtMs, position }: Place): void {
    const check = readCheck(body);
    if (!check) return;
    const { result, isRight, note } = check;
    this.#checks.add({ id: position, subject: result, operator, madeAtMs, isRight, note });
  }

  /**
   * The one that is shown: the first that was checked, else the first that is not disputed, else the first. Null without
   * any.
   */
  best(task: TaskId): ResultStanding | null {
    const all = this.#counted(this.#results.about(task)).map((result) => this.#stand(result));
    const order = ["checked", "done", "disputed"] as const;
    return order.map((state) => all.find((one) => one.state === state)).find((one) => one !== undefined) ?? null;
  }

  /** What was done since then, the newest first. */
  aboutSince(fromMs: number): TaskAbout[] {
    const recent = this.#counted([...this.#results.all()]).filter(({ madeAtMs }) => madeAtMs >= fromMs);
    return recent.sort((a, b) => b.madeAtMs - a.madeAtMs || (a.id < b.id ? -1 : 1)).map(({ about }) => about);
  }

  /** What others found of the operator's results. */
  verdicts(operator: OperatorId): Verdict[] {
    return this.#counted(this.#results.of(operator)).flatMap((result) => {
      const { state, checks } = this.#stand(result);
      const isRight = state === "checked";
      const found = checks.filter((check) => check.isRight === isRight);
      const isFound = isRight || (state === "disputed" && found.length >= AGENT_LIMITS.wrongChecks);
      return isFound ? { isRight, atMs: Math.max(...found.map(({ madeAtMs }) => madeAtMs)) } : [];
    });
  }

  #stand(result: KnownResult): ResultStanding {
    const others = this.#counted(this.#checks.about(result.id)).filter(({ operator }) => operator !== result.operator);
    const checks = [...new Map(others.map((check) => [check.operator, check])).values()];
    const right = checks.filter(({ isRight }) => isRight).length;
    const state = checks.length === 0 ? "done" : 2 * right > checks.length ? "checked" : "disputed";
    return { result, state, checks };
  }

  /** Of operators who had standing when they said it. */
  #counted<T extends Word>(words: readonly T[]): T[] {
    return words.filter(({ operator, madeAtMs }) => this.#isEnrolled(operator, madeAtMs));
  }
}
