/** A machine is destroyed; the recovery key and the name of a relay bring back who its owner knows, and they write on. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import type {
  ChannelLink,
  Channel,
  Contact,
  Group,
  Message,
  RecoveryView,
  RestoreResult,
  SharesView,
} from "../../src/api/contract.ts";
import { until } from "../support/acquaintance.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type NocturneProcess, runCli, startNocturne } from "../support/nocturne-process.ts";
import { ask, befriend, deliver } from "../support/people.ts";
import { startRecordingRelay } from "../support/recording-relay.ts";

const names = async (node: NocturneProcess) =>
  (await ask<Contact[]>(node, "GET", "/contacts")).map(({ name, state }) => `${name} ${state}`).sort();

const texts = async (node: NocturneProcess) => (await ask<Message[]>(node, "GET", "/inbox")).map(({ text }) => text);

test("by the recovery key alone onto an empty machine: contacts, names, a group, a channel, and messages both ways", async (t) => {
  const [one, two] = [await startRecordingRelay(t), await startRecordingRelay(t)];
  const args = ["--relay", one.url, "--relay", two.url, "--no-embedded-relay"];
  const [alice, bob, carol] = await Promise.all([
    startNocturne(t, { args }),
    startNocturne(t, { args }),
    startNocturne(t, { args }),
  ]);
  await befriend(alice, bob, { host: "Alice", guest: "Bob" });
  await befriend(carol, alice, { host: "Carol", guest: "Alice" });
  await ask<Group>(bob, "POST", "/groups", { name: "walkers", members: ["Alice"] });
  await ask<Group>(alice, "POST", "/groups", { name: "only me", members: [] });
  const { id } = await ask<Channel>(carol, "POST", "/channels", { name: "weather" });
  const { link } = await ask<ChannelLink>(carol, "GET", `/channels/${id}/link`);
  await ask(alice, "POST", "/channels/join", { link });
  await until("Alice is in the group", async () => (await alice.run(["send", "walkers", "here"])).code === 0);
  await until("Bob reads it", async () => (await texts(bob)).includes("here"));
  await ask(alice, "POST", "/recovery/shares", { need: 2, people: ["Bob", "Carol"] });
  const haveThem = async () =>
    (await ask<SharesView>(alice, "GET", "/recovery/shares")).given?.people.every(({ arrived }) => arrived);
  await until("both have their shares", haveThem);

  const { hex } = await ask<RecoveryView>(alice, "GET", "/recovery");
  const told = await alice.run<{ relays: string[] }>(["recovery", "update", "--json"]);
  assert.deepEqual(told.json.relays, [one.url, two.url], told.stderr);
  const before = await names(alice);
  assert.deepEqual(before, ["Bob accepted", "Carol accepted"]);
  await alice.end("SIGKILL");
  rmSync(alice.dataDir, { recursive: true });

  const dataDir = temporaryFolder(t);
  const byKey = ["recovery", "restore", "--relay", two.url, "--json"];
  const restored = await runCli<RestoreResult>(byKey, { dataDir, stdin: hex });
  assert.equal(restored.code, 0, restored.stderr);
  const { npub, contacts, files, summary } = restored.json;
  assert.deepEqual([npub, contacts, files, summary?.groups, summary?.channels], [alice.npub, 2, 0, 2, 1]);
  assert.deepEqual(summary?.relays, [{ url: two.url, state: "newest" }]);
  assert.equal(summary?.warnings.length, 1);
  assert.match(summary?.warnings[0] ?? "", /only admin.*: only me\./);

  const again = await startNocturne(t, { dataDir, args: ["--no-embedded-relay"] });
  assert.equal(again.npub, alice.npub);
  assert.deepEqual(await names(again), before);
  await deliver(bob, again, "to the new machine");
  await deliver(again, bob, "from it");
  await deliver(again, carol, "to Carol");
  assert.ok((await texts(again)).includes("to the new machine"));
  assert.ok((await texts(bob)).includes("from it"));
  assert.equal((await again.run(["send", "walkers", "back"])).code, 0);
  await until("Bob reads her in the group", async () => (await texts(bob)).includes("back"));

  // Her friends alone would have done, too: each shows the share that he keeps.
  const shares = await Promise.all([bob, carol].map(shareOf));
  const empty = temporaryFolder(t);
  const byShares = ["recovery", "restore", "--shares", "--json"];
  const single = await runCli(byShares, { dataDir: empty, stdin: shares[0] ?? "" });
  assert.deepEqual([single.code, /One more share is needed/.test(single.stderr)], [1, true], single.stderr);
  const both = await runCli<RestoreResult>(byShares, { dataDir: empty, stdin: `${shares.join("\n")}\n` });
  assert.equal(both.json.npub, alice.npub, both.stderr);
});

async function shareOf(friend: NocturneProcess): Promise<string> {
  const unsure = await friend.run(["recovery", "shares", "show", "Alice"]);
  assert.deepEqual([unsure.code, /in the name of Alice/.test(unsure.stderr)], [2, true], "a warning, and no share");
  const shown = await friend.run<{ words: string }>(["recovery", "shares", "show", "Alice", "--yes", "--json"]);
  assert.equal(shown.code, 0, shown.stderr);
  return shown.json.words;
}
