/**
 * A group over several nodes, asked over their Unix sockets, as the command line does it.
 *
 *   const group = new GroupRoom([ada, bob], id);
 *   await group.say(ada, "hello");
 *   await group.everybodyReads([bob], ada, ["hello"]);
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Group, Message, MessagePage, SendMessage, SendResult } from "../../src/api/contract.ts";
import { createLetterId } from "../../src/messaging/letter-id.ts";
import { socketPath } from "../../src/node/socket-path.ts";
import { callSocket } from "./api-node.ts";
import { ask, type Reachable } from "./people.ts";

const POLL_MS = 100;
const ARRIVAL_MS = 40_000;
const RETRY_MS = 200;

export function groupOf(node: Reachable, id: string): Promise<Group> {
  return ask<Group>(node, "GET", `/groups/${id}`);
}

/** "Ada admin", "Bob", "Cyd invited": who is in it as this node sees it, by name. */
export async function roll(node: Reachable, id: string): Promise<string[]> {
  const { members } = await groupOf(node, id);
  return members
    .map(
      ({ npub, admin, state }) =>
        `${npub.slice(0, 12)}${admin ? " admin" : ""}${state === "member" ? "" : ` ${state}`}`,
    )
    .sort();
}

/** What stands in the conversation, oldest first; notices and tombstones included. */
export async function messagesOf(node: Reachable, id: string): Promise<readonly Message[]> {
  return (await ask<MessagePage>(node, "GET", `/conversations/${id}/messages?limit=200`)).messages;
}

/** The texts of one author, or of all, oldest first. */
export async function textsOf(node: Reachable, id: string, author?: Reachable): Promise<string[]> {
  const all = await messagesOf(node, id);
  const wanted = all.filter(({ kind, from }) => kind === "text" && (author === undefined || from.npub === author.npub));
  return wanted.map(({ text }) => text);
}

export async function noticesOf(node: Reachable, id: string): Promise<string[]> {
  return (await messagesOf(node, id)).filter(({ kind }) => kind === "notice").map(({ text }) => text);
}

/** Sends and returns the message's id. */
export async function say(node: Reachable, id: string, text: string, more: Partial<SendMessage> = {}): Promise<string> {
  return (await ask<SendResult>(node, "POST", "/messages", { to: id, text, ...more })).id;
}

/** Sends as a person would whose node may be down: again and again under one id until it was taken. */
export async function insist(node: () => Reachable, id: string, text: string): Promise<string> {
  const message = { id: createLetterId(), to: id, text };
  for (const endMs = Date.now() + ARRIVAL_MS; Date.now() < endMs; await sleep(RETRY_MS)) {
    const answer = await callSocket(socketPath(node().dataDir), "POST", "/api/messages", message).catch(() => null);
    if (answer?.status === 200) return message.id;
    assert.equal(answer, null, `refused: ${JSON.stringify(answer?.body)}`);
  }
  throw new Error(`"${text}" was not taken within ${ARRIVAL_MS} ms`);
}

/** How far a message got within the time. */
export async function stateOf(node: Reachable, message: string, timeoutS = 40): Promise<string> {
  const path = `/messages/${message}/wait?state=delivered&timeoutS=${timeoutS}`;
  return (await ask<SendResult>(node, "GET", path)).state;
}

/** Waits until the answer is the wanted one; fails with the last answer. */
export async function becomes<T>(what: string, question: () => Promise<T>, wanted: T): Promise<void> {
  let last = await question();
  for (const endMs = Date.now() + ARRIVAL_MS; !isSame(last, wanted) && Date.now() < endMs; last = await question()) {
    await sleep(POLL_MS);
  }
  assert.deepEqual(last, wanted, what);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
