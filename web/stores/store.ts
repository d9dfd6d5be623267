/**
 * The smallest store that React can follow: one value, replaced as a whole.
 *
 *     createStore(0) -> { get, set, subscribe }      component: const n = useStore(counter)
 */
import { useSyncExternalStore } from "react";

export interface Store<T> {
  readonly get: () => T;
  /** Replaces the value; listeners hear of it only when it is another one. */
  readonly set: (next: T) => void;
  /** Returns the function that ends the subscription. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** Listeners are called in the order they came, synchronously. */
export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The store's value; the component renders again when it changes. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
