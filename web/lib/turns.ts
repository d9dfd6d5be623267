/** Work of which no more than so much runs at a time; the rest waits in a row. */
export type Turns = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** `work` is not begun at all if `signal` is aborted when its turn comes: it rejects then. */
export function createTurns(atATime: number): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (signal, work) => {
    if (running < atATime) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      // The place is handed over: given back, somebody else would take it before the one who waits wakes.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
