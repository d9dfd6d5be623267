/** What both interop tests do on Nocturne's side: everything by the command line, as a person would. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { NocturneProcess } from "../support/nocturne-process.ts";

export interface InboxLine {
  readonly text: string;
  readonly profile: "hidden" | "interop";
  readonly from: { readonly npub: string; readonly name: string };
}

const ARRIVAL_MS = 30_000;
const POLL_MS = 250;

/** Sends a NIP-17 message and waits until a relay has taken it. */
export async function sendInterop(node: NocturneProcess, npub: string, text: string): Promise<void> {
  const sent = await node.run<{ state: string }>(["send", npub, text, "--interop", "--wait", "sent", "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.equal(sent.json.state, "sent");
}

/** The messages of `npub` in the inbox, as soon as there are `count`. */
export async function inboxOf(node: NocturneProcess, npub: string, count: number): Promise<readonly InboxLine[]> {
  for (const endMs = Date.now() + ARRIVAL_MS; ; await sleep(POLL_MS)) {
    const { code, stderr, stdout } = await node.run(["inbox", "--json"]);
    assert.equal(code, 0, stderr);
    const lines = stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as InboxLine);
    const theirs = lines.filter((line) => line.from.npub === npub);
    if (theirs.length >= count) return theirs;
    assert.ok(Date.now() < endMs, `only ${theirs.length} of ${count} messages arrived`);
  }
}

/** Accepts the first contact of somebody who wrote unasked. */
export async function acceptRequest(node: NocturneProcess, npub: string): Promise<void> {
  for (const endMs = Date.now() + ARRIVAL_MS; ; await sleep(POLL_MS)) {
    const { json } = await node.run<readonly { npub: string; state: string }[]>(["contact", "list", "--json"]);
    if (json.some((contact) => contact.npub === npub && contact.state === "request")) break;
    assert.ok(Date.now() < endMs, "the request did not arrive");
  }
  const accepted = await node.run(["contact", "accept", npub]);
  assert.equal(accepted.code, 0, accepted.stderr);
}

/** Texts that break careless encoders. */
export const TEXTS: readonly string[] = [
  "hello",
  "Grüße, 你好, שלום, 👩‍👩‍👧‍👦",
  '"quotes" \\ and\nnew lines',
  "x".repeat(8_000),
];
