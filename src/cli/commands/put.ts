/**
 * `nocturne files put, uploads`.
 *
 *   put   PATH... -> one by one, small ones side by side -> the node seals them -> a line for each
 *
 * What a file needs of memory is the piece on its way. Passwords come on stdin, never as an argument.
 */

import { posix } from "node:path";
import { type Command, Option } from "commander";
import type { CipherSuite, Done, FileVersion, FileView, UploadView } from "../../api/contract.ts";
import { toBase64Url, utf8Encode } from "../../core/bytes.ts";
import {
  LockedError,
  NocturneError,
  NoNodeError,
  PolicyError,
  toNocturneError,
  ValidationError,
} from "../../core/errors.ts";
import { UPLOAD_LIMITS } from "../../core/limits.ts";
import type { Context } from "../context.ts";
import { EXIT, InterruptedError } from "../exit-codes.ts";
import { interruptible } from "../interruption.ts";
import { findLocalFiles, type LocalFile, type LocalTree } from "../local-files.ts";
import type { NodeClient } from "../node-client.ts";
import { formatBytes, printError } from "../output.ts";
import { plainLine } from "../plain-text.ts";
import { Progress } from "../progress.ts";
import { sendFile, type SendOptions } from "../send-file.ts";
import { keptWords, requireMesh, untilKept } from "../kept-file.ts";
import { asPath, listFolder } from "./files.ts";

interface PutOptions {
  readonly replace?: boolean;
  readonly missing?: boolean;
  readonly cipher: CipherSuite;
  readonly to?: string;
  readonly passwordStdin?: boolean;
  readonly mesh?: boolean;
}

/** What all files of one command have in common. */
type Batch = Omit<SendOptions, "folder" | "meter"> & { readonly to: string | undefined; readonly progress: Progress };

/** Two large files at once only make both bars crawl. */
const LARGE_AT_ONCE = 1;

/** Adds to the commands of `files`, which must be there. */
export function addPutCommands(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;
  files
    .command("put <path...>")
    .description("seal files into the vault, folders with all that is in them")
    .option("--to <folder>", "into this folder, for example /Plans/2026")
    .option("--replace", "where its name is there: as the newest version of that file, not beside it")
    .option("--missing", "leave out files whose name and size are there already")
    .addOption(
      new Option("--cipher <name>", "aes-256-gcm; or noctis-256 (experimental, unaudited) inside aes-256-gcm")
        .choices(["aes-256-gcm", "noctis-256"])
        .default("aes-256-gcm"),
    )
    .option("--password-stdin", "protect each file with a password read from stdin")
    .option("--mesh", "keep it in the storage mesh, too, and wait until it is there")
    .action((paths: string[], options: PutOptions) => put(context, paths, options));

  files
    .command("uploads")
    .description("uploads that were interrupted: put the same file again to continue")
    .option("--rm <id>", "give this one up")
    .action((options: { rm?: string }) => showUploads(context, options));
}

