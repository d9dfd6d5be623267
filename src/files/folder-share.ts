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
import type { FileRow } from "./file-tables.ts";
import type { FileContent, FileLibrary } from "./library.ts";
import type { StoredFolder, StoredPart } from "./link-store.ts";

export interface GatheredFolder {
  readonly name: string;
  readonly files: readonly { readonly id: string; readonly path: string; readonly content: FileContent }[];
  readonly leftOut: number;
}

/**
 * Reads the key of every file in a folder. Throws ValidationError `unknown_folder`, `folder_empty`,
 * `folder_too_large`; what `FileLibrary.content` throws.
 */
export async function gatherFolder(library: FileLibrary, id: string): Promise<GatheredFolder> {
  const { name } = library.folders.row(id);
  const all = library.folders.inside(id).files;
  const open = all.filter((row) => row.sealedPassword === null);
  if (open.length === 0) throw folderEmpty(all.length);
  if (open.length > FILE_LIMITS.filesPerLink) throw folderTooLarge();
  const files: GatheredFolder["files"][number][] = [];
  for (const row of open) {
    const content = await contentOf(library, row);
    if (content) files.push({ id: row.id, path: pathInside(library, id, row), content });
  }
  const byPath = files.sort((a, b) => collator.compare(a.path, b.path));
  return { name, files: byPath, leftOut: all.length - open.length };
}

/**
 * Seals the listing. Synchronous, and leaves out what was deleted since it was gathered, so that nothing that its owner
 * deleted gets into a link. Throws ValidationError `folder_empty`, `folder_too_large`.
 */
export function sealFolder(
  library: FileLibrary,
  id: string,
  gathered: GatheredFolder,
  key: Uint8Array,
  slug: string,
): StoredFolder {
  const there = gathered.files.filter((file) => library.find(file.id) !== null);
  if (there.length === 0) throw folderEmpty(0);
  const listed = there.map(({ path, content }): ListedFile => {
    const { suite, fileKey, contentBytes, file } = content;
    return { path, bytes: file.bytes, sealedBytes: contentBytes, suite, fileKey };
  });
  const listing = sealListing(listed, key, slug);
  if (listing.length > FILE_LIMITS.listingBytes) throw folderTooLarge();
  return { folder: id, listing, parts: there.map(({ content }) => partOf(content)) };
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

/** As people sort: 2 before 10. */
const collator = new Intl.Collator("en", { numeric: true });

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
