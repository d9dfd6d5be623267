/** What two people do before they can write to each other, by the command line as a script would do it. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { NocturneProcess } from "./nocturne-process.ts";

const ARRIVAL_MS = 60_000;
const POLL_MS = 250;

interface Contact {
  readonly name: string;
  readonly npub: string;
  readonly state: string;
}

/** Bob uses an invite of Alice's, and she accepts him. They call each other alice and bob. */
export async function meet(alice: NocturneProcess, bob: NocturneProcess): Promise<void> {
  const invite = await alice.run<{ link: string }>(["invite", "--json"]);
  assert.equal(invite.code, 0, invite.stderr);
  const added = await bob.run(["contact", "add", invite.json.link, "--name", "alice"]);
  assert.equal(added.code, 0, added.stderr);
  const request = await until("Bob's request is there", async () => (await contactsOf(alice)).find(isIn("request")));
  assert.equal((await alice.run(["contact", "accept", request.npub])).code, 0);
  assert.equal((await alice.run(["contact", "rename", request.npub, "bob"])).code, 0);
  await until("Bob knows that he was accepted", async () => (await contactsOf(bob)).find(isIn("accepted")));
}

/** The texts of the inbox, oldest first, once there are so many. */
export async function texts(node: NocturneProcess, count: number): Promise<string[]> {
  return until(`${count} messages arrived`, async () => {
    const { json } = await node.run<{ text: string } | { text: string }[] | undefined>(["inbox", "--json"]);
    const lines = json === undefined ? [] : [json].flat();
    return lines.length >= count ? lines.map((line) => line.text) : null;
  });
}

/** The first answer that is neither undefined, null nor false. Fails loudly after a minute. */
export async function until<T>(what: string, question: () => Promise<T | undefined | null | false>): Promise<T> {
  for (const deadline = Date.now() + ARRIVAL_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    const answer = await question();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
  }
  throw new assert.AssertionError({ message: `waited ${ARRIVAL_MS} ms in vain until ${what}` });
}

async function contactsOf(node: NocturneProcess): Promise<Contact[]> {
  return (await node.run<Contact[]>(["contact", "list", "--json"])).json;
}

function isIn(state: string): (contact: Contact) => boolean {
  return (contact) => contact.state === state;
}
