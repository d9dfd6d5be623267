/**
 * `nocturne files recover`, and how files and folders are named. What moves bytes is in `put.ts` and `get.ts`; folders,
 * versions and the trash are in `library.ts`.
 */

import type { Command } from "commander";
import type { FileVersion, FileView, FolderListing, RecoveredPassword } from "../../api/contract.ts";
import { ValidationError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import type { NodeClient } from "../node-client.ts";

const ID = /^[0-9a-f]{16}$/;
/** A shorter beginning of an id is more likely an unset variable of a script than meant. */
const ID_BEGINNING = /^[0-9a-f]{4,15}$/;

export function addFileCommands(program: Command, context: Context): void {
  const files = program.command("files").description("your sealed files and their links");

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
