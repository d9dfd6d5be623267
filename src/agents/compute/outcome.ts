/**
 * What a program of strangers is given, and what comes of it: equal on all machines, or the machine says nothing.
 *
 *   JobRun    program, a module | input, JSON | fuel | seed of its random numbers
 *   Outcome   output, JSON, or how it failed | fuel that was used
 *
 * Fuel is counted in steps of the interpreter, of 10,000 calls and jumps back each; the last one that was begun counts.
 */

export interface JobRun {
  /** JavaScript: a module that exports `default function (input)`; the answer may be a promise of one. */
  readonly program: string;
  /** JSON. */
  readonly input: string;
  /** Most steps. */
  readonly fuel: number;
  /** 32 hex digits or more: its random numbers are always the same. */
  readonly seed: string;
}

/**
 * Numbers are never given twice. Each follows from the program alone: what does not, such as a machine that is slow, is no
 * outcome.
 */
export const FAILURES = {
  /**
   * It threw: by itself, for lack of memory or of stack, for wrong syntax, or there is no function, or its promise stays
   * open.
   */
  threw: 1,
  /** It had no fuel left. */
  fuel: 2,
  /** The answer is no JSON, or too long. */
  answer: 3,
} as const;

export type Failure = keyof typeof FAILURES;

export interface Outcome {
  readonly failure: Failure | null;
  /** Canonical JSON; empty after a failure. */
  readonly output: string;
  readonly fuel: number;
}
