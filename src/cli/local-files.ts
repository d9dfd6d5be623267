/**
 * Paths of this machine as files to be put into the library: a folder is taken with all that is in it.
 *
 *   put notes.txt Photos/   -> notes.txt            into ""
 *                              Photos/1.jpg         into "Photos"
 *                              Photos/sea/2.jpg     into "Photos/sea"
 *
 * In a folder links are not followed: they may lead out of it, or round in a circle.
 */
import { lstat, readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS, UPLOAD_LIMITS } from "../core/limits.ts";
import { plainLine } from "./plain-text.ts";

export interface LocalFile {
  readonly path: string;
  readonly name: string;
  /** The folder that it goes into, below the one that was asked for; "" for that one. */
  readonly folder: string;
  readonly bytes: number;
  /** False for a pipe or a device: its size is not known, and it cannot be read twice. */
  readonly isRegular: boolean;
}

export interface LocalTree {
  readonly files: readonly LocalFile[];
  /** Every folder, each before those inside it. */
  readonly folders: readonly string[];
  /** Links, and what is no file, in folders. */
  readonly leftOut: number;
}

/** Throws ValidationError `too_many_files`, `folder_too_deep`; the system's error for what is not there. */
export async function findLocalFiles(paths: readonly string[]): Promise<LocalTree> {
  const tree = { files: [] as LocalFile[], folders: [] as string[], leftOut: 0 };
  for (const path of new Set(paths.map((one) => resolve(one)))) {
    const there = await stat(path);
    if (there.isDirectory()) await addFolder(tree, path, basename(path) || "files");
    else addFile(tree, path, "", there.size, there.isFile());
  }
  return tree;
}

/** What tells a file from a later state of itself: any change of its content moves the third number on. */
export async function fingerprintOf(path: string): Promise<{ readonly bytes: number; readonly fingerprint: string }> {
  const { size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { bytes: Number(size), fingerprint: `${size} ${mtimeNs} ${ctimeNs}` };
}

type Growing = { files: LocalFile[]; folders: string[]; leftOut: number };

async function addFolder(tree: Growing, path: string, name: string): Promise<void> {
  if (name.split("/").length > FILE_LIMITS.folderDepth) throw tooDeep(path);
  tree.folders.push(name);
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) await addFolder(tree, inner, `${name}/${entry.name}`);
    else if (entry.isFile()) addFile(tree, inner, name, (await lstat(inner)).size, true);
    else tree.leftOut += 1;
  }
}

function addFile(tree: Growing, path: string, folder: string, bytes: number, isRegular: boolean): void {
  if (tree.files.length >= UPLOAD_LIMITS.filesAtOnce) throw tooMany();
  tree.files.push({ path, name: basename(path), folder, bytes, isRegular });
}

function tooMany(): ValidationError {
  return new ValidationError("too_many_files", `One command takes ${UPLOAD_LIMITS.filesAtOnce} files at most.`, {
    hint: "Put the folders in it one by one.",
  });
}

function tooDeep(path: string): ValidationError {
  return new ValidationError("folder_too_deep", `${plainLine(path)} lies deeper than the library can hold.`, {
    hint: `Folders lie ${FILE_LIMITS.folderDepth} deep at most.`,
  });
}
