/** Two people at their command lines: reply, react, edit, delete, find, and messages that disappear. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { meet, texts, until } from "../support/acquaintance.ts";
import { type NocturneProcess, startNocturne } from "../support/nocturne-process.ts";

interface Line {
  readonly id: string;
  readonly text: string;
  readonly position: number;
  readonly editedAt: string | null;
  readonly replyTo: { readonly excerpt: string | null } | null;
  readonly reactions: readonly { readonly emoji: string; readonly mine: boolean }[];
}

test("send, reply, react, edit, delete, search, and a timer of seconds", async (t) => {
  const [alice, bob] = await Promise.all([startNocturne(t), startNocturne(t)]);
  await meet(alice, bob);
  const question = await send(alice, "bob", "Shall we meet at the Café?");
  assert.deepEqual(await texts(bob, 1), ["Shall we meet at the Café?"]);
  const answer = await send(bob, "alice", "Yes, at noon", "--reply-to", question);
  const [reply] = await until(
    "the answer arrives",
    async () => (await inbox(alice)).length === 1 && (await inbox(alice)),
  );
  assert.equal(reply?.replyTo?.excerpt, "Shall we meet at the Café?");

  await done(alice, "react", answer, "👍");
  await done(alice, "edit", question, "Shall we meet at the Cinema?");
  const edited = await until("the edit arrives", async () => (await inbox(bob)).find((one) => one.editedAt !== null));
  assert.equal(edited.text, "Shall we meet at the Cinema?");
  const found = await bob.run<{ message: Line }[]>(["search", "noon", "--in", "alice", "--json"]);
  assert.deepEqual(
    found.json.map(({ message }) => message.id),
    [answer],
  );
  await until("the reaction arrives", async () => {
    const { json } = await bob.run<{ message: Line }[]>(["search", "noon", "--json"]);
    return json[0]?.message.reactions[0]?.emoji === "👍";
  });
  assert.deepEqual((await alice.run(["search", "cafe", "--json"])).json, [], "the old words are gone");
  assert.match((await alice.run(["search", "CINEM"])).stdout, /Shall we meet at the Cinema\?/);

  await done(alice, "delete", question, "--for-all");
  await until("the deletion arrives", async () => (await inbox(bob)).length === 0);
  assert.equal((await bob.run(["delete", question, "--for-all"])).code, 1);
  assert.equal((await alice.run(["react", answer, "nonsense"])).code, 1);

  await done(bob, "timer", "alice", "1s");
  await until("the timer is set on both sides", async () => (await conversation(alice)).timerSeconds === 1);
  const brief = await send(bob, "alice", "this will not last");
  await until("it is gone where it was sent", async () => (await hits(bob, "last")).length === 0);
  assert.equal((await bob.run(["delete", brief])).code, 1, "there is nothing to delete any more");
  await done(bob, "timer", "alice", "off");
});

test("a conversation is muted, pinned and archived, and says so", async (t) => {
  const [alice, bob] = await Promise.all([startNocturne(t), startNocturne(t)]);
  await meet(alice, bob);
  for (const choice of ["mute", "pin", "archive"]) await done(alice, "conversation", choice, "bob");
  const { mutedUntil, pinned, archived } = await conversation(alice);
  assert.deepEqual([mutedUntil, pinned, archived], ["9999-12-31T00:00:00.000Z", true, true]);
  const { stdout } = await alice.run(["conversation", "unmute", "bob"]);
  assert.equal(stdout, "bob: pinned, archived\n");
  await send(bob, "alice", "hello again");
  await until("it is back", async () => !(await conversation(alice)).archived);
  assert.equal((await alice.run(["conversation", "mute", "bob", "--for", "eight hours"])).code, 1);
  assert.equal((await alice.run(["conversation", "pin", "nobody"])).code, 1);
});

interface Choices {
  readonly timerSeconds: number | null;
  readonly mutedUntil: string | null;
  readonly pinned: boolean;
  readonly archived: boolean;
}

/** Told by a change that changes nothing. */
async function conversation(node: NocturneProcess): Promise<Choices> {
  return (await node.run<Choices>(["conversation", "pin", "bob", "--json"])).json;
}

async function hits(node: NocturneProcess, words: string): Promise<unknown[]> {
  return (await node.run<unknown[]>(["search", words, "--json"])).json;
}

async function send(from: NocturneProcess, to: string, text: string, ...more: string[]): Promise<string> {
  const sent = await from.run<{ id: string }>(["send", to, text, "--wait", "delivered", "--json", ...more]);
  assert.equal(sent.code, 0, sent.stderr);
  return sent.json.id;
}

async function done(node: NocturneProcess, ...args: string[]): Promise<void> {
  const { code, stderr } = await node.run([...args, "--json"]);
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
}

async function inbox(node: NocturneProcess): Promise<Line[]> {
  const { stdout } = await node.run(["inbox", "--json"]);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}
