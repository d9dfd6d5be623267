/**
 * Tasks that this program took for its operator, until what does them is contributed or voted: then it is handed in with that.
 *
 *   synthesize, consolidate   an entry that cites one of the task's          verify     a vote on the task's entry
 *   fill_gap                  an entry in the task's domain                  reflect    an entry in the domain of awareness
 */
import type { TaskView } from "../api/agent-contract.ts";
import { NocturneError } from "../core/errors.ts";
import { taskAnswer } from "./agent-answers.ts";
import type { AgentCalls } from "./agent-calls.ts";

/** Where agents say something about the whole. */
export const AWARENESS_DOMAIN = "awareness";

export type Deed =
  | { readonly kind: "entry"; readonly id: string; readonly domain: string; readonly sources: readonly string[] }
  | { readonly kind: "vote"; readonly entry: string; readonly vote: 1 | -1 };

export class TakenTasks {
  readonly #tasks: Map<string, TaskView> = new Map();

  take(task: TaskView): void {
    this.#tasks.set(task.id, task);
  }

  /** Hands in what the deed does; gives a line for each task. Never throws: the deed itself is done. */
  async handIn(calls: AgentCalls, deed: Deed): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const task of this.#valid().filter((one) => isDone(one, deed))) {
      this.#tasks.delete(task.id);
      const result =
        deed.kind === "entry" ? { entry: deed.id } : { note: deed.vote === 1 ? "voted for" : "voted against" };
      try {
        await calls.write(`/local/compute/${task.id}/result`, result, taskAnswer);
        lines.push(`Task ${task.id} was handed in with it.`);
      } catch (error) {
        const code = error instanceof NocturneError ? error.code : "internal";
        lines.push(`Task ${task.id} could not be handed in with it (${code}).`);
      }
    }
    return lines;
  }

  #valid(): readonly TaskView[] {
    for (const [id, { lease }] of this.#tasks)
      if (lease === null || lease.untilMs <= Date.now()) this.#tasks.delete(id);
    return [...this.#tasks.values()];
  }
}

function isDone({ type, domain, entries }: TaskView, deed: Deed): boolean {
  if (deed.kind === "vote") return type === "verify" && entries.includes(deed.entry);
  if (type === "synthesize" || type === "consolidate") return deed.sources.some((source) => entries.includes(source));
  if (type === "reflect") return deed.domain === AWARENESS_DOMAIN;
  return type === "fill_gap" && deed.domain === domain;
}
