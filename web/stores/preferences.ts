/**
 * How this browser shows Nocturne: kept in localStorage, because it is neither secret nor anybody's
 * data. Keys, sessions and texts are never stored.
 */
import { type Store, createStore } from "./store.ts";

export type Theme = "dark" | "light" | "system";

export interface Preferences {
  readonly theme: Theme;
  readonly notifications: boolean;
  readonly filesView: "list" | "grid";
}

const STORAGE_KEY = "nocturne-preferences";
const DEFAULTS: Preferences = { theme: "dark", notifications: false, filesView: "list" };

/** Read once at start; other tabs follow at their next launch. */
export const preferencesStore: Store<Preferences> = createStore(readPreferences());

/** Applies the theme to the page now and after every change. Call once, before the first render. */
export function startPreferences(): void {
  const apply = (): void => {
    document.documentElement.dataset["theme"] = preferencesStore.get().theme;
  };
  preferencesStore.subscribe(apply);
  apply();
}

export function setPreferences(change: Partial<Preferences>): void {
  preferencesStore.set({ ...preferencesStore.get(), ...change });
  keepPreferences();
}

/** Writes them once more, after the node had the browser forget everything. */
export function keepPreferences(): void {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(preferencesStore.get()));
}

/** Broken or foreign content counts as none. */
function readPreferences(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}") as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}
