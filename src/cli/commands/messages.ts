/**
 * `nocturne send` and `nocturne inbox`.
 *
 *   send    text, files -> node: stored durably, "queued" -> sent -> delivered -> read
 *   inbox   what was received, oldest first; --follow goes on by position
 *
 * The node may be killed at any moment: a message is neither lost nor doubled by that, and a reader goes on.
 */

import { createReadStream } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import type { Conversation, DeliveryState, FileView, Message, MessageFile, SendResult } from "../../api/contract.ts";
import { NetworkError } from "../../core/errors.ts";
import { createLetterId } from "../../messaging/letter-id.ts";
import { noFiles } from "../../node/persona-errors.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { NodeClient } from "../node-client.ts";
import { collect, parseCount, parseSeconds } from "../options.ts";
import { formatBytes } from "../output.ts";
import { plainLine, plainText } from "../plain-text.ts";
import { untilBack } from "../running-node.ts";
import { statReadable } from "../whole-file.ts";

interface SendOptions {
  readonly file?: readonly string[];
  readonly interop?: boolean;
  readonly replyTo?: string;
  readonly wait?: DeliveryState;
  readonly timeout: number;
}

interface InboxOptions {
  readonly with?: string;
  readonly since?: string;
  readonly limit?: number;
  readonly follow?: boolean;
}

const STATES: readonly DeliveryState[] = ["queued", "sent", "delivered", "read"];
const TEXT_STDIN_BYTES = 1_048_576;
/** One call waits so long at most; a longer wait is made of several. */
const WAIT_STEP_S = 60;
const FOLLOW_POLL_MS = 500;

export function addMessageCommands(program: Command, context: Context): void {
  program
    .command("send <to> [text]")
    .description(
      "send a message to a contact (name or npub) or a group (name or id); `-` or nothing reads the text from stdin",
    )
    .option("--file <path>", "attach a file as a sealed link (may be repeated)", collect)
    .option("--interop", "use NIP-17 for people with other Nostr programs; it hides less")
    .option("--reply-to <id>", "answer this message")
    .addOption(new Option("--wait <state>", "wait until the message is so far").choices(STATES))
    .option("--timeout <seconds>", "how long to wait", parseSeconds, 30)
    .action((to: string, text: string | undefined, options: SendOptions) => send(context, to, text, options));

  program
    .command("inbox")
    .description("what people wrote to you, oldest first")
    .option("--with <name>", "only from this contact, or in this group")
    .option("--since <time>", "only from this time on (ISO 8601)")
    .option("--limit <n>", "only the newest n", parseCount)
    .option("--follow", "go on and print what arrives")
    .action((options: InboxOptions) => inbox(context, options));
}

async function send(context: Context, to: string, text: string | undefined, options: SendOptions): Promise<void> {
  const { file: paths = [], interop = false, replyTo, wait, timeout } = options;
  if (context.asPersona && paths.length > 0) throw noFiles(); // before anything is uploaded
  const content = await readMessage(context, text, paths.length > 0);
  const client = context.node();
  const files = await uploadAll(client, paths);
  const reply = replyTo === undefined ? {} : { replyTo };
  const request = { id: createLetterId(), to, text: content, files, interop, ...reply };
  // The message carries its own id, so that a repeated call can neither lose nor double it.
  const post = () => client.call<SendResult>("POST", "/api/messages", { json: request });
  const sent = await orRemove(client, files, () => untilBack(post, false));
  if (files.length > 0 && !interop) await sayWhoOpens(context, client, sent.id);
  const result = wait === undefined ? sent : await waitFor(client, sent, wait, timeout);
  context.output.result(result, result.state);
  if (wait !== undefined && rank(result.state) < rank(wait)) {
    context.output.say(`Not ${wait} yet after ${timeout} s; it goes on by itself.`);
    context.exitCode = EXIT.failed;
  }
}

/** What is less than people expect is said; that files go to the people of a conversation is not. */
async function sayWhoOpens(context: Context, client: NodeClient, id: string): Promise<void> {
  const { files } = await untilBack(() => client.call<Message>("GET", `/api/messages/${id}`), true);
  if (files.every((file) => file.forRecipients)) return;
  context.output.warn("Too many devices to seal files for each: whoever gets hold of their links can open them.");
}

/** From stdin where none was given, unless files alone are the message. */
async function readMessage(context: Context, text: string | undefined, hasFiles: boolean): Promise<string> {
  if (text !== undefined && text !== "-") return text;
  if (text === undefined && hasFiles) return "";
  if (process.stdin.isTTY) context.output.say("Type the message; Ctrl-D on a line of its own ends it.");
  return context.prompt.stdin("the message", TEXT_STDIN_BYTES);
}

/** One after the other, so that ten large files do not fight for the disk. A missing one is noticed before the first. */
async function uploadAll(client: NodeClient, paths: readonly string[]): Promise<string[]> {
  for (const path of paths) await statReadable(path);
  const ids: string[] = [];
  for (const path of paths) ids.push(await orRemove(client, ids, () => upload(client, path)));
  return ids;
}

