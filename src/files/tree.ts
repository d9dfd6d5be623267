/**
 * The library as a tree of paths, the way file managers see it. Paths begin with "/" and are compared as names are
 * (`folders.ts`); a trailing "/" means nothing.
 */
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { cleanFileName, compareNames } from "./file-name.ts";
import type { FileRow, FolderRow } from "./file-tables.ts";
import { TOP } from "./folders.ts";
import type { FileLibrary, OpenFile, PutFile } from "./library.ts";
import type { FileView, FolderListing, FolderView, FoundFiles } from "./views.ts";

export type TreeEntry =
  | { readonly kind: "folder"; readonly folder: FolderView }
  | { readonly kind: "file"; readonly file: FileView };

export interface MoveOptions {
  /**
   * A file on a file becomes its newest content, and what was there a version; anything else that is in the way goes
   * into the trash. Otherwise it is refused with `name_taken`.
   */
  readonly replace?: boolean;
}

export interface CopyOptions extends MoveOptions {
  /** Of a folder only itself and its properties, without what is in it. */
  readonly shallow?: boolean;
}

export class FileTree {
  readonly #library: FileLibrary;

  constructor(library: FileLibrary) {
    this.#library = library;
  }

  /** What is at a path, or null. The top itself is no entry: null for "/". */
  stat(path: string): TreeEntry | null {
    const { tables, folders } = this.#library;
    const place = this.#place(path);
    if (!place) return null;
    const file = tables.fileAt(place.folder, place.name);
    if (file) return { kind: "file", file: this.#library.view(file) };
    const folder = tables.folderAt(place.folder, place.name);
    return folder && { kind: "folder", folder: folders.view(folder) };
  }

  /** What lies in a folder (an id or a path), by name. Throws ValidationError `unknown_folder`. */
  list(folder: string): FolderListing {
    const { tables, folders } = this.#library;
    const id = folders.resolve(folder);
    return {
      crumbs: folders.crumbs(id).map((row) => folders.view(row)),
      folders: byName(tables.folders.find("folder", id)).map((row) => folders.view(row)),
      files: byName(tables.files.find("folder", id)).map((row) => this.#library.view(row)),
    };
  }

  /** Throws ValidationError `unknown_folder` for the folder around it, and what `Folders.make` throws. */
  makeFolder(path: string): FolderView {
    const { folder, name } = this.#needPlace(path);
    return this.#library.makeFolder(name, folder);
  }

  /**
   * Moves and renames in one step; what is refused changes nothing, not even links. Throws ValidationError
   * `unknown_file`, `name_taken`, `folder_into_itself`, `unknown_folder`.
   */
  async move(from: string, to: string, { replace = false }: MoveOptions = {}): Promise<void> {
    const entry = this.#need(from);
    const place = this.#needPlace(to);
    const inTheWay = this.stat(to);
    if (inTheWay && idOf(inTheWay) === idOf(entry)) return;
    const change = (): void => this.#library.change(idOf(entry), place);
    if (!inTheWay || !replace) return change();
    const areFiles = entry.kind === "file" && inTheWay.kind === "file";
    if (areFiles && (await this.#library.moveOnto(entry.file.id, inTheWay.file.id))) return;
    this.#library.remove(idOf(inTheWay), change);
  }

  /**
   * Copies a file, or a folder with all that is in it; what it replaces stays until the copy is whole. Throws what
   * `move` throws.
   */
  async copy(from: string, to: string, { replace = false, shallow = false }: CopyOptions = {}): Promise<void> {
    const entry = this.#need(from);
    const place = this.#needPlace(to);
    const { folders } = this.#library;
    const inTheWay = this.stat(to);
    if (inTheWay && idOf(inTheWay) === idOf(entry)) return;
    if (entry.kind === "folder" && folders.crumbs(place.folder).some(({ id }) => id === entry.folder.id)) {
      folders.change(entry.folder.id, place); // refused, in its words
    }
    if (inTheWay && !replace) folders.freshName(place.folder, place.name);
    if (entry.kind === "file" && inTheWay?.kind !== "folder") {
      await this.#library.copy(entry.file.id, place, inTheWay ? "version" : "rename");
      return;
    }
    const name = this.#library.tables.freeName(place.folder, cleanFileName(place.name));
    const id = await this.#copyWhole(entry, place.folder, name, shallow);
    if (inTheWay) this.#library.remove(idOf(inTheWay), () => this.#library.change(id, place));
  }

  /** Into the trash. Throws ValidationError `unknown_file`. */
  remove(path: string): void {
    this.#library.remove(idOf(this.#need(path)));
  }

  /** The plain stream of a file, or of a part of it. Throws what `FileLibrary.open` throws. */
  open(path: string, options: OpenFile = {}): Promise<AsyncIterable<Uint8Array>> {
    const entry = this.#need(path);
    if (entry.kind === "file") return this.#library.open(entry.file.id, options);
    throw nothingThere();
  }

  /** A new file, or a new version of the one at this path. Throws what `FileLibrary.put` throws. */
  put(path: string, source: AsyncIterable<Uint8Array>, options: Omit<PutFile, "name" | "folder">): Promise<FileView> {
    return this.#library.put(source, { ...options, ...this.#needPlace(path) });
  }

  /** Files and folders whose name holds every word, upper and lower case alike, newest first; at most 200 of each. */
  async search(words: string): Promise<FoundFiles> {
    const { tables, folders } = this.#library;
    const wanted = fold(words)
      .split(/\s+/)
      .filter((word) => word !== "");
    if (wanted.length === 0) return { folders: [], files: [], more: false };
    const matches = (row: FileRow | FolderRow): boolean =>
      wanted.every((word) => fold(row.name).includes(word)) && folders.isReachable(row);
    const foundFolders = await find(tables.folders, matches);
    const foundFiles = await find(tables.files, matches);
    const most = FILE_LIMITS.searchHits;
    return {
      folders: foundFolders.slice(0, most).map((row) => folders.view(row)),
      files: foundFiles.slice(0, most).map((row) => this.#library.view(row)),
      more: foundFolders.length > most || foundFiles.length > most,
    };
  }

  /** The id of the copy. Nothing is left of one that fails. */
  async #copyWhole(entry: TreeEntry, folder: string, name: string, shallow: boolean): Promise<string> {
    if (entry.kind === "file") return (await this.#library.copy(entry.file.id, { folder, name })).id;
    const made = this.#library.makeFolder(name, folder);
    try {
      if (shallow) this.#library.properties.copy(entry.folder.id, made.id);
      else await this.#copyInto(entry.folder.id, made.id);
    } catch (error) {
      await this.#library.destroy(made.id);
      throw error;
    }
    return made.id;
  }

  async #copyInto(from: string, into: string): Promise<void> {
    const { tables, properties } = this.#library;
    properties.copy(from, into);
    for (const file of tables.files.find("folder", from)) await this.#library.copy(file.id, { folder: into });
    for (const inner of tables.folders.find("folder", from))
      await this.#copyInto(inner.id, this.#library.makeFolder(inner.name, into).id);
  }

  /** The folder around a path, and the name in it; null where there is no such folder, and for the top. */
  #place(path: string): { folder: string; name: string } | null {
    try {
      return this.#needPlace(path);
    } catch (error) {
      if (error instanceof ValidationError) return null;
      throw error;
    }
  }

  #needPlace(path: string): { folder: string; name: string } {
    const names = path.split("/").filter((name) => name !== "");
    const name = names.pop();
    if (!path.startsWith("/") || name === undefined) throw nothingThere();
    const folder = names.length === 0 ? TOP : this.#library.folders.resolve(`/${names.join("/")}`);
    return { folder, name: name.normalize("NFC") };
  }

  #need(path: string): TreeEntry {
    const entry = this.stat(path);
    if (entry) return entry;
    throw nothingThere();
  }
}

interface Rows<Row> {
  list(page: { before?: number; limit: number; newestFirst: true }): (Row & { readonly seq: number })[];
}

/** Up to one row more than are shown, so that it can be said that there are more. */
async function find<Row extends object>(table: Rows<Row>, matches: (row: Row) => boolean): Promise<Row[]> {
  const found: Row[] = [];
  let before = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const rows = table.list({ before, limit: FILE_LIMITS.searchStep, newestFirst: true });
    found.push(...rows.filter(matches));
    before = rows.at(-1)?.seq ?? 0;
    if (rows.length < FILE_LIMITS.searchStep || found.length > FILE_LIMITS.searchHits) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

function byName<Row extends { readonly name: string }>(rows: Row[]): Row[] {
  return rows.sort((a, b) => compareNames(a.name, b.name));
}

function idOf(entry: TreeEntry): string {
  return entry.kind === "file" ? entry.file.id : entry.folder.id;
}

function nothingThere(): ValidationError {
  return new ValidationError("unknown_file", "There is no such file or folder there.", {
    hint: "See your files: nocturne files ls",
  });
}
