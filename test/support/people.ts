/**
 * People who know each other, so that a test can begin where theirs begins. They speak to their nodes over the
 * Unix socket, as the command line does, but without a process for every word.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contact, ContactState, IdentityView, Invite, SendResult } from "../../src/api/contract.ts";
import { socketPath } from "../../src/node/socket-path.ts";
import { callSocket } from "./api-node.ts";

const POLL_MS = 50;
const ARRIVAL_MS = 30_000;

/** What is known of a running node, in this process or in another. */
export interface Reachable {
  readonly dataDir: string;
  readonly npub: string;
}

/** The guest uses an invite of the host's, who accepts; each then has the other under this name. */
export async function befriend(
  host: Reachable,
  guest: Reachable,
  names: { readonly host: string; readonly guest: string },
): Promise<void> {
  await addByInvite(host, guest, names.host);
  await waitForContact(host, guest.npub, "request");
  await ask(host, "POST", `/contacts/${guest.npub}/accept`);
  await ask(host, "PATCH", `/contacts/${guest.npub}`, { name: names.guest });
  await waitForContact(guest, host.npub, "accepted");
}

/** The guest adds the host by a new invite; the host hears of it as a request. */
export async function addByInvite(host: Reachable, guest: Reachable, name: string): Promise<void> {
  const { link } = await ask<Invite>(host, "POST", "/invites");
  await ask(guest, "POST", "/contacts", { invite: link, name });
}

/** Sends a text, with files of the library by their ids, and waits until it was delivered. */
export async function deliver(
  from: Reachable,
  to: Reachable,
  text: string,
  files: readonly string[] = [],
): Promise<void> {
  const { id } = await ask<SendResult>(from, "POST", "/messages", { to: to.npub, text, files });
  const { state } = await ask<SendResult>(from, "GET", `/messages/${id}/wait?state=delivered&timeoutS=30`);
  assert.ok(state === "delivered" || state === "read", `the message is ${state}`);
}

export async function fingerprintOf(node: Reachable): Promise<string> {
  return (await ask<IdentityView>(node, "GET", "/identity")).fingerprint;
}

export async function waitForContact(node: Reachable, npub: string, state: ContactState): Promise<void> {
  for (const endMs = Date.now() + ARRIVAL_MS; Date.now() < endMs; await sleep(POLL_MS)) {
    const contacts = await ask<readonly Contact[]>(node, "GET", "/contacts");
    if (contacts.some((one) => one.npub === npub && one.state === state)) return;
  }
  throw new Error(`a contact did not become "${state}" within ${ARRIVAL_MS} ms`);
}

/** A call of the node's API that must succeed, and its answer. */
export async function ask<T = unknown>(node: Reachable, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await callSocket<T>(socketPath(node.dataDir), method, `/api${path}`, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
