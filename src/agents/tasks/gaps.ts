/**
 * Questions of this machine that nothing was found for. They are kept in its memory and said to nobody: what one asks is
 * private. So no lease and no result is said of them, and their ids mean nothing elsewhere.
 *
 *   asked, nothing found -> a task `fill_gap` -> somebody contributes -> asked again, found: it goes
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { utf8Encode } from "../../core/bytes.ts";
import { randomBytes } from "../../core/random.ts";
import type { Task } from "./task.ts";
import { idOf } from "./task-ids.ts";

export interface Question {
  readonly domain: string | null;
  readonly words: string;
}

interface Gap extends Question {
  readonly askedAtMs: number;
}

export class Gaps {
  /** The oldest first. */
  readonly #gaps = new Map<string, Gap>();
  /** So that nobody who sees an id finds the question by guessing. */
  readonly #salt: Uint8Array = randomBytes(32);

  asked(question: Question, isFound: boolean, nowMs: number): void {
    const id = this.#idOf(question);
    this.#gaps.delete(id);
    if (isFound) return;
    this.#gaps.set(id, { ...question, askedAtMs: nowMs });
    const [oldest] = this.#gaps.keys();
    if (this.#gaps.size > AGENT_LIMITS.gaps && oldest !== undefined) this.#gaps.delete(oldest);
  }

  has(id: string): boolean {
    return this.#gaps.has(id);
  }

  tasks(nowMs: number): Task[] {
    for (const [id, { askedAtMs }] of this.#gaps) if (askedAtMs <= nowMs - AGENT_LIMITS.gapMs) this.#gaps.delete(id);
    return [...this.#gaps].map(([id, { domain, words }]): Task => {
      const reason = words === "" ? "Nothing is known of this domain." : `Nothing was found for: ${words}`;
      const nothing = { entries: [], lease: null, result: null, checks: [] };
      return { id, type: "fill_gap", domain, reason, state: "open", ...nothing };
    });
  }

  #idOf(question: Question): string {
    return idOf("nocturne/agents/gap/v1", this.#salt, utf8Encode(JSON.stringify([question.domain, question.words])));
  }
}
