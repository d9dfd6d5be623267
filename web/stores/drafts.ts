/** What is typed but not sent, by contact: kept in memory only, and gone when the vault locks. */
import type { FileView } from "../../src/api/contract.ts";
import { type Store, createStore } from "./store.ts";

export interface Draft {
  readonly text: string;
  readonly files: readonly FileView[];
  /** The person chose to send as a plain Nostr message. */
  readonly interop: boolean;
}

const EMPTY_DRAFT: Draft = { text: "", files: [], interop: false };

export const draftsStore: Store<ReadonlyMap<string, Draft>> = createStore<ReadonlyMap<string, Draft>>(new Map());

/** An empty draft for whoever has none. */
export function draftOf(npub: string): Draft {
  return draftsStore.get().get(npub) ?? EMPTY_DRAFT;
}

/** Keeps what the change does not name. */
export function editDraft(npub: string, change: Partial<Draft>): void {
  draftsStore.set(new Map(draftsStore.get()).set(npub, { ...draftOf(npub), ...change }));
}

/** After sending: the text and files go, the chosen way of sending stays. */
export function clearDraft(npub: string): void {
  editDraft(npub, { text: "", files: [] });
}

/** True while something typed would be lost by closing the tab. */
export function hasDrafts(): boolean {
  return [...draftsStore.get().values()].some((draft) => draft.text.trim() !== "" || draft.files.length > 0);
}
