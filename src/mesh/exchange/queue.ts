/**
 * Values on their way from the one who reads a connection to the one who works: in order, taken once. The one who puts
 * them in keeps to a limit, by credit or by a count.
 */
export class Queue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #end: { readonly error?: unknown } | null = null;
  #wake: (() => void) | null = null;

  get length(): number {
    return this.#values.length;
  }

  push(value: T): void {
    if (this.#end) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** What is inside is still taken. */
  close(): void {
    this.#finish({});
  }

  /** What is inside is still taken, then the error is thrown. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  /** What nobody has taken, which nobody takes any more. */
  clear(): T[] {
    return this.#values.splice(0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#values.length > 0) yield this.#values.shift() as T;
      if (this.#end) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end ??= end;
    this.#wake?.();
  }
}
