/**
 * Messages on their way from this tab to the node: shown at once, replaced by the node's own copy.
 *
 * The id is made here, so that a repeated send of the same message is harmless whatever was lost.
 */
import type { FileView, SendMessage, SendResult } from "../../src/api/contract.ts";
import { ApiFailure, call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { messagesOf } from "../api/message-cache.ts";
import { type MessagePages, queryClient } from "../api/queries.ts";
import type { Draft } from "./drafts.ts";
import { type Store, createStore } from "./store.ts";

export interface Outgoing {
  readonly id: string;
  readonly npub: string;
  readonly text: string;
  readonly files: readonly FileView[];
  readonly interop: boolean;
  readonly at: string;
  /** Why the node did not take it; null while it is being handed over. */
  readonly failure: ApiFailure | null;
}

export const outgoingStore: Store<readonly Outgoing[]> = createStore<readonly Outgoing[]>([]);

const ID_BYTES = 16;

/** Shows the message and hands it to the node; never throws, a refusal stays on the message. */
export async function sendDraft(npub: string, draft: Draft): Promise<void> {
  const { text, files, interop } = draft;
  const at = new Date().toISOString();
  const message: Outgoing = { id: messageId(), npub, text: text.trim(), files, interop, at, failure: null };
  outgoingStore.set([...outgoingStore.get(), message]);
  await handOverInTurn(message);
}

/** After a refusal; the order of what was sent meanwhile is not turned back. */
export async function sendAgain(message: Outgoing): Promise<void> {
  replace(message.id, { ...message, failure: null });
  await handOverInTurn(message);
}

export function discardOutgoing(id: string): void {
  replace(id, null);
}

let lastTurn: Promise<void> = Promise.resolve();

/** One after the other: parallel calls may overtake each other, and messages would arrive out of order. */
function handOverInTurn(message: Outgoing): Promise<void> {
  lastTurn = lastTurn.then(() => handOver(message));
  return lastTurn;
}

/** Accepted means stored in the node's outbox: from then on it survives a closed tab and a power cut. */
async function handOver({ id, npub, text, files, interop, ...rest }: Outgoing): Promise<void> {
  const request: SendMessage = { id, to: npub, text, files: files.map((file) => file.id), interop };
  try {
    await call<SendResult>("POST", "/messages", request);
    void settle(id, npub);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    replace(id, { id, npub, text, files, interop, ...rest, failure: error });
  }
}

/** Lets the node's own copy take the place of ours; the push socket has usually brought it already. */
async function settle(id: string, npub: string): Promise<void> {
  const pages = queryClient.getQueryData<MessagePages>(keys.messages(npub));
  if (!messagesOf(pages).some((message) => message.id === id)) {
    await queryClient.invalidateQueries({ queryKey: keys.messages(npub) });
  }
  replace(id, null);
}

function replace(id: string, next: Outgoing | null): void {
  outgoingStore.set(outgoingStore.get().flatMap((message) => (message.id === id ? (next ?? []) : message)));
}

function messageId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(ID_BYTES)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
