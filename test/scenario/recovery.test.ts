/** A machine is destroyed; the recovery key and the name of a relay bring back who its owner knows, and they write on. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { meet, texts, until } from "../support/acquaintance.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type NocturneProcess, runCli, startNocturne } from "../support/nocturne-process.ts";
import { startRecordingRelay } from "../support/recording-relay.ts";

interface Restored {
  readonly npub: string;
  readonly contacts: number;
  readonly files: number;
  readonly summary: {
    readonly madeAt: string | null;
    readonly groups: number;
    readonly channels: number;
    readonly relays: readonly { readonly url: string; readonly state: string }[];
    readonly warnings: readonly string[];
  };
}

const names = async (node: NocturneProcess) =>
  (await node.run<{ name: string; state: string }[]>(["contact", "list", "--json"])).json
    .map(({ name, state }) => `${name} ${state}`)
    .sort();

test("by the recovery key alone onto an empty machine: contacts, names, a group, a channel, and messages both ways", async (t) => {
  const [one, two] = [await startRecordingRelay(t), await startRecordingRelay(t)];
  const args = ["--relay", one.url, "--relay", two.url, "--no-embedded-relay"];
  const [alice, bob, carol] = await Promise.all([
    startNocturne(t, { args }),
    startNocturne(t, { args }),
    startNocturne(t, { args }),
  ]);
  await meet(alice, bob);
  await meet(carol, alice);
  assert.equal((await alice.run(["contact", "rename", "alice", "carol"])).code, 0);
  const group = await bob.run(["group", "create", "walkers", "alice"]);
  assert.equal(group.code, 0, group.stderr);
  const alone = await alice.run(["group", "create", "only me"]);
  assert.equal(alone.code, 0, alone.stderr);
  const channel = await carol.run(["channel", "create", "weather", "--json"]);
  assert.equal(channel.code, 0, channel.stderr);
  const { link } = (await carol.run<{ link: string }>(["channel", "link", "weather", "--json"])).json;
  assert.equal((await alice.run(["channel", "join", link])).code, 0);
  await until("Alice is in the group", async () => (await alice.run(["send", "walkers", "here"])).code === 0);
  await texts(bob, 1);

  const { hex } = (await alice.run<{ hex: string }>(["recovery", "show", "--json"])).json;
  const told = await alice.run<{ relays: string[] }>(["recovery", "update", "--json"]);
  assert.equal(told.code, 0, told.stderr);
  assert.deepEqual(told.json.relays, [one.url, two.url]);
  const before = await names(alice);
  assert.deepEqual(before, ["bob accepted", "carol accepted"]);
  await alice.end("SIGKILL");
  rmSync(alice.dataDir, { recursive: true });

  const dataDir = temporaryFolder(t);
  const restored = await runCli<Restored>(["recovery", "restore", "--relay", two.url, "--json"], {
    dataDir,
    stdin: hex,
  });
  assert.equal(restored.code, 0, restored.stderr);
  const { npub, contacts, files, summary } = restored.json;
  assert.deepEqual([npub, contacts, files, summary.groups, summary.channels], [alice.npub, 2, 0, 2, 1]);
  assert.deepEqual(summary.relays, [{ url: two.url, state: "newest" }]);
  assert.equal(summary.warnings.length, 1);
  assert.match(summary.warnings[0] ?? "", /only admin.*: only me\./);

  const again = await startNocturne(t, { dataDir, args: ["--no-embedded-relay"] });
  assert.equal(again.npub, alice.npub);
  assert.deepEqual(await names(again), before);
  const sent = await bob.run<{ state: string }>([
    "send",
    "alice",
    "to the new machine",
    "--wait",
    "delivered",
    "--json",
  ]);
  assert.equal(sent.json?.state, "delivered", sent.stderr);
  assert.ok((await texts(again, 1)).includes("to the new machine"));
  const answer = await again.run<{ state: string }>(["send", "bob", "from it", "--wait", "delivered", "--json"]);
  assert.equal(answer.json?.state, "delivered", answer.stderr);
  const third = await again.run<{ state: string }>(["send", "carol", "to Carol", "--wait", "delivered", "--json"]);
  assert.equal(third.json?.state, "delivered", third.stderr);
  await until("the group lets her in again", async () => (await again.run(["send", "walkers", "back"])).code === 0);
  const read = await until("Bob reads her in the group", async () => {
    const all = await texts(bob, 1);
    return all.includes("back") && all;
  });
  assert.ok(read.includes("from it"));
});
