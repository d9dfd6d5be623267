/** What is typed for a channel but not posted, by the channel's id. It stays in this tab; files are in `drafts.ts`. */
import type { ChannelPost } from "../../src/api/contract.ts";
import { type Store, createStore } from "./store.ts";

export interface PostDraft {
  readonly text: string;
  readonly replyTo: ChannelPost | null;
}

const EMPTY: PostDraft = { text: "", replyTo: null };

export const postDraftsStore: Store<ReadonlyMap<string, PostDraft>> = createStore<ReadonlyMap<string, PostDraft>>(
  new Map(),
);

export function postDraftOf(channel: string): PostDraft {
  return postDraftsStore.get().get(channel) ?? EMPTY;
}

/** Keeps what the change does not name. */
export function editPostDraft(channel: string, change: Partial<PostDraft>): void {
  postDraftsStore.set(new Map(postDraftsStore.get()).set(channel, { ...postDraftOf(channel), ...change }));
}

/** True while something typed would be lost by closing the tab. */
export function hasPostDrafts(): boolean {
  return [...postDraftsStore.get().values()].some(({ text }) => text.trim() !== "");
}

/** At the lock: nothing readable stays. */
export function forgetPostDrafts(): void {
  postDraftsStore.set(new Map());
}
