/** An action of a scene: one call or a few, with the words of a refusal shown unless the scene shows them itself. */
import { useCallback, useState } from "react";
import { showFailure } from "../stores/toasts.ts";

/** What a button needs: something to run, and whether it runs. */
export interface Action<A extends unknown[]> {
  /** Never rejects; a second run while the first still works is ignored. */
  readonly run: (...args: A) => Promise<void>;
  readonly busy: boolean;
}

/** `onFailure` shows the refusal beside a field; without it a notice does. */
export function useAction<A extends unknown[]>(
  work: (...args: A) => Promise<unknown>,
  onFailure: (error: unknown) => void = showFailure,
): Action<A> {
  const [busy, setBusy] = useState(false);
  const run = useCallback(
    async (...args: A) => {
      if (busy) return;
      setBusy(true);
      try {
        await work(...args);
      } catch (error) {
        onFailure(error);
      } finally {
        setBusy(false);
      }
    },
    [busy, work, onFailure],
  );
  return { run, busy };
}
