/**
 * Opens a stream by the first of several circuits that does. Pure but for time.
 *
 *   0 s      3 s      6 s
 *   first ───────────────────────────╴          each waits for Tor as long as the caller does
 *            second ──────── open: taken, the others end
 *                     third ─────────╴
 *
 * A circuit that says no is followed by the next at once; a refusal that every circuit would repeat ends it.
 */

export interface Hedging {
  readonly hedgeMs: number;
  readonly attempts: number;
  /** Whether every other circuit would say the same; none does when it is absent. */
  readonly isFinal?: (error: unknown) => boolean;
}

/**
 * The first stream that opens. `open` gets the attempt's number from 0 and a signal at whose end it gives up; a stream
 * that opens too late goes to `discard`. Throws the first error when all have failed, or the signal's reason.
 */
export async function dialHedged<T>(
  open: (attempt: number, signal: AbortSignal) => Promise<T>,
  discard: (late: T) => void,
  { hedgeMs, attempts, isFinal = () => false }: Hedging,
  signal: AbortSignal,
): Promise<T> {
  const others = new AbortController();
  const either = AbortSignal.any([signal, others.signal]);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const state = { begun: 0, running: 0, settled: false, firstError: undefined as unknown };
      const settle = (outcome: () => void) => {
        state.settled = true;
        outcome();
      };
      const fail = (error: unknown) => {
        state.running--;
        state.firstError ??= error;
        if (state.settled) return;
        const isOver = signal.aborted || isFinal(error);
        if (!isOver && state.begun < attempts) begin();
        else if (isOver || state.running === 0) settle(() => reject(signal.aborted ? signal.reason : state.firstError));
      };
      const run = async (attempt: number) => {
        try {
          const stream = await open(attempt, either);
          if (state.settled) discard(stream);
          else settle(() => resolve(stream));
        } catch (error) {
          fail(error);
        }
      };
      const begin = () => {
        clearTimeout(timer);
        const attempt = state.begun++;
        state.running++;
        if (state.begun < attempts) timer = setTimeout(begin, hedgeMs);
        void run(attempt);
      };
      begin();
    });
  } finally {
    clearTimeout(timer);
    others.abort();
  }
}
