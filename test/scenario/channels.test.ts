/**
 * A channel between three processes, everything by the command line as a script would: the owner posts, edits,
 * deletes and attaches; two read; the owner is killed right after a post, and sheds one of the readers.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../support/acquaintance.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import { type CliResult, type NocturneProcess, startCommand, startNocturne } from "../support/nocturne-process.ts";

interface Entry {
  readonly type: "post" | "gap" | "moved";
  readonly n: number;
  readonly text: string;
  readonly editedAt: string | null;
  readonly deleted: boolean;
  readonly replyTo: number | null;
  readonly files: readonly { readonly name: string; readonly url: string }[];
  readonly state: "queued" | "sent" | "received";
}

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly mine: boolean;
}

test("create, join, post, edit, delete, attach; killed after a post; started afresh", async (t) => {
  // The relay is one of its own, as people on several machines would use.
  const [relay, ben, cleo] = await Promise.all([startNocturne(t), startNocturne(t), startNocturne(t)]);
  let ada = await startNocturne(t, { args: ["--relay", relay.relay, "--no-embedded-relay"] });
  const { id } = (await ok<Listed>(ada, "create", "Night sky", "--description", "What to see")).json;
  const { link } = (await ok<{ link: string }>(ada, "link", "Night sky")).json;
  await ok(ben, "join", link);
  const piped = await cleo.run<Listed>(["channel", "join", "--json"], { stdin: `${link}\n` });
  assert.equal(piped.json.id, id, piped.stderr);

  await ok(ada, "post", "Night sky", "The moon is full");
  await ok(ada, "post", id, "Look up", "--reply-to", "1");
  for (const reader of [ben, cleo]) await sees(reader, ["The moon is full", "Look up"]);
  const [, second] = await read(ben);
  assert.deepEqual([second?.replyTo, second?.state], [1, "received"]);
  await ok(ada, "edit", "Night sky", "2", "Look west");
  await ok(ada, "delete", "Night sky", "1");
  for (const reader of [ben, cleo]) await sees(reader, ["[deleted]", "Look west"]);
  assert.match(
    (await ben.run(["channel", "read", "Night sky"])).stdout,
    /-- deleted --\n2 .* \[edited\] \[answers 1\] {2}Look west/,
  );

  const path = join(temporaryFolder(t), "map.txt");
  writeFileSync(path, "the map");
  const put = await ada.run<{ id: string }>(["files", "put", path, "--json"]);
  await ok(ada, "post", "Night sky", "--file", put.json.id);
  const withFile = await until("the file arrives", async () => (await read(ben)).find(({ files }) => files.length > 0));
  assert.equal(withFile.files[0]?.name, "map.txt");
  assert.match(withFile.files[0]?.url ?? "", /^http:.*\/s\/.*#/);

  await relay.end("SIGKILL"); // so that the post is certainly still on its way
  const late = await ok<Entry>(ada, "post", "Night sky", "Before the end");
  assert.equal(late.json.state, "queued");
  await ada.end("SIGKILL");
  await startNocturne(t, { dataDir: relay.dataDir, ports: relay.ports });
  ada = await startNocturne(t, {
    dataDir: ada.dataDir,
    ports: ada.ports,
    args: ["--relay", relay.relay, "--no-embedded-relay"],
  });
  for (const reader of [ben, cleo]) await sees(reader, ["[deleted]", "Look west", "", "Before the end"]);
  assert.equal((await read(ada)).at(-1)?.state, "sent");
  await ok(ada, "post", "Night sky", "And on");
  for (const reader of [ben, cleo]) await sees(reader, ["[deleted]", "Look west", "", "Before the end", "And on"]);

  assert.equal((await ada.run(["channel", "fresh-start", "Night sky"])).code, 2, "asks for --yes");
  const afresh = (await ok<{ link: string }>(ada, "fresh-start", "Night sky", "--yes")).json.link;
  assert.notEqual(afresh, link);
  await ok(ada, "post", "Night sky", "Among friends");
  for (const reader of [ben, cleo]) {
    await until("the reader is shed", async () => (await list(reader))[0]?.state === "moved");
  }
  await ok(ben, "join", afresh);
  await until("the new link leads on", async () => (await read(ben)).at(-1)?.text === "Among friends");
  assert.equal((await read(cleo)).at(-1)?.type, "moved", "who has the old link alone reads nothing more");
  assert.equal((await cleo.run(["channel", "link", "Night sky"])).code, 1);

  await ok(cleo, "leave", "Night sky");
  assert.deepEqual(await list(cleo), []);
  assert.equal((await ada.run(["channel", "leave", "Night sky"])).code, 2, "asks for --yes");
  await ok(ada, "leave", "Night sky", "--yes");
  assert.deepEqual(await list(ada), []);
});

test("what a reader may not, and what is mistyped, is refused in words", async (t) => {
  const [ada, ben] = await Promise.all([startNocturne(t), startNocturne(t)]);
  for (const _ of [1, 2]) await ok(ada, "create", "Twins");
  const ambiguous = await ada.run(["channel", "post", "Twins", "to whom?"]);
  assert.equal(ambiguous.code, 1);
  assert.match(ambiguous.stderr, /Several channels have this name/);
  const [{ id } = { id: "" }] = await list(ada);
  await ok(ben, "join", (await ok<{ link: string }>(ada, "link", id)).json.link);
  const posted = await ben.run(["channel", "post", id, "I am Ada"]);
  assert.equal(posted.code, 1);
  assert.match(posted.stderr, /Only the owner of a channel can do this/);
  assert.equal((await ben.run(["channel", "read", "Nowhere"])).code, 1);
  assert.equal((await ben.run(["channel", "edit", id, "first", "x"])).code, 2);
  const wrong = await ben.run(["channel", "join", "nocturne:channel/AAAA"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /not the link of a channel/);
});

test("a channel's posts are followed over a restart of the reader's node", async (t) => {
  const ada = await startNocturne(t);
  let ben = await startNocturne(t);
  const { id } = (await ok<Listed>(ada, "create", "News")).json;
  await ok(ben, "join", (await ok<{ link: string }>(ada, "link", id)).json.link);
  await ok(ada, "post", id, "one");
  await sees(ben, ["one"]);
  const following = startCommand(t, ["channel", "read", id, "--follow", "--json"], { dataDir: ben.dataDir });
  const texts = () =>
    following
      .stdout()
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as Entry).text);
  await until("the first is shown", async () => texts().join() === "one");
  await ben.end("SIGKILL");
  await ok(ada, "post", id, "two");
  ben = await startNocturne(t, { dataDir: ben.dataDir, ports: ben.ports });
  await ok(ada, "post", id, "three");
  await until("all are shown, each once", async () => texts().join() === "one,two,three");
  await following.end("SIGINT");
});

/** A command of `nocturne channel` that must succeed. */
async function ok<T = unknown>(node: NocturneProcess, ...words: readonly string[]): Promise<CliResult<T>> {
  const result = await node.run<T>(["channel", ...words, "--json"]);
  assert.equal(result.code, 0, `${words[0]}: ${result.stderr}`);
  return result;
}

async function list(node: NocturneProcess): Promise<Listed[]> {
  return (await ok<Listed[]>(node, "list")).json;
}

/** The entries of the node's only channel, lowest number first. */
async function read(node: NocturneProcess): Promise<Entry[]> {
  const [channel] = await list(node);
  const { stdout } = await ok(node, "read", channel?.id ?? "");
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Entry);
}

async function sees(node: NocturneProcess, wanted: readonly string[]): Promise<void> {
  let last: string[] = [];
  try {
    await until("the posts are there", async () => {
      last = (await read(node)).map((entry) => (entry.deleted ? "[deleted]" : (entry.text ?? `[${entry.type}]`)));
      return last.join("|") === wanted.join("|");
    });
  } catch (cause) {
    throw new Error(`it shows ${last.join(" | ")}, not ${wanted.join(" | ")}`, { cause });
  }
}