async function upload(client: NodeClient, path: string): Promise<string> {
  // Beside a file of the same name: as a version of it, it would end one day, and its link with it.
  const query = new URLSearchParams({ name: basename(path), taken: "rename" });
  const file = await client.call<FileView>("PUT", `/api/files?${query.toString()}`, { body: createReadStream(path) });
  return file.id;
}

/** A refused message takes its attachments with it; one whose fate is unknown does not. */
async function orRemove<T>(client: NodeClient, ids: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NetworkError) throw error;
    await Promise.allSettled(ids.map((id) => client.call("DELETE", `/api/files/${id}?forever=true`)));
    throw error;
  }
}

/** How far the message got within the time; a node that restarts meanwhile is waited for. */
async function waitFor(
  client: NodeClient,
  sent: SendResult,
  state: DeliveryState,
  timeoutS: number,
): Promise<SendResult> {
  let result = sent;
  for (const deadline = performance.now() + timeoutS * 1000; rank(result.state) < rank(state); ) {
    const leftS = Math.ceil((deadline - performance.now()) / 1000);
    if (leftS <= 0) break;
    const path = `/api/messages/${sent.id}/wait?state=${state}&timeoutS=${Math.min(leftS, WAIT_STEP_S)}`;
    result = await untilBack(() => client.call<SendResult>("GET", path), true);
  }
  return result;
}

function rank(state: DeliveryState): number {
  return STATES.indexOf(state);
}

/** The first answer is the whole inbox as asked for; what follows is asked for by position. */
async function inbox(context: Context, options: InboxOptions): Promise<void> {
  const { with: who, since, limit, follow: goOn } = options;
  const client = context.node();
  const messages = await client.call<Message[]>("GET", inboxPath({ with: who, since, limit }));
  const tell = teller(context, client);
  for (const message of messages) await tell(message);
  if (goOn) await follow(client, { with: who, since }, messages.at(-1)?.position ?? 0, tell);
  else if (messages.length === 0 && !context.output.json) context.output.say("No messages.");
}

/** New messages by their position, so that none is missed or shown twice over a restart of the node. */
async function follow(
  client: NodeClient,
  query: Readonly<Record<string, string | undefined>>,
  from: number,
  tell: (message: Message) => Promise<void>,
): Promise<never> {
  for (let after = from; ; ) {
    await sleep(FOLLOW_POLL_MS);
    const poll = () => client.call<Message[]>("GET", inboxPath({ ...query, after }));
    const messages = await untilBack(poll, true);
    for (const message of messages) await tell(message);
    after = messages.at(-1)?.position ?? after;
  }
}

/** Prints a message, with the name of its group: what was said to several must not look as if said to one alone. */
function teller(context: Context, client: NodeClient): (message: Message) => Promise<void> {
  const names = new Map<string, string>();
  return async (message) => {
    const { conversation: id } = message;
    const isOfGroup = id.startsWith("g") && !context.output.json;
    if (isOfGroup && !names.has(id)) {
      const all = await untilBack(() => client.call<Conversation[]>("GET", "/api/conversations"), true);
      for (const one of all) if (one.kind === "group") names.set(one.id, one.name);
    }
    print(context, message, isOfGroup ? (names.get(id) ?? id) : null);
  };
}

/** Every further line is set in: a message must not be able to look like several. */
function print(context: Context, message: Message, group: string | null): void {
  const { from, at, text, files, profile, editedAt, replyTo } = message;
  const place = group === null ? "" : ` in ${plainLine(group)}`;
  const mark = `${place}${profile === "interop" ? " [not hidden]" : ""}${editedAt === null ? "" : " [edited]"}`;
  const quote = replyTo === null ? "" : `> ${plainLine(replyTo.excerpt ?? "a message that is gone")}\n`;
  // Opening it would show this machine's address to who sent it, and with that, whose persona this is.
  const placeOf = (file: MessageFile) => (context.asPersona ? "not opened by a persona" : wayTo(message, file));
  const attachments = files.map((file) => `\n${plainLine(file.name)} (${formatBytes(file.bytes)}): ${placeOf(file)}`);
  const body = `${quote}${plainText(text)}${attachments.join("")}`.replaceAll("\n", "\n    ");
  context.output.result(message, `${at}  ${plainLine(from.name)}${mark}: ${body}`);
}

/** A link that only a recipient's node opens is of no use in a browser. */
function wayTo({ id, files }: Message, { id: file, url, forRecipients }: MessageFile): string {
  if (!forRecipients) return plainLine(url);
  return `nocturne files receive ${id}${files.length > 1 ? ` ${plainLine(file)}` : ""}`;
}

function inboxPath(query: Record<string, string | number | undefined>): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value));
  return `/api/inbox?${given.toString()}`;
}
