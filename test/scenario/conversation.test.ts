/**
 * Two people, two processes, one of them killed again and again: every message arrives once, in order.
 * All is read by the command line, as a script would, and every tenth message said by it; a process for each of them would
 * keep the machine busier than the nodes do. The others go by the same calls over the same socket.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Message, SendMessage } from "../../src/api/contract.ts";
import { socketPath } from "../../src/node/socket-path.ts";
import { callSocket } from "../support/api-node.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, waitForContact } from "../support/people.ts";
import { askUntil } from "../support/wait.ts";

interface InboxLine {
  readonly text: string;
  readonly from: { readonly npub: string; readonly name: string };
}

const MESSAGES = 200;
const KILLS = 5;
const COMMAND_EVERY = 10;
/** So that messages are on their way at each kill. */
const PACE_MS = 90;
const ARRIVAL_MS = 120_000;
const POLL_MS = 100;

test("200 messages each way while one side is killed five times", async (t) => {
  const alice = await startNocturne(t);
  let bob = await startNocturne(t);
  await meet(alice, bob);

  const toBob = sendAll(alice, "bob", "from alice");
  const toAlice = sendAll(() => bob, "alice", "from bob");
  for (let i = 0; i < KILLS; i++) {
    await sleep(2_000 + 500 * i);
    await bob.end("SIGKILL");
    bob = await startNocturne(t, { dataDir: bob.dataDir, ports: bob.ports });
  }
  const [expectedAtBob, expectedAtAlice] = await Promise.all([toBob, toAlice]);
  assert.deepEqual(await arrivals(bob, MESSAGES), expectedAtBob);
  assert.deepEqual(await arrivals(alice, MESSAGES), expectedAtAlice);

  await Promise.all([alice.end("SIGTERM"), bob.end("SIGTERM")]);
  const again = await startNocturne(t, { dataDir: bob.dataDir, ports: bob.ports });
  assert.deepEqual(await arrivals(again, MESSAGES), expectedAtBob, "the same after an orderly restart");
});

test("messages wait while the other side and its relay are down, and say so", async (t) => {
  const alice = await startNocturne(t);
  let bob = await startNocturne(t);
  await meet(alice, bob);
  await bob.end("SIGKILL");
  const sent = await alice.run<{ id: string; state: string }>(["send", "bob", "are you back?", "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.equal(sent.json.state, "queued");
  const late = await alice.run(["send", "bob", "and this?", "--wait", "delivered", "--timeout", "2"]);
  assert.equal(late.code, 1);
  bob = await startNocturne(t, { dataDir: bob.dataDir, ports: bob.ports });
  assert.deepEqual(await arrivals(bob, 2), ["are you back?", "and this?"]);
  const last = await alice.run<{ state: string }>(["send", "bob", "good", "--wait", "delivered", "--json"]);
  assert.equal(last.json.state, "delivered", last.stderr);
});

/** Bob uses an invite of Alice's, and she accepts him. */
async function meet(alice: NocturneProcess, bob: NocturneProcess): Promise<void> {
  const invite = await alice.run<{ link: string; expiresAt: string }>(["invite", "--json"]);
  assert.equal(invite.code, 0, invite.stderr);
  const added = await bob.run<{ state: string }>(["contact", "add", invite.json.link, "--name", "alice", "--json"]);
  assert.equal(added.code, 0, added.stderr);
  assert.equal(added.json.state, "pending");
  await waitForContact(alice, bob.npub, "request");
  assert.equal((await alice.run(["contact", "accept", bob.npub])).code, 0);
  assert.equal((await alice.run(["contact", "rename", bob.npub, "bob"])).code, 0);
  await waitForContact(bob, alice.npub, "accepted");
}

/** Sends one after the other; a call that finds no node is repeated, as a person would. */
async function sendAll(from: NocturneProcess | (() => NocturneProcess), to: string, text: string): Promise<string[]> {
  const sent: string[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    const message = `${text} ${i}`;
    const id = randomBytes(16).toString("hex");
    await poll(async () => {
      const node = typeof from === "function" ? from() : from;
      if (i % COMMAND_EVERY > 0) return (await call(node, { id, to, text: message })) || undefined;
      const { code, stderr } = await node.run(["send", to, message]);
      assert.ok(code === 0 || code === 3, `send ended with ${code}: ${stderr}`);
      return code === 0 || undefined;
    });
    sent.push(message);
    await sleep(PACE_MS);
  }
  return sent;
}

/** As the command line does it. False while no node is there, or when it died before it answered: then again, with the same id. */
async function call({ dataDir }: NocturneProcess, message: SendMessage): Promise<boolean> {
  try {
    const { status, body } = await callSocket(socketPath(dataDir), "POST", "/api/messages", message);
    assert.equal(status, 200, JSON.stringify(body));
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return false;
  }
}

async function arrivals(node: NocturneProcess, count: number): Promise<string[]> {
  const inbox = (): Promise<readonly Message[]> => ask(node, "GET", "/inbox");
  await askUntil("they arrive", inbox, ({ length }) => length >= count, ARRIVAL_MS);
  const { json } = await node.run<InboxLine | InboxLine[] | undefined>(["inbox", "--json"]);
  return [json ?? []].flat().map((line) => line.text);
}

async function poll<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + ARRIVAL_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new assert.AssertionError({ message: "it did not happen in time" });
}
