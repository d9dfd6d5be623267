/**
 * Waits for the disk that many share: of a hundred small files that come at once, each is on the disk before it is said
 * to be, but the folder is synced, and the vault's transaction committed, once for all that are ready.
 */

/** Runs of one sync, such as that of a folder. */
export class SharedSync {
  readonly #sync: () => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves after a sync that began after this call; whoever comes while one is running shares the one after it. */
  run(): Promise<void> {
    if (this.#next) return this.#next;
    const next = this.#last.then(() => {
      this.#next = null;
      return this.#sync();
    });
    this.#next = next;
    this.#last = next.catch(() => undefined);
    return next;
  }
}

interface Waiting {
  readonly work: () => void;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Pieces of work of which each counts once it is committed, in as few transactions as possible. */
export class SharedTransaction {
  readonly #transaction: (work: () => void) => void;
  #waiting: Waiting[] = [];

  /** `transaction` commits all that its `work` did, or undoes it and throws. */
  constructor(transaction: (work: () => void) => void) {
    this.#transaction = transaction;
  }

  /**
   * What `work` returned, once that is committed, or what it threw. What fails is undone alone: then all of its
   * transaction run again, each in one of its own. So `work`, which is synchronous, must bear to be run twice.
   */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      const entry = { work: () => void (result = work()), done: () => resolve(result), failed: reject };
      if (this.#waiting.push(entry) === 1) setImmediate(() => this.#commitAll());
    });
  }

  #commitAll(): void {
    const all = this.#waiting.splice(0);
    try {
      this.#commit(all);
    } catch (error) {
      if (all.length === 1) all[0]?.failed(error);
      else for (const one of all) this.#commitAlone(one);
    }
  }

  #commitAlone(one: Waiting): void {
    try {
      this.#commit([one]);
    } catch (error) {
      one.failed(error);
    }
  }

  #commit(all: readonly Waiting[]): void {
    this.#transaction(() => {
      for (const { work } of all) work();
    });
    for (const { done } of all) done();
  }
}
