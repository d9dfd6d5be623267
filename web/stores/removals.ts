/**
 * Deleting with a way back: the thing vanishes at once, the call is made when the notice closes, and
 * "Undo" before that means it never was. A closed tab keeps the promise too. Votes, which cannot be unsaid, go the same way.
 */
import { call, callKeptAlive, type Method } from "../api/client.ts";
import { type Store, createStore } from "./store.ts";
import { showFailure, toasts } from "./toasts.ts";

const UNDO_MS = 6_000;

/** Ids of what is promised; what is about to be deleted is hidden by them. */
export const removalsStore: Store<ReadonlySet<string>> = createStore<ReadonlySet<string>>(new Set());

const promised = new Map<string, Promised & { readonly toast: string }>();

export interface Promised {
  readonly id: string;
  /** For example "Moved report.pdf to the trash". */
  readonly notice: string;
  readonly method: Method;
  /** Of the API. */
  readonly path: string;
  readonly body?: unknown;
  readonly afterwards: () => Promise<unknown>;
}

export type Removal = Omit<Promised, "method" | "body">;

/** Pointing at the notice keeps it open, and with it the way back. */
export function removeLater(removal: Removal): void {
  promiseLater({ ...removal, method: "DELETE" });
}

/** The same for any other call that cannot be taken back once it is made. */
export function promiseLater(wanted: Promised): void {
  const { id, notice } = wanted;
  takeBack(id);
  setHidden(id, true);
  const toast = toasts.add({
    title: notice,
    timeout: UNDO_MS,
    actionProps: { children: "Undo", onClick: () => takeBack(id) },
    onClose: () => void carryOut(id, toast),
  });
  promised.set(id, { ...wanted, toast });
}

/** What was promised under this id and is not done yet is never done. */
export function takeBack(id: string): void {
  const one = promised.get(id);
  if (!one) return;
  promised.delete(id);
  setHidden(id, false);
  toasts.close(one.toast);
}

/** Runs once, whether the notice ended by itself or was dismissed; never after "Undo". */
async function carryOut(id: string, toast: string): Promise<void> {
  const one = promised.get(id);
  if (one?.toast !== toast) return;
  promised.delete(id);
  try {
    await call(one.method, one.path, one.body);
    await one.afterwards();
  } catch (error) {
    showFailure(error);
  } finally {
    setHidden(id, false);
  }
}

/** Call when the page goes away: whatever the person deleted is then deleted without a way back. */
export function carryOutAll(): void {
  for (const { method, path, body } of promised.values()) callKeptAlive(method, path, body);
  promised.clear();
}

function setHidden(id: string, hidden: boolean): void {
  const next = new Set(removalsStore.get());
  if (hidden) next.add(id);
  else next.delete(id);
  removalsStore.set(next);
}
