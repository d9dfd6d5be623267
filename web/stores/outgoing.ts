/**
 * Messages on their way from this tab to the node: shown at once, replaced by the node's own copy.
 *
 * The id is made here, so that a repeated send of the same message is harmless whatever was lost.
 */
import type { FileView, Message, SendMessage, SendResult } from "../../src/api/contract.ts";
import { ApiFailure, callAs } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { type MessagePages, messagesOf, reachesNewest } from "../api/message-pages.ts";
import { queryClient, returnToNewest } from "../api/queries.ts";
import { actingId } from "./acting.ts";
import type { Draft } from "./drafts.ts";
import { type Store, createStore } from "./store.ts";
import { showFailure } from "./toasts.ts";

export interface Outgoing {
  readonly id: string;
  /** The persona that sends it, whoever acts by now; null for yourself. */
  readonly persona: string | null;
  /** The conversation's id. */
  readonly who: string;
  readonly text: string;
  readonly files: readonly FileView[];
  readonly interop: boolean;
  readonly replyTo: Message | null;
  /** Of a voice note, whose one file is the recording. */
  readonly voiceSeconds: number | null;
  readonly at: string;
  /** Why the node did not take it; null while it is being handed over. */
  readonly failure: ApiFailure | null;
}

export const outgoingStore: Store<readonly Outgoing[]> = createStore<readonly Outgoing[]>([]);

const ID_BYTES = 16;

/** Shows the message and hands it to the node; never throws, a refusal stays on the message. */
export async function sendDraft(who: string, draft: Draft, voiceSeconds: number | null = null): Promise<void> {
  const { text, files, interop, replyTo } = draft;
  const at = new Date().toISOString();
  const id = messageId();
  const persona = actingId();
  const message: Outgoing = {
    id,
    persona,
    who,
    text: text.trim(),
    files,
    interop,
    replyTo,
    voiceSeconds,
    at,
    failure: null,
  };
  outgoingStore.set([...outgoingStore.get(), message]);
  await Promise.all([handOverInTurn(message), showNewest(who)]);
}

/** Whoever reads far back wants to see his message go; where the newest cannot be had, it comes with the next answer. */
async function showNewest(who: string): Promise<void> {
  const pages = queryClient.getQueryData<MessagePages>(keys.messages(who, null));
  if (pages && !reachesNewest(pages)) await returnToNewest(who).catch(showFailure);
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
async function handOver(message: Outgoing): Promise<void> {
  const { id, persona, who } = message;
  try {
    await callAs<SendResult>(persona, "POST", "/messages", requestOf(message));
    if (persona === actingId()) void settle(id, who);
    else replace(id, null);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    replace(id, { ...message, failure: error });
  }
}

function requestOf({ id, who, text, files, interop, replyTo, voiceSeconds }: Outgoing): SendMessage {
  return {
    id,
    to: who,
    text,
    files: files.map((file) => file.id),
    interop,
    ...(replyTo ? { replyTo: replyTo.id } : {}),
    ...(voiceSeconds === null ? {} : { voiceSeconds }),
  };
}

/** Lets the node's own copy take the place of ours; the push socket has usually brought it already. */
async function settle(id: string, who: string): Promise<void> {
  const pages = queryClient.getQueryData<MessagePages>(keys.messages(who, null));
  if (!messagesOf(pages).some((message) => message.id === id)) {
    await queryClient.invalidateQueries({ queryKey: keys.messages(who, null) });
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
