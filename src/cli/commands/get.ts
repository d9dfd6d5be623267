/**
 * `nocturne files get`: a file out of the library.
 *
 *   get   id -> node opens it -> stream -> PATH, or stdout
 *
 * Nothing appears at the target before the last byte was opened and found right; a large file that was interrupted goes
 * on where it was (`resumed-file.ts`). Stdout cannot be taken back. Passwords come on stdin, never as an argument.
 */

import { existsSync } from "node:fs";
import { basename, extname } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import type { FileView } from "../../api/contract.ts";
import { ValidationError } from "../../core/errors.ts";
import { UPLOAD_LIMITS } from "../../core/limits.ts";
import type { Context } from "../context.ts";
import { interruptible } from "../interruption.ts";
import { isConnectionError } from "../node-client.ts";
import { formatBytes } from "../output.ts";
import { plainLine } from "../plain-text.ts";
import { Progress } from "../progress.ts";
import { type Download, reasonOfCut, saveResumed } from "../resumed-file.ts";
import { isPlainTarget, writeWholeFile } from "../whole-file.ts";
import { findFile, findVersion } from "./files.ts";

interface GetOptions {
  readonly version?: string;
  readonly output?: string;
  readonly passwordStdin?: boolean;
}

/** Adds to the commands of `files`, which must be there. */
export function addGetCommand(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;
  files
    .command("get <id>")
    .description("open a file and write it out")
    .option("--version <version>", "an earlier version (see: nocturne files versions ID)")
    .option("-o, --output <path>", "where to (- for stdout; else its own name, here)")
    .option("--password-stdin", "read the file's password from stdin")
    .action((id: string, options: GetOptions) => get(context, id, options));
}

async function get(context: Context, id: string, options: GetOptions): Promise<void> {
  const client = await context.anyNode();
  const file = await findFile(client, id);
  const stored = options.version === undefined ? file : await findVersion(client, file, options.version);
  const password = await passwordFor(context, file.name, stored, options.passwordStdin ?? false);
  const version = options.version === undefined ? {} : { version: stored.id };
  const json = { ...(password === null ? {} : { password }), ...version };
  const target = options.output ?? freeName(basename(file.name));
  const isResumed = stored.bytes >= UPLOAD_LIMITS.oneCallBytes && target !== "-" && (await isPlainTarget(target));
  const meter = new Progress(!context.output.json && !context.output.quiet).open(file.name, stored.bytes);
  const content = { client, path: `/api/files/${file.id}/content`, json, meter, bytes: stored.bytes };
  await interruptible(
    async (signal) => {
      if (isResumed) await saveResumed({ ...content, signal, say: (text) => context.output.say(text) }, target);
      else await saveAtOnce({ ...content, signal }, target);
    },
    () => (isResumed ? "Interrupted. The same command goes on where it was." : undefined),
  );
  if (target === "-") return; // stdout holds the file, and nothing else
  const written = { ...file, bytes: stored.bytes, path: target };
  context.output.result(written, `Wrote ${plainLine(target)} (${formatBytes(stored.bytes)}).`);
}

async function saveAtOnce({ client, path, json, meter, signal }: Omit<Download, "say">, target: string): Promise<void> {
  const content = await client.open("POST", path, { json, signal });
  try {
    if (target === "-") await pipeline(content, process.stdout, { end: false, signal });
    else await writeWholeFile(meter.count(content), target, signal);
  } catch (error) {
    throw isConnectionError(error) ? await reasonOfCut(client) : error;
  }
}

/** `plan.txt`, or `plan (1).txt` where that is taken: what lies in the folder is never overwritten unasked. */
export function freeName(name: string): string {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let i = 0, free = name; ; free = `${stem} (${++i})${extension}`) if (!existsSync(free)) return free;
}

/** Asked only if the file has one, so that a script may give --password-stdin for every file. */
async function passwordFor(
  context: Context,
  name: string,
  { hasPassword }: Pick<FileView, "hasPassword">,
  fromStdin: boolean,
): Promise<string | null> {
  if (!hasPassword) return null;
  if (fromStdin) return context.prompt.stdin("the password");
  const password = await context.prompt.secret(`Password of ${plainLine(name)}`);
  if (password !== null) return password;
  throw new ValidationError("file_password_needed", "This file has a password.", {
    hint: "Give it with --password-stdin; if you forgot it: nocturne files recover ID",
  });
}
