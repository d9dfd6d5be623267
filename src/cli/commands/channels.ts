/**
 * `nocturne channel`: one person posts, whoever has the link reads.
 *
 *   owner    create NAME, link -> LINK     post, edit, delete, fresh-start
 *   reader   join LINK                     list, read --follow, leave
 *
 * A channel is named by its id, or by its name where that is clear: names are the owners' and may be equal.
 */

import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { renderUnicodeCompact } from "uqr";
import type { Channel, ChannelEntry, ChannelLink, ChannelPage, ChannelPost } from "../../api/contract.ts";
import { UsageError, ValidationError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import type { NodeClient } from "../node-client.ts";
import { collect, parseCount } from "../options.ts";
import { formatBytes } from "../output.ts";
import { plainLine, plainText } from "../plain-text.ts";
import { untilBack } from "../running-node.ts";
import { findFile } from "./files.ts";

interface ReadOptions {
  readonly limit?: number;
  readonly follow?: boolean;
}

interface PostOptions {
  readonly file?: readonly string[];
  readonly replyTo?: number;
}

const SHOWN = 50;
const FOLLOW_POLL_MS = 500;
const LINK_WORDS =
  "Whoever has this link reads all posts of the present epoch, and what comes after. A relay sees that somebody reads.";

export function addChannelCommands(program: Command, context: Context): void {
  const channel = program.command("channel").description("channels: one person posts, whoever has the link reads");
  addReading(channel, context);
  addPosting(channel, context);
  addKeeping(channel, context);
}

function addReading(channel: Command, context: Context): void {
  channel
    .command("join [link]")
    .description("read a channel; `-` or nothing reads the link from stdin, where no other user can see it")
    .action(async (given?: string) => {
      const link = given === undefined || given === "-" ? await context.prompt.stdin("the link") : given;
      const joined = await context.node().call<Channel>("POST", "/api/channels/join", { json: { link } });
      context.output.result(joined, describe(joined));
      if (joined.state === "waiting") context.output.say("Its name and posts come as soon as a relay tells them.");
    });

  channel
    .command("list")
    .description("your channels and those you read")
    .action(() => list(context));

  channel
    .command("read <channel>")
    .description("its posts, oldest first; says which are missing")
    .option("--limit <n>", "only the newest n (else 50)", parseCount, SHOWN)
    .option("--follow", "go on and print what comes")
    .action((name: string, options: ReadOptions) => read(context, name, options));
}

function addPosting(channel: Command, context: Context): void {
  channel
    .command("create <name>")
    .description("make a channel of yours; its name is told to its readers")
    .option("--description <text>", "what it is about, in a sentence or two")
    .action(async (name: string, { description }: { description?: string }) => {
      const json = { name, ...(description === undefined ? {} : { description }) };
      const made = await context.node().call<Channel>("POST", "/api/channels", { json });
      context.output.result(made, describe(made));
      context.output.say(`Its link, for readers: nocturne channel link ${made.id}`);
    });

  channel
    .command("post <channel> [text]")
    .description("post in a channel of yours; `-` or nothing reads the text from stdin")
    .option("--file <id>", "attach a file of the library as a sealed link (may be repeated)", collect)
    .option("--reply-to <number>", "answer this post", parseCount)
    .action((name: string, text: string | undefined, options: PostOptions) => post(context, name, text, options));

  channel
    .command("edit <channel> <number> <text>")
    .description("give a post of yours another text")
    .action(async (name: string, n: string, text: string) => {
      const client = context.node();
      const path = `${await pathOf(client, name)}/posts/${parseNumber(n)}`;
      print(context, await client.call<ChannelPost>("PUT", path, { json: { text } }));
    });

  channel
    .command("delete <channel> <number>")
    .description("take a post of yours back; relays and readers may have kept it")
    .action(async (name: string, n: string) => {
      const client = context.node();
      const path = `${await pathOf(client, name)}/posts/${parseNumber(n)}`;
      print(context, await client.call<ChannelPost>("DELETE", path));
    });
}

function addKeeping(channel: Command, context: Context): void {
  channel
    .command("link <channel>")
    .description("the link that lets read, as a QR code as well; it is a secret")
    .action(async (name: string) => {
      const client = context.node();
      tellLink(context, await client.call<ChannelLink>("GET", `${await pathOf(client, name)}/link`));
    });

  channel
    .command("fresh-start <channel>")
    .description("shed all readers of a channel of yours: it goes on under a new link")
    .option("--yes", "really")
    .action((name: string, { yes = false }: { yes?: boolean }) => freshStart(context, name, yes));

  channel
    .command("leave <channel>")
    .description("forget a channel and its posts on this machine; nobody is told")
    .option("--yes", "really, of a channel of yours: nobody can post in it ever again")
    .action((name: string, { yes = false }: { yes?: boolean }) => leave(context, name, yes));
}

async function list(context: Context): Promise<void> {
  const channels = await context.node().call<Channel[]>("GET", "/api/channels");
  const rows = channels.map((one) => [
    plainLine(one.name),
    one.mine ? "yours" : "",
    one.state,
    one.missing === 0 ? "" : `${one.missing}`,
    one.last?.at ?? "",
    one.id,
  ]);
  const empty = "No channels yet. Make one with: nocturne channel create NAME";
  context.output.table(channels, ["NAME", "YOURS", "STATE", "MISSING", "LAST POST", "ID"], rows, empty);
}

async function post(context: Context, name: string, given: string | undefined, options: PostOptions): Promise<void> {
  const { file: ids = [], replyTo } = options;
  const fromStdin = given === "-" || (given === undefined && ids.length === 0);
  const text = fromStdin ? await context.prompt.stdin("the post") : (given ?? "");
  const client = context.node();
  const path = `${await pathOf(client, name)}/posts`;
  const files = await Promise.all(ids.map(async (id) => (await findFile(client, id)).id));
  const json = { text, files, ...(replyTo === undefined ? {} : { replyTo }) };
  print(context, await client.call<ChannelPost>("POST", path, { json }));
}

async function read(context: Context, name: string, { limit = SHOWN, follow = false }: ReadOptions): Promise<void> {
  const client = context.node();
  const { id } = await findChannel(client, name);
  const entries = await newest(client, id, limit);
  for (const entry of entries) print(context, entry);
  if (follow) await followOn(context, client, id, entries);
  else if (entries.length === 0 && !context.output.json) context.output.say("No posts yet.");
}

/** At most `limit` entries, lowest number first. */
async function newest(client: NodeClient, id: string, limit: number): Promise<ChannelEntry[]> {
  let entries: ChannelEntry[] = [];
  for (let before: number | null | undefined; before !== null && entries.length < limit; ) {
    const query = new URLSearchParams({ limit: `${limit - entries.length}` });
    if (before !== undefined) query.set("before", `${before}`);
    const page = await client.call<ChannelPage>("GET", `/api/channels/${id}/posts?${query.toString()}`);
    entries = [...page.entries, ...entries];
    before = page.before;
  }
  return entries;
}

/** By number, so that none is missed or shown twice over a restart of the node; a gap that is filled is shown late. */
async function followOn(
  context: Context,
  client: NodeClient,
  id: string,
  shown: readonly ChannelEntry[],
): Promise<never> {
  const known = new Set(shown.map(nameOf));
  const first = Math.min(...shown.map(lowest), Number.MAX_SAFE_INTEGER);
  for (;;) {
    await sleep(FOLLOW_POLL_MS);
    const entries = await untilBack(() => newest(client, id, SHOWN), true);
    for (const entry of entries) {
      if (known.has(nameOf(entry)) || (shown.length > 0 && lowest(entry) < first)) continue;
      known.add(nameOf(entry));
      print(context, entry);
    }
  }
}

/** The same for an entry as long as it looks the same. */
function nameOf(entry: ChannelEntry): string {
  if (entry.type === "gap") return `gap ${entry.from} ${entry.to}`;
  return entry.type === "moved" ? `${entry.n}` : `${entry.n} ${entry.editedAt} ${entry.deleted}`;
}

function lowest(entry: ChannelEntry): number {
  return entry.type === "gap" ? entry.from : entry.n;
}

async function freshStart(context: Context, name: string, yes: boolean): Promise<void> {
  if (!yes) {
    throw new UsageError("not_confirmed", "After a fresh start all readers need the new link; the old one ends here.", {
      hint: `If you mean it: nocturne channel fresh-start ${plainLine(name)} --yes`,
    });
  }
  const client = context.node();
  tellLink(context, await client.call<ChannelLink>("POST", `${await pathOf(client, name)}/fresh-start`));
}

/** Of a channel that is read nothing is lost that its link does not bring back; of one's own the key is. */
async function leave(context: Context, name: string, yes: boolean): Promise<void> {
  const client = context.node();
  const { id, mine, name: called } = await findChannel(client, name);
  if (mine && !yes) {
    throw new UsageError("not_confirmed", "This is your own channel: its only key is lost with it.", {
      hint: `If you mean it: nocturne channel leave ${id} --yes`,
    });
  }
  await client.call("DELETE", `/api/channels/${id}`);
  context.output.result({ left: id }, `Left ${plainLine(called) || id}.`);
}

/** The code stands beside the result, so that a pipe gets the link alone. */
function tellLink(context: Context, made: ChannelLink): void {
  if (process.stderr.isTTY) context.output.say(renderUnicodeCompact(made.link));
  context.output.result(made, made.link);
  context.output.say(LINK_WORDS);
}

/** Every further line is set in: a post must not be able to look like several. */
function print(context: Context, entry: ChannelEntry): void {
  context.output.result(entry, textOf(entry).replaceAll("\n", "\n    "));
}

function textOf(entry: ChannelEntry): string {
  if (entry.type === "gap") {
    const { from, to } = entry;
    if (from === to) return `-- Post ${from} is missing: no relay has told it yet --`;
    return `-- Posts ${from} to ${to} are missing: no relay has told them yet --`;
  }
  const head = `${entry.n}  ${entry.at}`;
  if (entry.type === "moved") return `${head}  -- The owner started afresh: ask for the new link --`;
  if (entry.deleted) return `${head}  -- deleted --`;
  const marks = `${entry.editedAt === null ? "" : " [edited]"}${entry.state === "queued" ? " [queued]" : ""}`;
  const reply = entry.replyTo === null ? "" : ` [answers ${entry.replyTo}]`;
  const files = entry.files.map(
    (file) => `\n${plainLine(file.name)} (${formatBytes(file.bytes)}): ${plainLine(file.url)}`,
  );
  return `${head}${marks}${reply}  ${plainText(entry.text)}${files.join("")}`;
}

function describe({ name, id, state, mine }: Channel): string {
  return `${plainLine(name) || "(no name yet)"}: ${mine ? "yours" : state}\nId: ${id}`;
}

function parseNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError("bad_number", "A post is named by its number.", { hint: "See it with: nocturne channel read" });
}

async function pathOf(client: NodeClient, name: string): Promise<string> {
  return `/api/channels/${(await findChannel(client, name)).id}`;
}

/** By id, or by a name that one channel alone has. Throws ValidationError `no_such_channel`, `ambiguous_channel`. */
async function findChannel(client: NodeClient, name: string): Promise<Channel> {
  const channels = await client.call<Channel[]>("GET", "/api/channels");
  const byId = channels.find((channel) => channel.id === name);
  const [found, ...more] = byId ? [byId] : channels.filter((channel) => channel.name === name);
  const hint = "See them with: nocturne channel list";
  if (!found) throw new ValidationError("no_such_channel", "There is no channel of this name or id here.", { hint });
  if (more.length === 0) return found;
  throw new ValidationError("ambiguous_channel", "Several channels have this name.", { hint: `Use the id. ${hint}` });
}
