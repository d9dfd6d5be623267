/**
 * What one does with messages and conversations that are there already.
 *
 *   react, edit, delete                  a message, by its id (send --json, inbox --json and search tell it)
 *   timer, search, conversation ...      a conversation, by the contact's name or key
 */

import type { Command } from "commander";
import type { ChangeConversation, Conversation, Message, SearchHit } from "../../api/contract.ts";
import { parseDuration } from "../../files/duration.ts";
import type { Context } from "../context.ts";
import { parseCount } from "../options.ts";
import { plainLine, plainText } from "../plain-text.ts";

const FOR_EVER = "9999-12-31T00:00:00.000Z";

interface SearchOptions {
  readonly in?: string;
  readonly limit?: number;
}

export function addConversationCommands(program: Command, context: Context): void {
  addMessageChanges(program, context);

  program
    .command("timer <who> <duration>")
    .description("let messages disappear after a time, such as 30s, 1h or 7d; `off` keeps them")
    .action(async (who: string, duration: string) => {
      const timerSeconds = duration === "off" ? null : Math.ceil(parseDuration(duration) / 1_000);
      const { name } = await change(context, who, { timerSeconds });
      const rule = timerSeconds === null ? "do not disappear" : `disappear after ${duration}`;
      context.output.say(`New messages with ${plainLine(name)} ${rule}.`);
    });

  program
    .command("search <words...>")
    .description("find messages by their words, newest first")
    .option("--in <who>", "only in the conversation with this contact")
    .option("--limit <n>", "only the newest n", parseCount)
    .action((words: string[], options: SearchOptions) => search(context, words.join(" "), options));

  addChoices(program, context);
}

function addMessageChanges(program: Command, context: Context): void {
  program
    .command("react <id> <emoji>")
    .description("put an emoji under a message in the place of your earlier one; `none` takes it back")
    .action(async (id: string, emoji: string) => {
      const body = { emoji: emoji === "none" ? null : emoji };
      const message = await context.node().call<Message>("PUT", `${pathOf(id)}/reaction`, { json: body });
      context.output.result(
        message,
        message.reactions.map((one) => `${plainLine(one.emoji)} ${one.by.length}`).join("  "),
      );
    });

  program
    .command("edit <id> <text>")
    .description("give a message of yours another text, for everybody, within a day")
    .action(async (id: string, text: string) => {
      const message = await context.node().call<Message>("PUT", pathOf(id), { json: { text } });
      context.output.result(message, plainText(message.text));
    });

  program
    .command("delete <id>")
    .description("delete a message on this machine")
    .option("--for-all", "a message of yours, everywhere, within a day")
    .action(async (id: string, { forAll = false }: { forAll?: boolean }) => {
      await context.node().call("DELETE", `${pathOf(id)}?for=${forAll ? "all" : "me"}`);
      context.output.result({ deleted: id }, forAll ? "Deleted for all." : "Deleted here.");
    });
}

function addChoices(program: Command, context: Context): void {
  const conversation = program.command("conversation").description("how a conversation is kept");
  conversation
    .command("mute <who>")
    .description("no notifications")
    .option("--for <duration>", "only for a time, such as 8h")
    .action(async (who: string, options: { for?: string }) => {
      const until =
        options.for === undefined ? FOR_EVER : new Date(Date.now() + parseDuration(options.for)).toISOString();
      await change(context, who, { mutedUntil: until });
    });
  const choices: readonly (readonly [string, string, ChangeConversation])[] = [
    ["unmute", "notifications again", { mutedUntil: null }],
    ["pin", "keep it on top", { pinned: true }],
    ["unpin", "let it go with time", { pinned: false }],
    ["archive", "put it away until something new comes", { archived: true }],
    ["unarchive", "take it back", { archived: false }],
  ];
  for (const [name, description, choice] of choices) {
    conversation
      .command(`${name} <who>`)
      .description(description)
      .action(async (who: string) => void (await change(context, who, choice)));
  }
}

async function change(context: Context, who: string, json: ChangeConversation): Promise<Conversation> {
  const path = `/api/conversations/${encodeURIComponent(who)}`;
  const conversation = await context.node().call<Conversation>("PATCH", path, { json });
  context.output.result(conversation, describe(conversation));
  return conversation;
}

function describe({ name, mutedUntil, pinned, archived, timerSeconds, route }: Conversation): string {
  const muted = mutedUntil === null ? [] : [mutedUntil === FOR_EVER ? "muted" : `muted until ${mutedUntil}`];
  const timer = timerSeconds === null ? [] : [`messages disappear after ${timerSeconds} s`];
  const way = route === "tor" ? ["always by Tor"] : [];
  const marks = [...muted, ...(pinned ? ["pinned"] : []), ...(archived ? ["archived"] : []), ...timer, ...way];
  return `${plainLine(name)}: ${marks.length === 0 ? "nothing special" : marks.join(", ")}`;
}

async function search(context: Context, q: string, options: SearchOptions): Promise<void> {
  const { in: who, limit } = options;
  const query = new URLSearchParams({ q, ...(who === undefined ? {} : { in: who }) });
  if (limit !== undefined) query.set("limit", `${limit}`);
  const hits = await context.node().call<SearchHit[]>("GET", `/api/search?${query.toString()}`);
  const rows = hits.map(({ message, excerpt }) => [
    message.at,
    plainLine(message.mine ? "you" : message.from.name),
    plainLine(excerpt),
    message.id,
  ]);
  context.output.table(hits, ["TIME", "FROM", "TEXT", "ID"], rows, "Nothing found.");
}

function pathOf(id: string): string {
  return `/api/messages/${encodeURIComponent(id)}`;
}
