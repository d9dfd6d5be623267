/** Streams that end when a signal says so, even while their source is silent. */
import { unlessAborted } from "../core/unless-aborted.ts";

/**
 * The pieces of `source` until `signal` aborts; then its reason is thrown at once and the source is told to end,
 * without waiting for it: it may be a connection on which nothing comes any more.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
