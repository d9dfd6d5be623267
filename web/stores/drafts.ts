/**
 * What is typed but not sent, by conversation. The text is kept by the node, so that it is there after a
 * reload and on the list; the files, and what one replies to or edits, stay in this tab.
 *
 * Kept by who acts as well (`placeOf`): the same person may be a contact of yours and of a persona.
 */
import type { Conversation, FileView, Message } from "../../src/api/contract.ts";
import { ApiFailure, call, callKeptAlive } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { actingId } from "./acting.ts";
import { type Store, createStore } from "./store.ts";

export interface Draft {
  readonly text: string;
  readonly files: readonly FileView[];
  /** The person chose to send as a plain Nostr message. */
  readonly interop: boolean;
  readonly replyTo: Message | null;
  /** A sent message whose text is being changed, and the new text; the draft waits meanwhile. */
  readonly editing: { readonly message: Message; readonly text: string } | null;
}

const SAVE_MS = 800;

export const draftsStore: Store<ReadonlyMap<string, Draft>> = createStore<ReadonlyMap<string, Draft>>(new Map());

/** What was typed here, else what the node has kept, else nothing. */
export function draftOf(who: string): Draft {
  return (
    draftsStore.get().get(placeOf(who)) ?? {
      text: keptText(who),
      files: [],
      interop: false,
      replyTo: null,
      editing: null,
    }
  );
}

/** Keeps what the change does not name. A changed text goes to the node once the typing pauses. */
export function editDraft(who: string, change: Partial<Draft>): void {
  draftsStore.set(new Map(draftsStore.get()).set(placeOf(who), { ...draftOf(who), ...change }));
  if (change.text !== undefined) saveSoon(who);
}

/** After sending: the text, files and quote go, the chosen way of sending stays. */
export function clearDraft(who: string): void {
  editDraft(who, { text: "", files: [], replyTo: null });
  void save(who);
}

/** True while something would be lost by closing the tab: attached files, or a change of a sent message. */
export function hasDrafts(): boolean {
  return [...draftsStore.get().values()].some(({ files, editing }) => files.length > 0 || editing !== null);
}

/** When the page goes away or acts as somebody else, what was typed last is on its way to the node. */
export function saveDrafts(): void {
  for (const [who, timer] of timers) {
    clearTimeout(timer);
    callKeptAlive("PATCH", pathOf(who), { draft: draftOf(who).text });
  }
  timers.clear();
}

/** At the lock: nothing readable stays, and nothing more can be saved. */
export function forgetDrafts(): void {
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  draftsStore.set(new Map());
}

function placeOf(who: string): string {
  return `${actingId() ?? ""}/${who}`;
}

/** Of the one who acts: emptied before another does. */
const timers = new Map<string, ReturnType<typeof setTimeout>>();

function saveSoon(who: string): void {
  clearTimeout(timers.get(who));
  timers.set(
    who,
    setTimeout(() => void save(who), SAVE_MS),
  );
}

/** A draft that could not be saved is still on screen; the next change tries again. */
async function save(who: string): Promise<void> {
  clearTimeout(timers.get(who));
  timers.delete(who);
  const { text } = draftOf(who);
  if (text === keptText(who)) return;
  try {
    await call("PATCH", pathOf(who), { draft: text });
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
  }
}

function keptText(who: string): string {
  const list = queryClient.getQueryData<readonly Conversation[]>(keys.conversations);
  return list?.find(({ id }) => id === who)?.draft ?? "";
}

function pathOf(who: string): string {
  return `/conversations/${who}`;
}
