/** What a relay that keeps everything sees of two people and a group, from the first hello on; beside it, what it sees of NIP-17. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { formOf } from "../../test/support/cells.ts";
import { createWorld, meet, until, WAIT_MS } from "../../test/support/messenger-world.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { KIND } from "../nostr/kinds.ts";
import { DROP_KIND } from "./invite.ts";

const PERIOD_MS = 20;

test("under cover everything arrives, the stream goes on as it did, and no cell goes out twice", async (t) => {
  const { relay, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  for (const one of [alice, bob]) {
    one.law = { meanPeriodMs: () => PERIOD_MS, onChange: () => () => {} };
    one.crash();
  }
  const paceOf = async (ms: number) => {
    const before = relay.stored.length;
    await sleep(ms);
    return (relay.stored.length - before) / (ms / PERIOD_MS);
  };
  const idle = await paceOf(1_500);
  await meet(alice, bob);
  const ids: string[] = [];
  for (let i = 0; i < 40; i++) ids.push((await alice.messenger.send({ to: "Bob", text: `text ${i}` })).id);
  const busy = await paceOf(1_500);
  await until(() => bob.texts().length === 40, "Bob reads all of it");
  assert.deepEqual(
    bob.texts(),
    ids.map((_, i) => `text ${i}`),
  );
  for (const id of ids) await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  // Two streams: one cell a period each, or a tenth of that on a machine that has other work; never more.
  assert.ok(idle <= 2.2 && busy <= 2.2, `${idle} and ${busy} cells a period`);
  assert.ok(idle > 0 && busy > 0, `${idle} and ${busy} cells a period`);
  const cells = relay.stored.filter(({ kind }) => kind === KIND.cell);
  assert.equal(new Set(cells.map(formOf)).size, 1, "real ones and dummies");
  assert.equal(new Set(cells.map(({ id }) => id)).size, cells.length);
});

test("a relay sees cells of one form, whoever writes what to whom, and no name", async (t) => {
  const { relay, person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  for (const text of ["short", "long ".repeat(2_000)]) {
    const { id } = await alice.messenger.send({ to: "Bob", text });
    await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(WAIT_MS));
  }
  const { id } = await alice.messenger.createGroup({ name: "both", members: ["Bob"] });
  await until(() => alice.messenger.group(id).members.every(({ state }) => state === "member"), "Bob is in");
  await until(() => bob.messenger.conversations().some((one) => one.id === id), "and knows it");
  await bob.messenger.send({ to: id, text: "in the group" });
  await until(() => alice.texts().includes("in the group"), "Alice reads it");

  const seen = relay.stored.slice();
  assert.deepEqual(
    new Set(seen.map(({ kind }) => kind)),
    new Set([KIND.cell, DROP_KIND]),
    "cells, and the invite's drop",
  );
  const cells = seen.filter(({ kind }) => kind === KIND.cell);
  assert.ok(cells.length > 20);
  assert.equal(new Set(cells.map(formOf)).size, 1);
  assert.equal(new Set(cells.map(({ pubkey }) => pubkey)).size, cells.length, "no key twice");
  assert.equal(new Set(cells.map(({ tags }) => tags[0]?.[1])).size, cells.length, "no address twice");
  const keys = [alice, bob].map(({ vault }) => vault.identity().publicKey);
  const named = (events: readonly NostrEvent[]) => keys.filter((key) => JSON.stringify(events).includes(key));
  assert.deepEqual(named(seen), []);

  // The control: the same search sees who gets what is not hidden.
  await alice.messenger.send({ to: "Bob", text: "not hidden", interop: true });
  await until(() => bob.texts().includes("not hidden"), "Bob reads it");
  assert.deepEqual(named(relay.stored), [bob.vault.identity().publicKey]);
  assert.ok(relay.stored.some(({ kind }) => kind === KIND.wrap));
});
