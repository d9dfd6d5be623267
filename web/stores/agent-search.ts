/** What is looked for among the entries: it stays while one of them is read. */
import type { EntryLevelName } from "../../src/api/contract.ts";
import { type Store, createStore } from "./store.ts";

export interface AgentSearch {
  readonly typed: string;
  /** Empty: all of them. */
  readonly domain: string;
  readonly level: EntryLevelName;
  /** From 0. */
  readonly page: number;
}

export const searchStore: Store<AgentSearch> = createStore<AgentSearch>({
  typed: "",
  domain: "",
  level: "low",
  page: 0,
});

/** Another question begins at its first page. */
export function changeSearch(change: Partial<Omit<AgentSearch, "page">>): void {
  searchStore.set({ ...searchStore.get(), ...change, page: 0 });
}

export function turnSearch(page: number): void {
  searchStore.set({ ...searchStore.get(), page });
}
