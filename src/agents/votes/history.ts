/** What something was, round by round: only rounds that changed it are kept, and everything from some round on can be forgotten. */
export class History<T> {
  readonly #rounds: number[] = [];
  readonly #values: T[] = [];

  /** Forgets later rounds. */
  set(round: number, value: T): void {
    this.forget(round);
    this.#rounds.push(round);
    this.#values.push(value);
  }

  /** As it was when `round` began. */
  before(round: number): T | null {
    return this.#values[countBelow(this.#rounds, round) - 1] ?? null;
  }

  /** What it was before `round`, first to last. */
  listBefore(round: number): T[] {
    return this.#values.slice(0, countBelow(this.#rounds, round));
  }

  /** The first round that is kept. */
  get first(): number | null {
    return this.#rounds[0] ?? null;
  }

  /** Everything of this round and later ones. */
  forget(round: number): void {
    const count = countBelow(this.#rounds, round);
    this.#rounds.length = count;
    this.#values.length = count;
  }
}

/** How many of the rising numbers are smaller. */
export function countBelow(rising: readonly number[], value: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
