/** Asking a person at the terminal, and reading secrets from stdin; never from an argument, which others can see. */

import process from "node:process";
import { UsageError } from "../core/errors.ts";
import { InterruptedError } from "./exit-codes.ts";

const STDIN_BYTES = 64 * 1024;

export class Prompt {
  readonly #allowed: boolean;

  /** `allowed` is false when the person, or --json, said that nobody is to be asked. */
  constructor(allowed: boolean) {
    this.#allowed = allowed && process.stdin.isTTY && process.stderr.isTTY;
  }

  /** A secret typed without echo; null when nobody can be asked. */
  async secret(question: string): Promise<string | null> {
    if (!this.#allowed) return null;
    const { password, isCancel } = await import("@clack/prompts");
    const answer = await password({ message: question, output: process.stderr });
    if (isCancel(answer)) throw new InterruptedError();
    return answer;
  }

  /** A new secret, typed twice; null when nobody can be asked. */
  async newSecret(question: string): Promise<string | null> {
    const first = await this.secret(question);
    if (first === null) return null;
    if ((await this.secret("The same once more")) !== first) {
      throw new UsageError("secrets_differ", "The two entries differ, so nothing was changed.", { hint: "Try again." });
    }
    return first;
  }

  /** A question with yes or no; no when nobody can be asked. */
  async confirm(question: string): Promise<boolean> {
    if (!this.#allowed) return false;
    const { confirm, isCancel } = await import("@clack/prompts");
    const answer = await confirm({ message: question, output: process.stderr, initialValue: false });
    if (isCancel(answer)) throw new InterruptedError();
    return answer;
  }

  /** Asks, or where nobody can be asked reads it from stdin; `what` names it in a sentence. */
  async secretOrStdin(question: string, what: string): Promise<string> {
    return (await this.secret(question)) ?? this.stdin(what);
  }

  /** All of stdin, as `readAll` does. At a terminal where nobody is to be asked it throws at once: it would wait forever. */
  stdin(what: string, limitBytes: number = STDIN_BYTES): Promise<string> {
    if (process.stdin.isTTY && !this.#allowed) return Promise.reject(stdinEmpty(what));
    return readAll(process.stdin, what, limitBytes);
  }
}

/**
 * A whole stream as text without the line break at its end. Throws UsageError `stdin_too_long`, `stdin_empty`,
 * `stdin_not_text`.
 */
export async function readAll(source: AsyncIterable<Uint8Array>, what: string, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > limitBytes) {
      throw new UsageError("stdin_too_long", `Too much came on stdin for ${what}.`, {
        hint: "Check what is piped in.",
      });
    }
  }
  const text = decode(Buffer.concat(chunks), what).replace(/\r?\n$/, "");
  if (text === "") throw stdinEmpty(what);
  return text;
}

/** Strictly: a replaced byte would make another password of it, which nobody could type again. */
function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new UsageError("stdin_not_text", `What came on stdin for ${what} is not UTF-8 text.`, {
      hint: "Check what is piped in.",
    });
  }
}

function stdinEmpty(what: string): UsageError {
  return new UsageError("stdin_empty", `Nothing came on stdin, but ${what} is expected there.`, {
    hint: "Pipe it in, or type it at a terminal.",
  });
}
