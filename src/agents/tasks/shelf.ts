/**
 * What operators said of one kind, the newest of each operator: so who says much pushes out his own words and nobody else's.
 *
 *   add -> by operator, by time: the oldest of more than `most` goes    about -> all that is about one thing, by time
 *
 * What is kept follows from what was said, whatever the order in which it came and however often.
 */
import type { OperatorId } from "../agent-ids.ts";

export interface Word {
  /** What is said again counts from then on. */
  readonly id: string;
  /** What it is about. */
  readonly subject: string;
  readonly operator: OperatorId;
  /** As his log says. */
  readonly madeAtMs: number;
}

export class Shelf<T extends Word> {
  readonly #most: number;
  readonly #words = new Map<string, T>();
  readonly #byOperator = new Map<OperatorId, T[]>();
  readonly #bySubject = new Map<string, Set<T>>();

  constructor(most: number) {
    this.#most = most;
  }

  add(word: T): void {
    const known = this.#words.get(word.id);
    if (known && known.madeAtMs >= word.madeAtMs) return;
    if (known) this.#remove(known);
    this.#put(word);
    const words = this.of(word.operator);
    if (words.length > this.#most) this.#remove(words[0] as T);
  }

  get(id: string): T | null {
    return this.#words.get(id) ?? null;
  }

  /** By time, then by operator. */
  about(subject: string): T[] {
    return [...(this.#bySubject.get(subject) ?? [])].sort(compareWords);
  }

  /** Of one operator, by time. */
  of(operator: OperatorId): readonly T[] {
    return this.#byOperator.get(operator) ?? [];
  }

  /** In no order. */
  all(): Iterable<T> {
    return this.#words.values();
  }

  #put(word: T): void {
    this.#words.set(word.id, word);
    const words = this.#byOperator.get(word.operator) ?? [];
    const at = words.findLastIndex((one) => compareWords(one, word) < 0) + 1;
    words.splice(at, 0, word);
    this.#byOperator.set(word.operator, words);
    const about = this.#bySubject.get(word.subject) ?? new Set();
    this.#bySubject.set(word.subject, about.add(word));
  }

  #remove(word: T): void {
    this.#words.delete(word.id);
    const words = this.#byOperator.get(word.operator) ?? [];
    words.splice(words.indexOf(word), 1);
    const about = this.#bySubject.get(word.subject);
    about?.delete(word);
    if (about?.size === 0) this.#bySubject.delete(word.subject);
  }
}

function compareWords(a: Word, b: Word): number {
  if (a.madeAtMs !== b.madeAtMs) return a.madeAtMs - b.madeAtMs;
  if (a.operator !== b.operator) return a.operator < b.operator ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
