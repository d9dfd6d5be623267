/**
 * One thing after the other for each key, and any number of keys at once: what looks at a fragment's file and then
 * changes its rows must not meet whoever deletes that file.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Does `work` once all that was asked for before under this key is over, however it ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const over: Promise<void> = turn.then(
      () => this.#leave(key, over),
      () => this.#leave(key, over),
    );
    this.#last.set(key, over);
    return turn;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  #leave(key: string, over: Promise<void>): void {
    if (this.#last.get(key) === over) this.#last.delete(key);
  }
}
