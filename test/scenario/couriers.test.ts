/** Couriers among real nodes: by the command line, with crashes; and by what the relay of a recipient sees of the sender. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contact, CouriersView, Invite, Message, NewVoucher, SendResult, Status } from "../../src/api/contract.ts";
import { type ApiNode, startApiNode } from "../support/api-node.ts";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";
import { ask, waitForContact } from "../support/people.ts";
import { startRecordingRelay } from "../support/recording-relay.ts";
import { deliver, eventually, speak } from "../support/speaker.ts";
import { askUntil } from "../support/wait.ts";

test("owner, courier, friend: all three stop or crash in between, and the message arrives once", async (t) => {
  const alice = await startNocturne(t);
  let [bob, carol] = [await startNocturne(t), await startNocturne(t)];
  await meet(bob, alice, "bob", "alice");
  await meet(carol, alice, "carol", "alice");
  assert.equal((await alice.run(["courier", "use", "carol"])).code, 1, "she has not offered it");
  assert.equal((await carol.run(["courier", "allow", "alice", "--cells-per-day", "500"])).code, 0);
  await viewIs(alice, ({ offers }) => offers[0]?.cellsPerDay === 500);
  assert.equal((await alice.run<CouriersView>(["courier", "use", "carol", "--json"])).json.using?.name, "carol");

  await bob.end("SIGKILL"); // and his relay with him
  const sent = await alice.run<SendResult>(["send", "bob", "while we sleep", "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  await viewIs(carol, ({ carrying }) => carrying[0]?.queued === 1);
  await viewIs(alice, ({ using }) => using?.entrusted === 1);
  const status = await alice.run<Status>(["status", "--json"]);
  assert.deepEqual([status.json.courier?.name, status.json.courier?.entrusted], ["carol", 1]);
  await alice.end("SIGTERM");

  await carol.end("SIGKILL");
  carol = await startNocturne(t, { dataDir: carol.dataDir, ports: carol.ports });
  await viewIs(carol, ({ carrying }) => carrying[0]?.queued === 1);
  bob = await startNocturne(t, { dataDir: bob.dataDir, ports: bob.ports });
  await askUntil(
    "it arrives",
    () => ask<readonly Message[]>(bob, "GET", "/inbox"),
    ({ length }) => length > 0,
    WAIT_MS,
  );
  await viewIs(carol, ({ carrying }) => carrying[0]?.taken === 1);

  const again = await startNocturne(t, { dataDir: alice.dataDir, ports: alice.ports });
  await viewIs(again, ({ offers, using }) => offers[0]?.taken === 1 && using?.entrusted === 0);
  const wait = await again.run<SendResult>(["send", "bob", "good morning", "--wait", "delivered", "--json"]);
  assert.equal(wait.json.state, "delivered", wait.stderr);
  assert.deepEqual(await textsOf(bob), ["while we sleep", "good morning"]);
  assert.equal((await again.run(["courier", "stop"])).code, 0);
});

test("a voucher by the command line: its code comes from stdin", async (t) => {
  const [alice, carol] = [await startNocturne(t), await startNocturne(t)];
  await meet(carol, alice, "carol", "alice");
  const made = await carol.run<NewVoucher>(["courier", "voucher", "--cells", "300", "--expires", "7d", "--json"]);
  assert.match(made.json.code, /^[\w-]{22}$/);
  const bad = await alice.run(["courier", "redeem", "carol", "--no-input"], { stdin: "no code" });
  assert.equal(bad.code, 1);
  const redeemed = await alice.run(["courier", "redeem", "carol", "--no-input"], { stdin: `${made.json.code}\n` });
  assert.equal(redeemed.code, 0, redeemed.stderr);
  await viewIs(alice, ({ offers }) => offers[0]?.credit === 300 && offers[0].redeemed === "accepted");
  const { json } = await carol.run<CouriersView>(["courier", "list", "--json"]);
  assert.deepEqual([json.vouchers[0]?.redeemedBy, "code" in (json.vouchers[0] ?? {})], ["alice", false]);
});

test("the recipient's relay never sees a connection from the sender; the control: without a courier it does", async (t) => {
  const [toAlice, toBob, toCarol] = [
    await startRecordingRelay(t),
    await startRecordingRelay(t),
    await startRecordingRelay(t),
  ];
  const dataDir = temporaryFolder(t);
  const first = await startApiNode({ embeddedRelay: false, relays: [toAlice.url], dataDir });
  const [bob, carol] = [await startNode(t, toBob.url, "Bob"), await startNode(t, toCarol.url, "Carol")];
  await speak(first).ask("PATCH", "/settings", { displayName: "Alice" });
  for (const other of [bob, carol]) await meetNodes(first, other);
  const aliceNpub = first.npub ?? "";
  await speak(carol).ask("PUT", `/couriers/carrying/${aliceNpub}`, { cellsPerDay: 500 });
  await eventually("the offer is there", async () => {
    return (await speak(first).ask<CouriersView>("GET", "/couriers")).offers.length === 1;
  });
  await speak(first).ask("PUT", "/couriers/use", { who: carol.npub });
  await first.close(); // what was open before is closed with it

  const alice = await startApiNode({ embeddedRelay: false, relays: [toAlice.url], dataDir });
  atEnd(t, () => alice.close());
  const before = toBob.headers.length;
  await deliver(speak(alice), bob.npub ?? "", "by Carol");
  await deliver(speak(bob), aliceNpub, "an answer");
  await sleep(500); // the receipt for it
  const reached = () => alice.services.pool.states().map(({ url }) => url);
  assert.ok(!reached().includes(toBob.url), "no connection to Bob's relay");
  assert.ok(carol.services.pool.states().some(({ url }) => url === toBob.url));
  assert.equal(toBob.headers.length, before + 1, "the only new one there is Carol's");

  await speak(alice).ask("DELETE", "/couriers/use");
  await deliver(speak(alice), bob.npub ?? "", "directly");
  assert.ok(reached().includes(toBob.url));
  assert.ok(toBob.headers.length > before + 1);
});

async function startNode(t: TestContext, relay: string, displayName: string): Promise<ApiNode> {
  const node = await startApiNode({ embeddedRelay: false, relays: [relay] });
  atEnd(t, () => node.close());
  await speak(node).ask("PATCH", "/settings", { displayName });
  return node;
}

async function meetNodes(host: ApiNode, guest: ApiNode): Promise<void> {
  const { link } = await speak(host).ask<Invite>("POST", "/invites");
  await speak(guest).ask("POST", "/contacts", { invite: link });
  const isKnown = (state: string) => async () =>
    (await speak(host).ask<Contact[]>("GET", "/contacts")).some(
      (one) => one.npub === guest.npub && one.state === state,
    );
  await eventually("the request is there", isKnown("request"));
  await speak(host).ask("POST", `/contacts/${guest.npub}/accept`);
  await deliver(speak(host), guest.npub ?? "", "hello");
}

async function meet(host: NocturneProcess, guest: NocturneProcess, hostName: string, guestName: string): Promise<void> {
  const { json } = await host.run<Invite>(["invite", "--json"]);
  assert.equal((await guest.run(["contact", "add", json.link, "--name", hostName])).code, 0);
  await waitForContact(host, guest.npub, "request");
  assert.equal((await host.run(["contact", "accept", guest.npub])).code, 0);
  assert.equal((await host.run(["contact", "rename", guest.npub, guestName])).code, 0);
  await waitForContact(guest, host.npub, "accepted");
}

async function viewIs(node: NocturneProcess, holds: (view: CouriersView) => boolean): Promise<void> {
  await askUntil("the couriers are as expected", () => ask<CouriersView>(node, "GET", "/couriers"), holds, WAIT_MS);
}

async function textsOf(node: NocturneProcess): Promise<string[]> {
  const { json } = await node.run<{ text: string } | { text: string }[] | undefined>(["inbox", "--json"]);
  return (Array.isArray(json) ? json : json ? [json] : []).map(({ text }) => text);
}

const WAIT_MS = 60_000;
