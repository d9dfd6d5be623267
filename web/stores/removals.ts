/**
 * Deleting with a way back: the thing vanishes at once, the call is made when the notice closes, and
 * "Undo" before that means it never was. A closed tab keeps the promise too.
 */
import { call, callKeptAlive } from "../api/client.ts";
import { type Store, createStore } from "./store.ts";
import { showFailure, toasts } from "./toasts.ts";

const UNDO_MS = 6_000;

/** Ids that are hidden because they are about to be deleted. */
export const removalsStore: Store<ReadonlySet<string>> = createStore<ReadonlySet<string>>(new Set());

const promised = new Map<string, string>();

export interface Removal {
  readonly id: string;
  /** For example "Moved report.pdf to the trash". */
  readonly notice: string;
  /** API path to DELETE. */
  readonly path: string;
  readonly afterwards: () => Promise<unknown>;
}

/** Pointing at the notice keeps it open, and with it the way back. */
export function removeLater({ id, notice, path, afterwards }: Removal): void {
  promised.set(id, path);
  setHidden(id, true);
  const toast = toasts.add({
    title: notice,
    timeout: UNDO_MS,
    actionProps: { children: "Undo", onClick: () => undo(id, toast) },
    onClose: () => void carryOut(id, afterwards),
  });
}

function undo(id: string, toast: string): void {
  promised.delete(id);
  setHidden(id, false);
  toasts.close(toast);
}

/** Runs once, whether the notice ended by itself or was dismissed; never after "Undo". */
async function carryOut(id: string, afterwards: () => Promise<unknown>): Promise<void> {
  const path = promised.get(id);
  if (path === undefined || !promised.delete(id)) return;
  try {
    await call("DELETE", path);
    await afterwards();
  } catch (error) {
    showFailure(error);
  } finally {
    setHidden(id, false);
  }
}

/** Call when the page goes away: whatever the person deleted is then deleted without a way back. */
export function carryOutAll(): void {
  for (const path of promised.values()) callKeptAlive("DELETE", path);
  promised.clear();
}

function setHidden(id: string, hidden: boolean): void {
  const next = new Set(removalsStore.get());
  if (hidden) next.add(id);
  else next.delete(id);
  removalsStore.set(next);
}
