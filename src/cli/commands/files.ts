/**
 * `nocturne files`: put, ls, get, rm, recover.
 *
 *   put   PATH -> stream -> node seals it -> id
 *   get   id -> node opens it -> stream -> PATH.part -> PATH, or stdout
 *
 * Neither holds more of a file in memory than the piece on its way. Passwords come on stdin, never as an argument.
 */

import { createReadStream, existsSync } from "node:fs";
import { basename, extname } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { type Command, Option } from "commander";
import type { CipherSuite, FileView, RecoveredPassword, Status } from "../../api/contract.ts";
import { toBase64Url, utf8Encode } from "../../core/bytes.ts";
import { CryptoError, LockedError, PolicyError, ValidationError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { interruptible } from "../interruption.ts";
import { isConnectionError, type NodeClient } from "../node-client.ts";
import { formatBytes } from "../output.ts";
import { plainLine } from "../plain-text.ts";
import { Progress } from "../progress.ts";
import { statReadable, writeWholeFile } from "../whole-file.ts";

interface PutOptions {
  readonly cipher: CipherSuite;
  readonly passwordStdin?: boolean;
  readonly mesh?: boolean;
}

interface GetOptions {
  readonly output?: string;
  readonly passwordStdin?: boolean;
}

const ID = /^[0-9a-f]{16}$/;
/** A shorter beginning of an id is more likely an unset variable of a script than meant. */
const ID_BEGINNING = /^[0-9a-f]{4,15}$/;

export function addFileCommands(program: Command, context: Context): void {
  const files = program.command("files").description("your sealed files and their links");

  files
    .command("put <path>")
    .description("seal a file into the vault")
    .addOption(
      new Option("--cipher <name>", "aes-256-gcm; or noctis-256 (experimental, unaudited) inside aes-256-gcm")
        .choices(["aes-256-gcm", "noctis-256"])
        .default("aes-256-gcm"),
    )
    .option("--password-stdin", "protect the file with a password read from stdin")
    .option("--mesh", "spread it over the storage mesh")
    .action((path: string, options: PutOptions) => put(context, path, options));

  files
    .command("ls")
    .description("what is there")
    .action(() => list(context));

  files
    .command("get <id>")
    .description("open a file and write it out")
    .option("-o, --output <path>", "where to (- for stdout; else its own name, here)")
    .option("--password-stdin", "read the file's password from stdin")
    .action((id: string, options: GetOptions) => get(context, id, options));

  files
    .command("rm <id>")
    .description("delete a file and its links")
    .action(async (id: string) => {
      const client = await context.anyNode();
      const file = await findFile(client, id);
      await client.call("DELETE", `/api/files/${file.id}`);
      context.output.result({ removed: file.id }, `Deleted ${plainLine(file.name)}.`);
    });

  files
    .command("recover <id>")
    .description("tell a forgotten file password")
    .option("--recovery-key-stdin", "prove yourself with the recovery key (hex or words) on stdin")
    .action(async (id: string, { recoveryKeyStdin }: { recoveryKeyStdin?: boolean }) => {
      const body = recoveryKeyStdin ? { recoveryKey: await context.prompt.stdin("the recovery key") } : {};
      const client = await context.anyNode();
      const file = await findFile(client, id);
      const path = `/api/files/${file.id}/recover`;
      const recovered = await client.call<RecoveredPassword>("POST", path, { json: body });
      context.output.result(recovered, recovered.password);
    });
}

/** Whatever ends it before its time, the node keeps nothing of the file. */
async function put(context: Context, path: string, options: PutOptions): Promise<void> {
  if (options.mesh) {
    throw new PolicyError("not_available", "The storage mesh is not available in this version.", {
      hint: "Leave out --mesh to keep the file on this machine.",
    });
  }
  const { size } = await statReadable(path);
  const headers = options.passwordStdin ? passwordHeader(await context.prompt.stdin("the password")) : {};
  const client = await context.anyNode();
  const query = new URLSearchParams({ name: basename(path), cipher: options.cipher });
  const progress = progressOf(context, basename(path), size);
  const file = await interruptible((signal) =>
    client.call<FileView>("PUT", `/api/files?${query.toString()}`, {
      body: progress.count(createReadStream(path)),
      headers,
      signal,
    }),
  );
  context.output.result(file, `${file.id}  ${formatBytes(file.bytes)}  ${plainLine(file.name)}`);
}

async function list(context: Context): Promise<void> {
  const files = await (await context.anyNode()).call<FileView[]>("GET", "/api/files");
  const rows = files.map((file) => [
    file.id,
    formatBytes(file.bytes),
    file.cipher,
    file.hasPassword ? "password" : "",
    plainLine(file.name),
  ]);
  const empty = "No files yet. Add one: nocturne files put PATH";
  context.output.table(files, ["ID", "SIZE", "CIPHER", "", "NAME"], rows, empty);
}

/** Nothing appears at the target before the last byte was opened and found right; stdout cannot be taken back. */
async function get(context: Context, id: string, options: GetOptions): Promise<void> {
  const client = await context.anyNode();
  const file = await findFile(client, id);
  const password = await passwordFor(context, file, options.passwordStdin ?? false);
  const json = password === null ? {} : { password };
  const target = options.output ?? freeName(basename(file.name));
  await interruptible(async (signal) => {
    const content = await client.open("POST", `/api/files/${file.id}/content`, { json, signal });
    try {
      if (target === "-") await pipeline(content, process.stdout, { end: false, signal });
      else await writeWholeFile(progressOf(context, file.name, file.bytes).count(content), target, signal);
    } catch (error) {
      throw isConnectionError(error) ? await reasonOfCut(client) : error;
    }
  });
  if (target === "-") return; // stdout holds the file, and nothing else
  context.output.result({ ...file, path: target }, `Wrote ${plainLine(target)} (${formatBytes(file.bytes)}).`);
}

/**
 * Why a file's stream broke off. HTTP can only cut an answer that has begun: a node that is still well has met
 * something that it could not open. Throws what finding no node throws.
 */
async function reasonOfCut(client: NodeClient): Promise<Error> {
  const { locked } = await client.call<Status>("GET", "/api/status");
  return locked ? new LockedError() : new CryptoError();
}

/** `plan.txt`, or `plan (1).txt` where that is taken: what lies in the folder is never overwritten unasked. */
function freeName(name: string): string {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let i = 0, free = name; ; free = `${stem} (${++i})${extension}`) if (!existsSync(free)) return free;
}

