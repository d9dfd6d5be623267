/** Short notices at the edge of the screen: what happened, why, and what to do next. */
import { Toast } from "@base-ui/react/toast";
import { ApiFailure, isDropped } from "../api/client.ts";

type ToastManager = ReturnType<typeof Toast.createToastManager>;
/** Outside React, so that stores and failed calls can speak too. */
export const toasts: ToastManager = Toast.createToastManager();

const FAILURE_MS = 10_000;

/** Something went well, or needs no decision. */
export function notify(title: string, description?: string): void {
  toasts.add({ title, description });
}

/** Shows a refused call in the node's own words. 401 and 423 have scenes of their own; a dropped one is nobody's. */
export function showFailure(error: unknown): void {
  if (!(error instanceof ApiFailure)) throw error;
  if (error.status === 401 || error.status === 423 || isDropped(error)) return;
  toasts.add({ title: error.message, description: error.hint, timeout: FAILURE_MS, priority: "high", type: "failure" });
}
