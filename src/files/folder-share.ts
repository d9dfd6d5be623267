/**
 * What a link to a folder gives: each file in it as it is now, at any depth. It is a snapshot: what is added, renamed or
 * changed later is not in it, and what goes into the trash comes out of it.
 *
 * Files with a password of their own are left out and counted: who set it does not expect that a link to the folder
 * gives them to people without it. Empty folders are left out too.
 */
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { type ListedFile, sealListing } from "../crypto/link-listing.ts";
import { compareNames } from "./file-name.ts";
import type { FileRow } from "./file-tables.ts";
import type { FileContent, FileLibrary } from "./library.ts";
import type { StoredFolder, StoredPart } from "./link-store.ts";

/** Of each file in it its content, by the file's id. */
export type GatheredFolder = ReadonlyMap<string, FileContent>;

export interface SealedFolder {
  readonly source: StoredFolder;
  /** Files with a password of their own. */
  readonly leftOut: number;
}

/**
 * Reads the key of every file in a folder. It takes a while, in which all of it may change. Throws ValidationError
 * `unknown_folder`, `folder_empty`, `folder_too_large`; what `FileLibrary.content` throws.
 */
export async function gatherFolder(library: FileLibrary, id: string): Promise<GatheredFolder> {
  library.folders.row(id);
  const all = library.folders.inside(id).files;
  const open = all.filter((row) => row.sealedPassword === null);
  if (open.length === 0) throw folderEmpty(all.length);
  if (open.length > FILE_LIMITS.filesPerLink) throw folderTooLarge();
  const gathered = new Map<string, FileContent>();
  for (const row of open) {
    const content = await contentOf(library, row);
    if (content) gathered.set(row.id, content);
  }
  return gathered;
}

/**
 * Seals the listing, of what was gathered and is still as it was. Synchronous, so that nothing gets into a link that its
 * owner has deleted, moved elsewhere, changed or given a password by then; the paths are those of this moment. Throws
 * ValidationError `folder_empty`, `folder_too_large`.
 */
export function sealFolder(
  library: FileLibrary,
  id: string,
  gathered: GatheredFolder,
  key: Uint8Array,
  slug: string,
): SealedFolder {
  const rows = library.folders.inside(id).files;
  const leftOut = rows.filter((row) => row.sealedPassword !== null).length;
  const there = rows
    .flatMap((row) => {
      const content = gathered.get(row.id);
      const isSame = row.sealedPassword === null && row.contentId === content?.contentId;
      return content && isSame ? [{ path: pathInside(library, id, row), content }] : [];
    })
    .sort((a, b) => compareNames(a.path, b.path));
  if (there.length === 0) throw folderEmpty(leftOut);
  const listed = there.map(({ path, content }): ListedFile => {
    const { suite, fileKey, contentBytes, file } = content;
    return { path, bytes: file.bytes, sealedBytes: contentBytes, suite, fileKey };
  });
  const listing = sealListing(listed, key, slug);
  if (listing.length > FILE_LIMITS.listingBytes) throw folderTooLarge();
  return { source: { folder: id, listing, parts: there.map(({ content }) => partOf(content)) }, leftOut };
}

/** Where a content lies, as links.db keeps it. */
export function partOf(content: Omit<FileContent, "file" | "suite" | "fileKey">): StoredPart {
  const { contentId, blob, contentOffset, contentBytes } = content;
  return { content: contentId, blob, contentOffset, contentBytes };
}

/** null when it was deleted while others were read. */
async function contentOf(library: FileLibrary, row: FileRow): Promise<FileContent | null> {
  try {
    return await library.content(row.id);
  } catch (error) {
    if (library.find(row.id) === null) return null;
    throw error;
  }
}

function pathInside(library: FileLibrary, id: string, row: FileRow): string {
  const way = library.folders.crumbs(row.folder);
  const from = way.findIndex((folder) => folder.id === id);
  return [...way.slice(from + 1).map((folder) => folder.name), row.name].join("/");
}

function folderEmpty(withPassword: number): ValidationError {
  const hint = "Put files into it first, or make a link to one file.";
  if (withPassword === 0) return new ValidationError("folder_empty", "This folder holds no files to share.", { hint });
  return new ValidationError("folder_empty", "All files in this folder have passwords of their own.", {
    hint: "Make a link to each file.",
  });
}

function folderTooLarge(): ValidationError {
  return new ValidationError("folder_too_large", `A link holds at most ${FILE_LIMITS.filesPerLink} files.`, {
    hint: "Make links to its inner folders one by one.",
  });
}
