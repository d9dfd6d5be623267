/**
 * Many changes that wait for the disk once.
 *
 *   round 1   |-- transaction --|-- sync of the log, in another thread --| acknowledged
 *   round 2        what comes meanwhile waits .......................... |-- transaction --|-- ...
 *
 * SQLite's own sync would stop the whole process at every commit, for as long as the disk takes; a node that many write
 * to would do little else.
 */
import { SharedSync } from "../../files/together.ts";

interface Entry {
  readonly work: () => void;
  failure: { readonly error: unknown } | null;
}

export interface Committing {
  /** Commits all that its work did, or undoes it and throws; on the disk once `sync` resolved. */
  transaction(work: () => void): void;
  sync(): Promise<void>;
}

export class GroupCommit {
  readonly #database: Committing;
  readonly #rounds: SharedSync = new SharedSync(() => this.#round());
  #waiting: Entry[] = [];
  /** What a failed sync left on the disk is not known, so nothing is acknowledged until the next start reads it anew. */
  #broken: { readonly error: unknown } | null = null;

  constructor(database: Committing) {
    this.#database = database;
  }

  /**
   * What `work` returned, once that survives a power cut, or what it threw. What fails is undone alone: then all of its
   * round run again, each by itself. So `work`, which is synchronous, must bear to be run twice.
   */
  async run<T>(work: () => T): Promise<T> {
    let result: T | undefined;
    const entry: Entry = { work: () => void (result = work()), failure: null };
    this.#waiting.push(entry);
    await this.#rounds.run();
    if (entry.failure) throw entry.failure.error;
    return result as T;
  }

  async #round(): Promise<void> {
    const all = this.#waiting.splice(0);
    if (this.#broken) throw this.#broken.error;
    try {
      this.#commit(all);
    } catch {
      for (const entry of all) this.#commitAlone(entry);
    }
    await this.#sync();
  }

  async #sync(): Promise<void> {
    try {
      await this.#database.sync();
    } catch (error) {
      this.#broken = { error };
      throw error;
    }
  }

  #commitAlone(entry: Entry): void {
    try {
      this.#commit([entry]);
    } catch (error) {
      entry.failure = { error };
    }
  }

  #commit(all: readonly Entry[]): void {
    this.#database.transaction(() => {
      for (const { work } of all) work();
    });
  }
}
