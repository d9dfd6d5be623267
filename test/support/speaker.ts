/** People at their nodes who act as themselves or as one of their personas, over HTTP as the web app does. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contact, Conversation, Group, Invite, Persona, SendResult } from "../../src/api/contract.ts";
import type { ApiNode } from "./api-node.ts";

const WAIT_MS = 30_000;
const POLL_MS = 20;

/** Somebody who can be asked things: a node, as itself or as one of its personas. */
export interface Speaker {
  readonly npub: string;
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
}

export function speak(node: ApiNode, persona?: Persona): Speaker {
  const headers: Record<string, string> = persona ? { "x-nocturne-persona": persona.id } : {};
  return {
    npub: persona?.npub ?? node.npub ?? "",
    async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
      const answer = await node.call<T>(method, `/api${path}`, body, headers);
      assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
  };
}

/** They meet by an invite of the host's, write both ways, and make a group. */
export async function talk(host: Speaker, guest: Speaker, text: string, groupName: string): Promise<void> {
  const { link } = await host.ask<Invite>("POST", "/invites");
  await guest.ask("POST", "/contacts", { invite: link });
  await contactIs(host, guest, "request");
  await host.ask("POST", `/contacts/${guest.npub}/accept`);
  await contactIs(guest, host, "accepted");
  await deliver(host, guest.npub, text);
  await deliver(guest, host.npub, `an answer to ${text}`);
  const group = await host.ask<Group>("POST", "/groups", { name: groupName, members: [guest.npub] });
  await eventually("the guest is in the group", async () => {
    const all = await guest.ask<Conversation[]>("GET", "/conversations");
    return all.some(({ name }) => name === groupName);
  });
  await deliver(host, group.id, `${text} for all`);
}

export async function deliver(from: Speaker, to: string, text: string): Promise<void> {
  const { id } = await from.ask<SendResult>("POST", "/messages", { to, text });
  const { state } = await from.ask<SendResult>("GET", `/messages/${id}/wait?state=delivered&timeoutS=30`);
  assert.ok(state === "delivered" || state === "read", `"${text}" is ${state}`);
}

async function contactIs(one: Speaker, other: Speaker, state: string): Promise<void> {
  await eventually(`a contact is "${state}"`, async () => {
    const contacts = await one.ask<Contact[]>("GET", "/contacts");
    return contacts.some((contact) => contact.npub === other.npub && contact.state === state);
  });
}

/** Asks until the answer is true; fails loudly after half a minute. */
export async function eventually(what: string, question: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline; await sleep(POLL_MS)) if (await question()) return;
  throw new Error(`waited ${WAIT_MS} ms in vain until ${what}`);
}
