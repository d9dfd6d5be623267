/** Short notices at the edge of the screen: what happened, why, and what to do next. */
import { Toast } from "@base-ui/react/toast";
import { ApiFailure, isDropped } from "../api/client.ts";

type ToastManager = ReturnType<typeof Toast.createToastManager>;
/** Outside React, so that stores and failed calls can speak too. */
export const toasts: ToastManager = Toast.createToastManager();

const FAILURE_MS = 10_000;

const shown = new Set<string>();

/** Something went well, or needs no decision. While it can still be read it is not said again. */
export function notify(title: string, description?: string): void {
  const words = `${title}\n${description ?? ""}`;
  if (shown.has(words)) return;
  shown.add(words);
  toasts.add({ title, description, onClose: () => shown.delete(words) });
}

/** Shows a refused call in the node's own words. 401 and 423 have scenes of their own; a dropped one is nobody's. */
export function showFailure(error: unknown): void {
  if (!(error instanceof ApiFailure)) throw error;
  if (error.status === 401 || error.status === 423 || isDropped(error)) return;
  toasts.add({ title: error.message, description: error.hint, timeout: FAILURE_MS, priority: "high", type: "failure" });
}