/** Asked only if the file has one, so that a script may give --password-stdin for every file. */
async function passwordFor(context: Context, file: FileView, fromStdin: boolean): Promise<string | null> {
  if (!file.hasPassword) return null;
  if (fromStdin) return context.prompt.stdin("the password");
  const password = await context.prompt.secret(`Password of ${plainLine(file.name)}`);
  if (password !== null) return password;
  throw new ValidationError("file_password_needed", "This file has a password.", {
    hint: "Give it with --password-stdin; if you forgot it: nocturne files recover ID",
  });
}

function progressOf(context: Context, label: string, bytes: number): Progress {
  return new Progress(label, bytes, !context.output.json && !context.output.quiet);
}

/** A file by its id, or by the beginning of its id if that is unique. Throws ValidationError `unknown_file`. */
export async function findFile(client: NodeClient, id: string): Promise<FileView> {
  if (ID.test(id)) return client.call<FileView>("GET", `/api/files/${id}`);
  const all = ID_BEGINNING.test(id) ? await client.call<FileView[]>("GET", "/api/files") : [];
  const found = all.filter((file) => file.id.startsWith(id));
  if (found.length === 1 && found[0]) return found[0];
  throw new ValidationError("unknown_file", "There is no file with this id, or several begin like it.", {
    hint: "See the ids with: nocturne files ls",
  });
}

/** Encoded, because a header carries no other letters than Latin ones. */
function passwordHeader(password: string): Record<string, string> {
  return { "x-nocturne-password": toBase64Url(utf8Encode(password)) };
}
