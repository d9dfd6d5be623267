/**
 * Keeps several tasks under way at once, so that one that takes long holds up no other.
 *
 *   wake -> next() names what could run now -> up to `most` run, each under its own key -> one ends -> next() ...
 *
 * A task that came to nothing is not begun again before the next `wake`: at once it would come to nothing again.
 */

export interface Task {
  readonly key: string;
  /** Resolves to false if there is no use in trying again now. */
  readonly run: () => Promise<boolean>;
}

export interface PumpOptions {
  readonly most: number;
  readonly next: () => readonly Task[];
  readonly onError: (error: unknown) => void;
  /** Nothing runs, and there is nothing to run. */
  readonly onIdle: () => void;
}

export class Pump {
  readonly #o: PumpOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #inVain = new Set<string>();
  #looksSoon = false;

  constructor(options: PumpOptions) {
    this.#o = options;
  }

  /** There may be something to do. Returns at once. */
  wake(): void {
    this.#inVain.clear();
    this.#lookSoon();
  }

  /** Resolves when what runs now has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Once for all that ends in one turn of the event loop: to look reads the disk. */
  #lookSoon(): void {
    if (this.#looksSoon) return;
    this.#looksSoon = true;
    setImmediate(() => {
      this.#looksSoon = false;
      this.#look();
    });
  }

  #look(): void {
    const room = this.#o.most - this.#running.size;
    if (room === 0) return;
    const fresh = this.#next().filter(({ key }) => !this.#running.has(key) && !this.#inVain.has(key));
    for (const { key, run } of fresh.slice(0, room)) this.#running.set(key, this.#run(key, run));
    if (this.#running.size === 0) this.#o.onIdle();
  }

  #next(): readonly Task[] {
    try {
      return this.#o.next();
    } catch (error) {
      this.#o.onError(error);
      return [];
    }
  }

  async #run(key: string, run: () => Promise<boolean>): Promise<void> {
    try {
      if (!(await run())) this.#inVain.add(key);
    } catch (error) {
      this.#inVain.add(key);
      this.#o.onError(error);
    }
    this.#running.delete(key);
    this.#lookSoon();
  }
}
