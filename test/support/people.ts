/** People who know each other, so that a test can begin where theirs begins. Done by the command line, as they would. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { NocturneProcess } from "./nocturne-process.ts";

export interface ContactJson {
  readonly name: string;
  readonly npub: string;
  readonly state: string;
}

const POLL_MS = 100;
const ARRIVAL_MS = 30_000;

/** The guest uses an invite of the host's, who accepts; each then has the other under this name. */
export async function befriend(
  host: NocturneProcess,
  guest: NocturneProcess,
  names: { readonly host: string; readonly guest: string },
): Promise<void> {
  const { link } = await must<{ link: string }>(host, ["invite"]);
  await must(guest, ["contact", "add", link, "--name", names.host]);
  const { npub } = await must<{ npub: string }>(guest, ["id", "show"]);
  await waitForContact(host, npub, "request");
  await must(host, ["contact", "accept", npub]);
  await must(host, ["contact", "rename", npub, names.guest]);
  const { npub: hosts } = await must<{ npub: string }>(host, ["id", "show"]);
  await waitForContact(guest, hosts, "accepted");
}

/** Waits until the contact is in this state. */
export async function waitForContact(node: NocturneProcess, npub: string, state: string): Promise<ContactJson> {
  for (const endMs = Date.now() + ARRIVAL_MS; Date.now() < endMs; await sleep(POLL_MS)) {
    const contacts = await must<readonly ContactJson[]>(node, ["contact", "list"]);
    const contact = contacts.find((one) => one.npub === npub && one.state === state);
    if (contact) return contact;
  }
  throw new Error(`${npub} did not become ${state} within ${ARRIVAL_MS} ms`);
}

/** A command that must succeed, and what it printed as JSON. */
export async function must<T = unknown>(
  node: NocturneProcess,
  args: readonly string[],
  stdin: string | Uint8Array = "",
): Promise<T> {
  const { code, json, stderr } = await node.run<T>([...args, "--json"], { stdin });
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return json;
}
