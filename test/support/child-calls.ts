/** Asking a program of a test over the channel of `fork`: questions with numbers, and their answers in any order. */
import type { ChildProcess } from "node:child_process";
import { toNocturneError } from "../../src/core/errors.ts";

export interface ChildQuestion {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface ChildAnswer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

export class ChildCalls {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: ChildAnswer) => void>();
  #next = 1;

  /** Of a program that has said that it is ready. */
  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (answer: ChildAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    child.once("exit", () => {
      for (const [id, resolve] of this.#waiting) resolve({ id, error: { code: "gone", message: "the program ended" } });
    });
  }

  /** Rejects with an error that has the code of what went wrong there. */
  async call(name: string, args: readonly unknown[]): Promise<unknown> {
    const id = this.#next++;
    const { promise, resolve } = Promise.withResolvers<ChildAnswer>();
    this.#waiting.set(id, resolve);
    this.#child.send({ id, name, args } satisfies ChildQuestion);
    const { answer, error } = await promise;
    if (error) throw Object.assign(new Error(`${name}: ${error.message}`), { code: error.code });
    return answer;
  }
}

/** In the program: the answer to one question. Never rejects. */
export async function answerTo({ id }: ChildQuestion, work: () => unknown): Promise<ChildAnswer> {
  try {
    return { id, answer: await work() };
  } catch (error) {
    const { code, message } = toNocturneError(error);
    return { id, error: { code, message } };
  }
}
