/** Reading and writing by the command line, as scripts do it: pipes, attachments, filters, and a reader that goes on. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { meet, texts, until } from "../support/acquaintance.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type NocturneProcess, type RunningCommand, startCommand, startNocturne } from "../support/nocturne-process.ts";

interface Line {
  readonly id: string;
  readonly conversation: string;
  readonly from: { readonly npub: string; readonly name: string };
  readonly at: string;
  readonly text: string;
  readonly files: readonly {
    readonly id: string;
    readonly name: string;
    readonly bytes: number;
    readonly url: string;
  }[];
  readonly state: string;
  readonly profile: string;
}

test("what was sent from pipes and with files arrives as it was, and the filters find it", async (t) => {
  const alice = await startNocturne(t);
  const bob = await startNocturne(t);
  await meet(alice, bob);
  assert.deepEqual(await inbox(alice), []);
  const text = "Grüße 👋\n\n  second paragraph\twith a tab";
  const piped = await bob.run(["send", "alice", "-", "--wait", "delivered", "--timeout", "60"], { stdin: `${text}\n` });
  assert.equal(piped.code, 0, piped.stderr);
  const folder = temporaryFolder(t);
  const files = ["one.txt", "two.txt"].map((name) => join(folder, name));
  for (const file of files) writeFileSync(file, file);
  const attached = files.flatMap((file) => ["--file", file]);
  const sent = await bob.run<{ id: string }>(["send", alice.npub, ...attached, "--json"]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.deepEqual(await texts(alice, 2), [text, ""]);

  const [first, second] = await inbox(alice);
  assert.deepEqual(first?.from, { npub: bob.npub, name: "bob" });
  assert.deepEqual([first?.conversation, first?.state, first?.profile], [bob.npub, "delivered", "hidden"]);
  assert.equal(second?.id, sent.json.id);
  assert.deepEqual(
    second?.files.map(({ name, bytes }) => [name, bytes]),
    [
      ["one.txt", files[0]?.length],
      ["two.txt", files[1]?.length],
    ],
  );
  for (const { url } of second?.files ?? []) assert.equal(await stateOf(url), "active");

  assert.deepEqual(await inbox(alice, "--limit", "1"), [second]);
  assert.deepEqual(await inbox(alice, "--since", second?.at ?? ""), [second]);
  assert.deepEqual(await inbox(alice, "--with", "bob", "--since", "2100-01-01"), []);
  assert.equal((await alice.run(["inbox", "--since", "yesterday"])).code, 2);
  assert.equal((await alice.run(["inbox", "--with", "nobody"])).code, 1);
});

test("a stranger's message stays out of the inbox until it is let in", async (t) => {
  const alice = await startNocturne(t);
  const bob = await startNocturne(t);
  const { json } = await alice.run<{ link: string }>(["invite", "--json"]);
  await bob.run(["contact", "add", json.link, "--name", "alice"]);
  assert.equal((await bob.run(["send", "alice", "it is me"])).code, 0);
  await until("the request is there", async () => (await requests(alice)) === 1);
  assert.deepEqual(await inbox(alice), []);
  assert.equal((await alice.run(["contact", "accept", bob.npub])).code, 0);
  assert.deepEqual(await texts(alice, 1), ["it is me"]);
  assert.equal((await alice.run(["contact", "block", bob.npub])).code, 0);
  assert.equal((await bob.run(["send", "alice", "are you there?", "--wait", "delivered", "--timeout", "3"])).code, 1);
  assert.equal((await alice.run(["contact", "remove", bob.npub])).code, 0);
  assert.deepEqual((await alice.run(["contact", "list", "--json"])).json, []);
});

test("--follow shows each message once, over a crash of the node, and ends when it is told to or left alone", async (t) => {
  const alice = await startNocturne(t);
  const bob = await startNocturne(t);
  await meet(alice, bob);
  await say(bob, "before");
  const follow = () => startCommand(t, ["inbox", "--follow", "--json"], { dataDir: alice.dataDir });
  const reader = follow();
  await until("it shows what was there", async () => textsOf(reader).length === 1);
  await say(bob, "during");
  await until("it shows what arrives", async () => textsOf(reader).length === 2);
  await alice.end("SIGKILL");
  assert.equal((await bob.run(["send", "alice", "after a crash"])).code, 0);
  const again = await startNocturne(t, { dataDir: alice.dataDir, ports: alice.ports });
  await until("it shows what came after the crash", async () => textsOf(reader).length === 3);
  assert.deepEqual(textsOf(reader), ["before", "during", "after a crash"]);

  const left = follow();
  await until("a second reader shows all", async () => textsOf(left).length === 3);
  await reader.end("SIGINT");
  assert.equal(reader.log(), "");
  await again.end();
  assert.equal(await left.exited, 3);
  assert.match(left.log(), /No Nocturne is running/);
  assert.deepEqual(textsOf(left), textsOf(reader));
});

async function inbox(node: NocturneProcess, ...options: string[]): Promise<Line[]> {
  const { code, stdout, stderr } = await node.run(["inbox", "--json", ...options]);
  assert.equal(code, 0, stderr);
  return linesOf(stdout);
}

function linesOf(stdout: string): Line[] {
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

function textsOf(reader: RunningCommand): string[] {
  return linesOf(reader.stdout()).map(({ text }) => text);
}

async function requests(node: NocturneProcess): Promise<number> {
  return (await node.run<{ requests: number }>(["status", "--json"])).json.requests;
}

async function say(from: NocturneProcess, text: string): Promise<void> {
  const sent = await from.run(["send", "alice", text, "--wait", "delivered", "--timeout", "60"]);
  assert.equal(sent.code, 0, sent.stderr);
}

/** What a visitor without the key is told of a link. */
async function stateOf(url: string): Promise<string> {
  const { origin, pathname } = new URL(url);
  return ((await (await fetch(`${origin}${pathname}/info`)).json()) as { state: string }).state;
}
