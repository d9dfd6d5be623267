/**
 * `nocturne files fetch`: receives what somebody's link gives, without a browser and without a node.
 *
 *   link on stdin -> claim -> ciphertext into <slug>.part, however often it breaks -> opened -> NAME
 *
 * A link is a key. As an argument other users of the machine can read it, so it comes on stdin or is asked for.
 */
import { existsSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import type { Command } from "commander";
import { isSystemError, ValidationError } from "../../core/errors.ts";
import type { LinkReceiver } from "../../files/link-receiver.ts";
import type { Context } from "../context.ts";
import { interruptible } from "../interruption.ts";
import { openRoutes } from "../lone-routes.ts";
import { formatBytes } from "../output.ts";
import { plainLine, plainText } from "../plain-text.ts";
import { Progress } from "../progress.ts";
import { writeWholeFile } from "../whole-file.ts";
import { freeName } from "./get.ts";

interface FetchOptions {
  readonly output?: string;
  readonly route?: string;
  readonly passwordStdin?: boolean;
}

/** Adds to the commands of `files`, which must be there. */
export function addFetchCommand(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;
  files
    .command("fetch [link]")
    .description("receive what a link gives; `-` or nothing reads the link from stdin, where no other user can see it")
    .option("-o, --output <path>", "where to (else its own name, here)")
    .option("--route <way>", "how to reach it: direct or tor (else as chosen here); an onion address always by Tor")
    .option("--password-stdin", "the link's password, on the second line of stdin (the first with a link given)")
    .action((link: string | undefined, options: FetchOptions) => fetchLink(context, link, options));
}

async function fetchLink(context: Context, given: string | undefined, options: FetchOptions): Promise<void> {
  const { output, prompt } = context;
  const { link, password } = await readSecrets(context, given, options);
  await interruptible(async (signal) => {
    // Neither a file nor a folder can be received there; what the link gives is known only once a use is taken.
    if (options.output !== undefined && isFolder(options.output)) throw alreadyThere(options.output);
    const folder = options.output === undefined ? "." : dirname(options.output);
    const [{ LinkReceiver }, { routeFetch }] = await Promise.all([
      import("../../files/link-receiver.ts"), // no other command has to wait for it
      import("../../route/route-fetch.ts"),
    ]);
    const ask = async (): Promise<string | null> => password ?? prompt.secret("Password of the link");
    await using lone = await openRoutes(context, options.route, "direct");
    const fetch = routeFetch(lone.routes, "link");
    const receiver = await LinkReceiver.open({ fetch, link, folder, password: ask, signal });
    const { manifest, gone, files } = receiver;
    const path = options.output ?? freeName(manifest.name);
    if (manifest.kind === "folder" && existsSync(path)) throw alreadyThere(path);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const meter = new Progress(!output.json && !output.quiet).open(manifest.name, bytes);
    await receiver.fetch((more) => meter.advance(more)).finally(() => meter.close());
    if (manifest.kind === "file") await writeWholeFile(receiver.content(0), path, signal);
    else await writeFolder(receiver, path, signal);
    await receiver.finish();
    const { kind, name, note } = manifest;
    const written = { kind, name, bytes, path, files: files.length, missing: gone, note: note === "" ? null : note };
    output.result(written, `Wrote ${plainLine(path)} (${formatBytes(bytes)}).`);
    if (note !== "") output.say(`The sender says: ${plainText(note)}`);
    for (const lost of gone) output.warn(`The sender has deleted ${plainLine(lost)}.`);
  });
}

/** A line each, as far as they come on stdin: the link, then the password. */
async function readSecrets(
  { prompt }: Context,
  given: string | undefined,
  { passwordStdin = false }: FetchOptions,
): Promise<{ link: string; password: string | null }> {
  const fromStdin = given === undefined || given === "-";
  if (!fromStdin) return { link: given, password: passwordStdin ? await prompt.stdin("the password") : null };
  const text = process.stdin.isTTY && !passwordStdin ? await prompt.secret("The link") : null;
  const [link = "", ...rest] = (text ?? (await prompt.stdin("the link"))).split("\n");
  return { link, password: passwordStdin ? rest.join("\n") : null };
}

/** Into a new folder, so that nothing that is there can lead a file elsewhere. */
async function writeFolder(receiver: LinkReceiver, path: string, signal: AbortSignal): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST" && existsSync(path)) throw alreadyThere(path);
    throw error;
  }
  for (const [index, file] of receiver.files.entries()) {
    const target = join(path, file.path);
    await mkdir(dirname(target), { recursive: true });
    await writeWholeFile(receiver.content(index), target, signal);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function alreadyThere(path: string): ValidationError {
  return new ValidationError("already_there", `${plainLine(path)} is there already.`, {
    hint: "Name a new one with -o, in the same folder: what has arrived before lies there, and is found only there.",
  });
}
