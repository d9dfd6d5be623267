/**
 * `nocturne files`: put, get, recover. Folders, versions and the trash are in `library.ts`.
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
import type {
  CipherSuite,
  FileVersion,
  FileView,
  FolderListing,
  RecoveredPassword,
  Status,
} from "../../api/contract.ts";
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
  readonly replace?: boolean;
  readonly cipher: CipherSuite;
  readonly to?: string;
  readonly passwordStdin?: boolean;
  readonly mesh?: boolean;
}

interface GetOptions {
  readonly version?: string;
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
    .option("--to <folder>", "into this folder, for example /Plans/2026")
    .option("--replace", "where its name is there: as the newest version of that file, not beside it")
    .addOption(
      new Option("--cipher <name>", "aes-256-gcm; or noctis-256 (experimental, unaudited) inside aes-256-gcm")
        .choices(["aes-256-gcm", "noctis-256"])
        .default("aes-256-gcm"),
    )
    .option("--password-stdin", "protect the file with a password read from stdin")
    .option("--mesh", "spread it over the storage mesh")
    .action((path: string, options: PutOptions) => put(context, path, options));

  files
    .command("get <id>")
    .description("open a file and write it out")
    .option("--version <version>", "an earlier version (see: nocturne files versions ID)")
    .option("-o, --output <path>", "where to (- for stdout; else its own name, here)")
    .option("--password-stdin", "read the file's password from stdin")
    .action((id: string, options: GetOptions) => get(context, id, options));

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
  // Asked first: a refusal in the middle of an upload is only a connection that broke.
  if (options.to !== undefined) await listFolder(client, options.to);
  const place = options.to === undefined ? {} : { folder: asPath(options.to) };
  const taken = options.replace ? "version" : "rename";
  const query = new URLSearchParams({ name: basename(path), cipher: options.cipher, taken, ...place });
  const progress = progressOf(context, basename(path), size);
  const file = await interruptible((signal) =>
    client.call<FileView>("PUT", `/api/files?${query.toString()}`, {
      body: progress.count(createReadStream(path)),
      headers,
      signal,
    }),
  );
  context.output.result(file, `${file.id}  ${formatBytes(file.bytes)}  ${plainLine(file.name)}`);
  if (file.versions > 0) await sayWhatWas(context, client, file);
}

/** A new version has only the password that it was given, which the person must not learn too late. */
async function sayWhatWas(
  context: Context,
  client: NodeClient,
  { id, versions, hasPassword }: FileView,
): Promise<void> {
  context.output.say(`It is the newest version; earlier ones kept: ${versions} (nocturne files versions ${id}).`);
  const [before] = await client.call<FileVersion[]>("GET", `/api/files/${id}/versions`);
  if (before?.hasPassword && !hasPassword) context.output.warn("The version before has a password; this one has none.");
}

/** Nothing appears at the target before the last byte was opened and found right; stdout cannot be taken back. */
async function get(context: Context, id: string, options: GetOptions): Promise<void> {
  const client = await context.anyNode();
  const file = await findFile(client, id);
  const stored = options.version === undefined ? file : await findVersion(client, file, options.version);
  const password = await passwordFor(context, file.name, stored, options.passwordStdin ?? false);
  const version = options.version === undefined ? {} : { version: stored.id };
  const json = { ...(password === null ? {} : { password }), ...version };
  const target = options.output ?? freeName(basename(file.name));
  await interruptible(async (signal) => {
    const content = await client.open("POST", `/api/files/${file.id}/content`, { json, signal });
    try {
      if (target === "-") await pipeline(content, process.stdout, { end: false, signal });
      else await writeWholeFile(progressOf(context, file.name, stored.bytes).count(content), target, signal);
    } catch (error) {
      throw isConnectionError(error) ? await reasonOfCut(client) : error;
    }
  });
  if (target === "-") return; // stdout holds the file, and nothing else
  const written = { ...file, bytes: stored.bytes, path: target };
  context.output.result(written, `Wrote ${plainLine(target)} (${formatBytes(stored.bytes)}).`);
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

function progressOf(context: Context, label: string, bytes: number): Progress {
  return new Progress(label, bytes, !context.output.json && !context.output.quiet);
}

/**
 * A file by its id, by the beginning of its id if that is unique, or by its path ("/Plans/garden.pdf").
 * Throws ValidationError `unknown_file`.
 */
export async function findFile(client: NodeClient, id: string): Promise<FileView> {
  if (ID.test(id)) return client.call<FileView>("GET", `/api/files/${id}`);
  const isPath = id.startsWith("/");
  const all = isPath || ID_BEGINNING.test(id) ? await client.call<FileView[]>("GET", "/api/files") : [];
  const path = asPath(id);
  const found = all.filter((file) => (isPath ? file.path === path : file.id.startsWith(id)));
  if (found.length === 1 && found[0]) return found[0];
  throw new ValidationError("unknown_file", "There is no file with this id or path, or several begin like it.", {
    hint: "See the ids with: nocturne files ls",
  });
}

/** A version by its id or the beginning of it. Throws ValidationError `unknown_version`. */
export async function findVersion(client: NodeClient, file: FileView, id: string): Promise<FileVersion> {
  const all = await client.call<FileVersion[]>("GET", `/api/files/${file.id}/versions`);
  const found = ID.test(id) || ID_BEGINNING.test(id) ? all.filter((version) => version.id.startsWith(id)) : [];
  if (found.length === 1 && found[0]) return found[0];
  throw new ValidationError("unknown_version", "There is no such version of this file, or several begin like it.", {
    hint: `See its versions: nocturne files versions ${file.id}`,
  });
}

/** What lies in a folder. Throws ValidationError `unknown_folder`. */
export function listFolder(client: NodeClient, folder: string): Promise<FolderListing> {
  return client.call<FolderListing>(
    "GET",
    `/api/folders?${new URLSearchParams({ folder: asPath(folder) }).toString()}`,
  );
}

/** "Plans/2026/" and "/Plans/2026" are the same place; names are compared in normal form C. */
export function asPath(text: string): string {
  return `/${text
    .normalize("NFC")
    .split("/")
    .filter((name) => name !== "")
    .join("/")}`;
}

/** Encoded, because a header carries no other letters than Latin ones. */
function passwordHeader(password: string): Record<string, string> {
  return { "x-nocturne-password": toBase64Url(utf8Encode(password)) };
}
