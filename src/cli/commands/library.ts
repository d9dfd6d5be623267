/**
 * `nocturne files ls, mkdir, mv, rm, versions, search, trash, restore, space`: where files lie, what they were, what was deleted.
 *
 * A file is named by its id, the beginning of its id, or its path; a folder by its path. Paths begin with "/".
 */

import type { Command } from "commander";
import type {
  FileSpace,
  FileVersion,
  FileView,
  FolderListing,
  FolderView,
  FoundFiles,
  TrashEntry,
  TrashView,
} from "../../api/contract.ts";
import { UsageError, ValidationError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import type { NodeClient } from "../node-client.ts";
import { formatBytes } from "../output.ts";
import { plainLine } from "../plain-text.ts";
import { asPath, findFile, findVersion, listFolder } from "./files.ts";

type Thing =
  | { readonly kind: "file"; readonly view: FileView }
  | { readonly kind: "folder"; readonly view: FolderView };

/** Adds to the commands of `files`, which must be there. */
export function addLibraryCommands(program: Command, context: Context): void {
  const files = program.commands.find((command) => command.name() === "files") as Command;
  addPlaceCommands(files, context);
  addTimeCommands(files, context);
  addSpaceCommand(files, context);
}

function addPlaceCommands(files: Command, context: Context): void {
  files
    .command("ls [folder]")
    .description("what is there, or in a folder")
    .action(async (folder?: string) => showEntries(context, await listFolder(await context.anyNode(), folder ?? "/")));

  files
    .command("search <words...>")
    .description("files and folders whose name holds all these words")
    .action(async (words: string[]) => {
      const query = new URLSearchParams({ q: words.join(" ") });
      const found = await (await context.anyNode()).call<FoundFiles>("GET", `/api/files/search?${query.toString()}`);
      showEntries(context, found, "Nothing is named so.", true);
      if (found.more) context.output.say("There is more; add a word.");
    });

  files
    .command("mkdir <path>")
    .description("make a folder, for example /Plans/2026")
    .action(async (path: string) => {
      const names = asPath(path).split("/").slice(1);
      const json = { name: names.pop() ?? "", folder: `/${names.join("/")}` };
      const folder = await (await context.anyNode()).call<FolderView>("POST", "/api/folders", { json });
      context.output.result(folder, plainLine(folder.path));
    });

  files
    .command("mv <what> <to>")
    .description("move a file or a folder into a folder, or to a new path")
    .action(async (what: string, to: string) => {
      const client = await context.anyNode();
      const { kind, view } = await find(client, what);
      const json = await targetOf(client, to);
      const path = kind === "file" ? `/api/files/${view.id}` : `/api/folders/${view.id}`;
      const moved = await client.call<FileView | FolderView>("PATCH", path, { json });
      context.output.result(moved, plainLine(moved.path));
    });

  files
    .command("rm <what>")
    .description("move a file or a folder into the trash, and end its links")
    .option("--forever", "delete it for good at once")
    .action(async (what: string, { forever = false }: { forever?: boolean }) => {
      const client = await context.anyNode();
      const { kind, view } = await find(client, what);
      const path = kind === "file" ? `/api/files/${view.id}` : `/api/folders/${view.id}`;
      await client.call("DELETE", `${path}?forever=${forever}`);
      const words = forever
        ? `Deleted ${plainLine(view.name)} for good.`
        : `Moved ${plainLine(view.name)} to the trash, where it lies for 30 days: nocturne files restore ${view.id}`;
      context.output.result({ removed: view.id, forever }, words);
    });
}

function addTimeCommands(files: Command, context: Context): void {
  files
    .command("versions <id>")
    .description("earlier versions of a file that are kept")
    .option("--restore <version>", "make this one the newest again")
    .option("--rm <version>", "delete this one for good, with links made of it")
    .action(async (id: string, options: { restore?: string; rm?: string }) => {
      const client = await context.anyNode();
      const file = await findFile(client, id);
      const [method, wanted] = options.rm === undefined ? ["POST", options.restore] : ["DELETE", options.rm];
      if (options.rm !== undefined && options.restore !== undefined) throw oneOfTwo();
      if (wanted !== undefined) {
        const version = await findVersion(client, file, wanted);
        await client.call(method, `/api/files/${file.id}/versions/${version.id}`);
      }
      showVersions(context, await client.call<FileVersion[]>("GET", `/api/files/${file.id}/versions`));
    });

  files
    .command("trash")
    .description("what was deleted and can come back")
    .option("--empty", "delete all of it for good")
    .action(async ({ empty }: { empty?: boolean }) => {
      const client = await context.anyNode();
      if (empty) await client.call("DELETE", "/api/trash");
      showTrash(context, await client.call<TrashView>("GET", "/api/trash"));
    });

  files
    .command("restore <id>")
    .description("bring a file or a folder back from the trash; its links stay ended")
    .action(async (id: string) => {
      const client = await context.anyNode();
      const entry = await findInTrash(client, id);
      await client.call("POST", `/api/trash/${entry.id}`);
      context.output.result({ restored: entry.id }, `${plainLine(entry.name)} is back.`);
    });
}

function addSpaceCommand(files: Command, context: Context): void {
  files
    .command("space")
    .description("what files, earlier versions and the trash take, and what the disk has left")
    .action(async () => showSpace(context, await (await context.anyNode()).call<FileSpace>("GET", "/api/files/space")));
}

/** Into a folder that is there, else to that path: a new name in the folder around it. */
async function targetOf(client: NodeClient, to: string): Promise<{ folder: string; name?: string }> {
  const path = asPath(to);
  if (await folderAt(client, path)) return { folder: path };
  const names = path.split("/").slice(1);
  const name = names.pop() ?? "";
  return { name, folder: `/${names.join("/")}` };
}

/** True also for the top. */
async function folderAt(client: NodeClient, path: string): Promise<FolderView | true | null> {
  try {
    return (await listFolder(client, path)).crumbs.at(-1) ?? true;
  } catch (error) {
    if (error instanceof ValidationError && error.code === "unknown_folder") return null;
    throw error;
  }
}

/** A folder is asked for first only by a path: ids of folders are not shown where files are asked for. */
async function find(client: NodeClient, what: string): Promise<Thing> {
  const folder = what.startsWith("/") ? await folderAt(client, asPath(what)) : null;
  if (folder === true)
    throw new UsageError("not_the_top", "The top folder stays where it is.", {
      hint: "Name a file or a folder in it.",
    });
  return folder ? { kind: "folder", view: folder } : { kind: "file", view: await findFile(client, what) };
}

async function findInTrash(client: NodeClient, id: string): Promise<TrashEntry> {
  const { entries } = await client.call<TrashView>("GET", "/api/trash");
  const found = id.length < 4 ? [] : entries.filter((entry) => entry.id.startsWith(id));
  if (found.length === 1 && found[0]) return found[0];
  throw new ValidationError("unknown_file", "There is nothing with this id in the trash, or several begin like it.", {
    hint: "See what is there: nocturne files trash",
  });
}

/** Folders first. `kind` tells the two apart; files are as they always were, with more fields. */
function showEntries(
  context: Context,
  { folders, files }: Pick<FolderListing, "folders" | "files">,
  empty = "No files here yet. Add one: nocturne files put PATH",
  whole = false,
): void {
  const entries = [
    ...folders.map((folder) => ({ kind: "folder", ...folder })),
    ...files.map((file) => ({ kind: "file", ...file })),
  ];
  const name = (view: FileView | FolderView): string => plainLine(whole ? view.path : view.name);
  const rows = [
    ...folders.map((folder) => [folder.id, "", "folder", "", `${name(folder)}/`]),
    ...files.map((file) => [file.id, formatBytes(file.bytes), file.cipher, marksOf(file), name(file)]),
  ];
  context.output.table(entries, ["ID", "SIZE", "CIPHER", "", "NAME"], rows, empty);
}

function marksOf({ hasPassword, versions }: FileView): string {
  return [hasPassword ? "password" : "", versions > 0 ? `+${versions} earlier` : ""]
    .filter((mark) => mark !== "")
    .join(", ");
}

function showVersions(context: Context, versions: readonly FileVersion[]): void {
  const rows = versions.map(({ id, bytes, addedAt, hasPassword }) => [
    id,
    formatBytes(bytes),
    addedAt,
    hasPassword ? "password" : "",
  ]);
  context.output.table(versions, ["VERSION", "SIZE", "ADDED", ""], rows, "No earlier versions.");
}

function showTrash(context: Context, { entries, bytes }: TrashView): void {
  const rows = entries.map((entry) => [
    entry.id,
    formatBytes(entry.bytes),
    entry.deletesAt,
    plainLine(entry.from ?? entry.name) + (entry.kind === "folder" ? "/" : ""),
  ]);
  context.output.table(entries, ["ID", "SIZE", "DELETED FOR GOOD", "FROM"], rows, "The trash is empty.");
  if (entries.length > 0) context.output.say(`It takes ${formatBytes(bytes)}.`);
}

function showSpace(context: Context, space: FileSpace): void {
  const { bytes, versionBytes, trashBytes, uploadBytes, diskBytes, bucketBytes, freeBytes } = space;
  const once = bytes + versionBytes + trashBytes + uploadBytes - diskBytes - bucketBytes;
  const lines = [
    ["Files", bytes],
    ["Earlier versions", versionBytes],
    ["Trash", trashBytes],
    ...(once > 0 ? [["Saved, because alike", once] as const] : []),
    ["On the disk", diskBytes],
    ...(bucketBytes > 0 ? [["In the bucket", bucketBytes] as const] : []),
    ["Free", freeBytes],
  ] as const;
  context.output.result(space, lines.map(([what, size]) => `${what.padEnd(22)}${formatBytes(size)}`).join("\n"));
}

function oneOfTwo(): UsageError {
  return new UsageError("bad_request", "--restore and --rm cannot be given together.", { hint: "Give one of them." });
}
