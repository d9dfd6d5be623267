/** What is at a path of the library, as WebDAV sees it. */
import type { FileRow, FolderRow } from "../../files/file-tables.ts";
import { TOP } from "../../files/folders.ts";
import type { FileLibrary } from "../../files/library.ts";
import type { FileTree } from "../../files/tree.ts";

export interface FolderResource {
  readonly kind: "folder";
  /** "" for the top. */
  readonly id: string;
  readonly path: string;
  /** null for the top, which nobody made. */
  readonly changedAt: string | null;
}

export interface FileResource {
  readonly kind: "file";
  readonly id: string;
  readonly path: string;
  readonly changedAt: string;
  readonly bytes: number;
  /** With its quotes; says nothing of the content, and differs between any two of them. */
  readonly etag: string;
  readonly hasPassword: boolean;
}

export type Resource = FolderResource | FileResource;

/** null where there is nothing. */
export function findResource(library: FileLibrary, tree: FileTree, path: string): Resource | null {
  if (path === "/") return { kind: "folder", id: TOP, path, changedAt: null };
  const entry = tree.stat(path);
  if (entry === null) return null;
  if (entry.kind === "folder") return { kind: "folder", id: entry.folder.id, path, changedAt: entry.folder.createdAt };
  const row = library.tables.files.get(entry.file.id);
  return row && fileResource(row, path);
}

/** What lies directly in a folder. */
export function* membersOf(library: FileLibrary, { id, path }: FolderResource): Generator<Resource> {
  const prefix = path === "/" ? "/" : `${path}/`;
  for (const row of library.tables.folders.find("folder", id)) yield folderResource(row, prefix + row.name);
  for (const row of library.tables.files.find("folder", id)) yield fileResource(row, prefix + row.name);
}

function folderResource({ id, createdAt }: FolderRow, path: string): FolderResource {
  return { kind: "folder", id, path, changedAt: createdAt };
}

function fileResource(row: FileRow, path: string): FileResource {
  const { id, bytes, keyCheck, addedAt, sealedPassword } = row;
  const hasPassword = sealedPassword !== null;
  return { kind: "file", id, path, changedAt: addedAt, bytes, etag: `"${keyCheck}"`, hasPassword };
}
