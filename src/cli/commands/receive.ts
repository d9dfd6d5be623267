/**
 * `nocturne files receive`: a file that somebody sent, fetched from that person's node.
 *
 *   MESSAGE [FILE] -> node fetches, checks, seals it again -> id in your files
 *                  -> node fetches and checks -> PATH.part -> PATH (-o)
 *
 * Asking for it tells the sender's node this machine's address, so it is a command of its own and never done by itself.
 */

import process from "node:process";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { FileView, Message, MessageFile, ReceivedFile } from "../../api/contract.ts";
import { NetworkError, UsageError, ValidationError } from "../../core/errors.ts";
import { noFiles } from "../../node/persona-errors.ts";
import type { Context } from "../context.ts";
import { interruptible } from "../interruption.ts";
import { isConnectionError, type NodeClient } from "../node-client.ts";
import { formatBytes } from "../output.ts";
import { plainLine } from "../plain-text.ts";
import { type Meter, Progress } from "../progress.ts";
import { writeWholeFile } from "../whole-file.ts";
import { asPath } from "./files.ts";

interface ReceiveOptions {
  readonly to?: string;
  readonly output?: string;
}

const POLL_MS = 250;

/** Adds to the commands of `files`, which must be there. */
export function addReceiveCommand(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;
  files
    .command("receive <message> [file]")
    .description("fetch a file that came with a message (ids: nocturne inbox --json); its sender sees your address")
    .option("--to <folder>", "into this folder of your files (else /Received and the conversation's name)")
    .option("-o, --output <path>", "to the disk instead of into your files (- for stdout)")
    .action((message: string, file: string | undefined, options: ReceiveOptions) =>
      receive(context, message, file, options),
    );
}

async function receive(
  context: Context,
  id: string,
  fileId: string | undefined,
  { to, output }: ReceiveOptions,
): Promise<void> {
  if (context.asPersona) throw noFiles();
  if (to !== undefined && output !== undefined) {
    throw new UsageError("bad_place", "A file goes either into your files or to the disk.", {
      hint: "Give --to or --output, not both.",
    });
  }
  const client = context.node();
  const message = await client.call<Message>("GET", `/api/messages/${encodeURIComponent(id)}`);
  const file = chooseFile(message, fileId);
  const path = `/api/messages/${message.id}/files/${encodeURIComponent(file.id)}`;
  if (output !== undefined) return toDisk(context, client, file, path, output);
  const folder = to === undefined ? {} : { folder: asPath(to) };
  const saved = await interruptible((signal) => intoLibrary(context, client, file, path, folder, signal));
  context.output.result(saved, `${saved.id}  ${formatBytes(saved.bytes)}  ${plainLine(saved.path)}`);
}

/** The one that is named, or the only one there is. */
function chooseFile({ files }: Message, id: string | undefined): MessageFile {
  const found = files.filter((file) => id === undefined || file.id === id);
  if (found.length === 1 && found[0]) return found[0];
  const several = id === undefined && files.length > 1;
  throw new ValidationError(
    "unknown_file",
    several ? "This message came with several files." : "This message came with no such file.",
    {
      hint: several ? `Name one: ${files.map((file) => plainLine(file.id)).join(", ")}` : "See: nocturne inbox --json",
    },
  );
}

async function toDisk(
  context: Context,
  client: NodeClient,
  file: MessageFile,
  path: string,
  output: string,
): Promise<void> {
  const meter = meterOf(context, file);
  await interruptible(async (signal) => {
    const content = await client.open("POST", `${path}/content`, { json: {}, signal });
    try {
      if (output === "-") await pipeline(content, process.stdout, { end: false, signal });
      else await writeWholeFile(meter.count(content), output, signal);
    } catch (error) {
      throw isConnectionError(error) ? cut(error) : error;
    }
  });
  if (output === "-") return; // stdout holds the file, and nothing else
  const written = { id: file.id, name: file.name, bytes: file.bytes, path: output };
  context.output.result(written, `Wrote ${plainLine(output)} (${formatBytes(file.bytes)}).`);
}

/** The node goes on by itself while the sender's does not answer; who interrupts the command stops it. */
async function intoLibrary(
  context: Context,
  client: NodeClient,
  file: MessageFile,
  path: string,
  folder: { readonly folder?: string },
  signal: AbortSignal,
): Promise<FileView> {
  const meter = meterOf(context, file);
  let told = false;
  let done = 0;
  let state = await client.call<ReceivedFile>("POST", `${path}/save`, { json: folder });
  try {
    while (state.state === "fetching" || state.state === "waiting") {
      if (state.state === "waiting" && !told) {
        context.output.say("The sender's machine does not answer. Tried again by itself; Ctrl-C stops it.");
        told = true;
      }
      meter.advance(state.done - done);
      done = state.done;
      await sleep(POLL_MS, undefined, { signal });
      const all = await client.call<ReceivedFile[]>("GET", "/api/received");
      state = all.find((one) => one.message === state.message && one.file === state.file) ?? stopped(state);
    }
  } catch (error) {
    if (signal.aborted) await client.call("DELETE", `${path}/save`);
    throw error;
  } finally {
    meter.close();
  }
  if (state.savedAs) return client.call<FileView>("GET", `/api/files/${state.savedAs.id}`);
  const { code, message, hint } = state.error ?? { code: "cancelled", message: "This was stopped.", hint: null };
  throw new ValidationError(code, message, hint === null ? {} : { hint });
}

function meterOf({ output }: Context, { name, bytes }: MessageFile): Meter {
  return new Progress(!output.json && !output.quiet).open(name, bytes);
}

function stopped(file: ReceivedFile): ReceivedFile {
  return { ...file, state: "cancelled" };
}

function cut(cause: unknown): NetworkError {
  return new NetworkError("link_unreachable", "The file broke off: the sender's machine went away, or altered it.", {
    hint: "Try again when it is running.",
    cause,
  });
}
