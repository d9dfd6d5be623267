/** Questions to nodes that may never answer. */
import type { Timers } from "../../core/clock.ts";
import { InternalError, NocturneError, ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

/**
 * What `work` gives; the ValidationError by which it says that it has not what it should; or null if it does not answer in
 * MESH_LIMITS.auditMs. Whoever is asked may not end when its signal says so: nobody waits for that.
 */
export async function inTime<T>(
  timers: Timers,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | ValidationError | null> {
  signal.throwIfAborted();
  const end = new AbortController();
  const outcome = Promise.withResolvers<null>();
  const cancel = timers.schedule(() => outcome.resolve(null), MESH_LIMITS.auditMs);
  const abort = (): void => outcome.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work(AbortSignal.any([signal, end.signal])), outcome.promise]);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ValidationError) return error;
    if (error instanceof InternalError || !(error instanceof NocturneError)) throw error;
    return null;
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
    end.abort();
  }
}