async function put(context: Context, paths: readonly string[], options: PutOptions): Promise<void> {
  const storage = options.mesh ? "mesh" : "local";
  if (options.mesh) await requireMesh(context.node());
  const tree = await findLocalFiles(paths);
  const headers = options.passwordStdin ? passwordHeader(await context.prompt.stdin("the password")) : {};
  const client = await context.anyNode();
  const to = options.to === undefined ? undefined : asPath(options.to);
  // Asked first: not one of many files shall find out that there is no such folder.
  if (to !== undefined) await listFolder(client, to);
  const isSingle = paths.length === 1 && tree.folders.length === 0;
  const visible = !context.output.json && !context.output.quiet;
  await interruptible(
    async (signal) => {
      const files = options.missing ? await withoutThere(client, tree, to) : tree.files;
      const whole = { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
      const progress = new Progress(visible, isSingle ? null : whole);
      const say = (text: string): void => {
        progress.clear();
        context.output.say(text);
      };
      const taken = options.replace ? "version" : "rename";
      const batch = { to, cipher: options.cipher, taken, storage, headers, say, signal, progress } as const;
      if (isSingle && files[0]) await putOne(context, client, files[0], batch);
      else await putAll(context, client, { ...tree, files }, batch);
    },
    () => {
      if (options.mesh) return MESH_INTERRUPTED;
      return tree.files.some(({ bytes }) => bytes >= UPLOAD_LIMITS.oneCallBytes) ? INTERRUPTED : undefined;
    },
  );
}

const MESH_INTERRUPTED =
  "Interrupted. What the node has it goes on bringing into the mesh; for the rest: the same command with --missing";
const INTERRUPTED = "Interrupted. The same command goes on where it was; to give it up: nocturne files uploads";

async function putOne(context: Context, client: NodeClient, file: LocalFile, batch: Batch): Promise<void> {
  const put = await send(client, file, batch);
  const added = batch.storage === "mesh" ? await untilKept(client, put, batch) : put;
  context.output.result(added, `${added.id}  ${formatBytes(added.bytes)}  ${plainLine(added.name)}${keptWords(added)}`);
  if (added.versions > 0) await sayWhatWas(context, client, added);
}

/** All that can be kept is kept; what failed is told at the end. What would stop every file stops at once. */
async function putAll(context: Context, client: NodeClient, tree: LocalTree, batch: Batch): Promise<void> {
  for (const folder of tree.folders) await ensureFolder(client, below(batch.to, folder));
  const failed: { readonly file: LocalFile; readonly error: NocturneError }[] = [];
  const sent: FileView[] = [];
  const tell = (added: FileView): void => {
    batch.progress.clear();
    const line = `${added.id}  ${formatBytes(added.bytes)}  ${plainLine(added.path)}${keptWords(added)}`;
    context.output.result(added, line);
  };
  const work = async (file: LocalFile): Promise<void> => {
    try {
      const added = await send(client, file, batch);
      if (batch.storage === "mesh") sent.push(added);
      else tell(added);
    } catch (thrown) {
      const error = batch.signal.aborted ? thrown : toNocturneError(thrown);
      if (!(error instanceof NocturneError) || stopsAll(error)) throw error;
      failed.push({ file, error });
    }
  };
  const isSmall = ({ bytes }: LocalFile): boolean => bytes < UPLOAD_LIMITS.oneCallBytes;
  const small = tree.files.filter(isSmall);
  const large = tree.files.filter((file) => !isSmall(file));
  await Promise.all([sideBySide(small, UPLOAD_LIMITS.parallelFiles, work), sideBySide(large, LARGE_AT_ONCE, work)]);
  // The node packs and sends them all by itself meanwhile.
  for (const file of sent) tell(await untilKept(client, file, batch));
  if (tree.leftOut > 0) context.output.say(`Left out ${tree.leftOut} links and things that are no files.`);
  for (const { file, error } of failed) {
    context.output.warn(`${plainLine(file.path)} was not put in.`);
    printError(error, context.output.json, false);
  }
  if (failed.length > 0) {
    context.output.say(`${failed.length} of ${tree.files.length} files failed; again: the same command with --missing`);
    context.exitCode = EXIT.failed;
  }
}

function stopsAll(error: NocturneError): boolean {
  const kinds = [LockedError, NoNodeError, PolicyError, InterruptedError];
  return kinds.some((kind) => error instanceof kind) || ["disk_full", "too_many_files"].includes(error.code);
}

/** The first failure ends it: no further one is begun. */
async function sideBySide<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    try {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    } catch (error) {
      waiting.length = 0;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function send(client: NodeClient, file: LocalFile, { to, progress, ...options }: Batch): Promise<FileView> {
  const meter = progress.open(file.name, file.isRegular ? file.bytes : null);
  try {
    const folder = file.folder === "" ? to : below(to, file.folder);
    return await sendFile(client, file, { ...options, folder, meter });
  } finally {
    meter.close();
  }
}

/** A path of the library; names there are in normal form C. */
function below(to: string | undefined, folder: string): string {
  return posix.join(to ?? "/", asPath(folder));
}

/** It may be there already: then its files are put beside the ones in it. */
async function ensureFolder(client: NodeClient, path: string): Promise<void> {
  const { dir: folder, base: name } = posix.parse(path);
  try {
    await client.call("POST", "/api/folders", { json: { name, folder } });
  } catch (error) {
    if (!(error instanceof ValidationError && error.code === "name_taken")) throw error;
    await listFolder(client, path); // a file of this name is no folder
  }
}

/** Those of which there is not yet a file of the same name and size in their folder. */
async function withoutThere(client: NodeClient, tree: LocalTree, to: string | undefined): Promise<LocalFile[]> {
  const known = new Map<string, Set<string>>();
  for (const folder of ["", ...tree.folders])
    known.set(folder, await namesIn(client, folder === "" ? (to ?? "/") : below(to, folder)));
  return tree.files.filter(({ name, bytes, folder }) => !known.get(folder)?.has(keyOf(name, bytes)));
}

async function namesIn(client: NodeClient, folder: string): Promise<Set<string>> {
  try {
    const { files } = await listFolder(client, folder);
    return new Set(files.map(({ name, bytes }) => keyOf(name, bytes)));
  } catch (error) {
    if (error instanceof ValidationError && error.code === "unknown_folder") return new Set();
    throw error;
  }
}

function keyOf(name: string, bytes: number): string {
  return `${name.normalize("NFC")}/${bytes}`;
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

async function showUploads(context: Context, { rm }: { readonly rm?: string }): Promise<void> {
  const client = await context.anyNode();
  if (rm !== undefined) {
    const { id } = await client.call<UploadView>("GET", `/api/uploads/${encodeURIComponent(rm)}`);
    await client.call<Done>("DELETE", `/api/uploads/${id}`);
  }
  const uploads = await client.call<UploadView[]>("GET", "/api/uploads");
  const rows = uploads.map(({ id, name, bytes, offset, expiresAt }) => {
    const share = `${Math.floor((100 * offset) / Math.max(1, bytes))} %`;
    return [id, share, formatBytes(bytes), expiresAt, plainLine(name)];
  });
  context.output.table(uploads, ["ID", "THERE", "OF", "KEPT UNTIL", "NAME"], rows, "No upload waits to be continued.");
}

/** Encoded, because a header carries no other letters than Latin ones. */
function passwordHeader(password: string): Record<string, string> {
  return { "x-nocturne-password": toBase64Url(utf8Encode(password)) };
}
