/**
 * Folders and the places of files in them. A place is a folder's id ("" at the top) and a name; names are compared in
 * normal form C, upper and lower case apart, and one name in a folder stands for one thing.
 *
 * Nothing here touches a sealed byte: whatever is made, moved or renamed is one row, so a crash leaves it before or after.
 */
import type { Clock } from "../core/clock.ts";
import { toHex } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { cleanFileName } from "./file-name.ts";
import type { FileRow, FileTables, FolderRow } from "./file-tables.ts";
import type { FolderView } from "./views.ts";

const ID_BYTES = 8;
/** The folder in which everything lies. */
export const TOP = "";

/** An id of a file, a folder or a version: 16 hex characters. */
export function newId(): string {
  return toHex(randomBytes(ID_BYTES));
}

/** Where something is to go; what is left out stays as it is. `folder` is an id, or a path from the top. */
export interface NewPlace {
  readonly name?: string | undefined;
  readonly folder?: string | undefined;
}

/** What lies in a folder, with all that is inside. Rows that are in the trash by themselves are not among them. */
export interface Inside {
  readonly folders: readonly FolderRow[];
  readonly files: readonly FileRow[];
}

export class Folders {
  readonly #tables: FileTables;
  readonly #clock: Clock;

  constructor(tables: FileTables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  /**
   * The id of a folder that can be reached, from its id or its path ("/Plans/2026"; "/" and "" are the top).
   * Throws ValidationError `unknown_folder`.
   */
  resolve(folder: string): string {
    if (folder === TOP) return TOP;
    if (!folder.startsWith("/")) return this.row(folder).id;
    return this.#walk(folder.split("/").filter((name) => name !== ""));
  }

  /** A folder that can be reached. Throws ValidationError `unknown_folder`. */
  row(id: string): FolderRow {
    const row = this.#tables.folders.get(id);
    if (row && this.isReachable(row)) return row;
    throw unknownFolder();
  }

  /** Whether something is neither in the trash nor in a folder that is. */
  isReachable({ folder, trashedAt }: Pick<FileRow, "folder" | "trashedAt">): boolean {
    return trashedAt === null && this.#wayTo(folder) !== null;
  }

  /** The folders from the top to this one, itself last. Throws ValidationError `unknown_folder`. */
  crumbs(id: string): FolderRow[] {
    const way = this.#wayTo(id);
    if (way === null) throw unknownFolder();
    return way;
  }

  /** For example "/Plans/garden.pdf"; null for what cannot be reached. */
  pathOf({ folder, name }: Pick<FileRow, "folder" | "name">): string | null {
    const way = this.#wayTo(folder);
    return way && `/${[...way.map((row) => row.name), name].join("/")}`;
  }

  /**
   * A new empty folder. Throws ValidationError `bad_file_name`, `name_taken`, `unknown_folder`, `folder_too_deep`,
   * `too_many_folders`.
   */
  make(name: string, inside: string = TOP): FolderRow {
    const folder = this.resolve(inside);
    const clean = this.freshName(folder, name);
    if (this.crumbs(folder).length >= FILE_LIMITS.folderDepth) throw tooDeep();
    if (this.#tables.folders.count() >= FILE_LIMITS.folders) throw tooManyFolders();
    const createdAt = new Date(this.#clock.nowMs()).toISOString();
    const row = { id: newId(), name: clean, folder, trashedAt: null, createdAt };
    this.#tables.folders.put(row);
    return row;
  }

  /**
   * Renames or moves a folder with all that is in it. Throws ValidationError `folder_into_itself`, and what `make`
   * throws.
   */
  change(id: string, { name, folder }: NewPlace): FolderRow {
    const row = this.row(id);
    const target = folder === undefined ? row.folder : this.resolve(folder);
    const way = this.crumbs(target);
    if (way.some((step) => step.id === id)) throw intoItself();
    if (way.length + this.#height(id) > FILE_LIMITS.folderDepth) throw tooDeep();
    const moved = { ...row, folder: target, name: this.#nextName(row, target, name) };
    this.#tables.folders.put(moved);
    return moved;
  }

  /** The row of a file in its new place, not yet written. Throws what `change` throws. */
  placed(row: FileRow, { name, folder }: NewPlace): FileRow {
    const target = folder === undefined ? row.folder : this.resolve(folder);
    return { ...row, folder: target, name: this.#nextName(row, target, name) };
  }

  /** A clean name that is free in this folder. Throws ValidationError `bad_file_name`, `name_taken`. */
  freshName(folder: string, name: string): string {
    const clean = cleanFileName(name);
    if (this.#tables.isTaken(folder, clean)) throw nameTaken(clean);
    return clean;
  }

  /** All that lies in a folder, at any depth. */
  inside(id: string): Inside {
    const folders: FolderRow[] = [];
    const files: FileRow[] = [];
    for (const waiting = [id]; waiting.length > 0; ) {
      const next = waiting.pop() as string;
      files.push(...this.#tables.files.find("folder", next));
      const inner = this.#tables.folders.find("folder", next);
      folders.push(...inner);
      waiting.push(...inner.map((row) => row.id));
    }
    return { folders, files };
  }

  view(row: FolderRow): FolderView {
    const { id, name, folder, createdAt } = row;
    return { id, name, folder: folder === TOP ? null : folder, path: this.pathOf(row) ?? `/${name}`, createdAt };
  }

  /** A place that does not change is not taken by itself. */
  #nextName(row: Pick<FileRow, "name" | "folder">, target: string, wanted: string | undefined): string {
    const name = wanted === undefined ? row.name : cleanFileName(wanted);
    const stays = target === row.folder && name === row.name;
    return stays ? name : this.freshName(target, name);
  }

  #walk(names: readonly string[]): string {
    let at = TOP;
    for (const name of names) {
      const row = this.#tables.folderAt(at, name.normalize("NFC"));
      if (!row) throw unknownFolder();
      at = row.id;
    }
    return at;
  }

  /** null where the way breaks off in the trash, or, in a forged vault, runs in a circle. */
  #wayTo(id: string): FolderRow[] | null {
    const way: FolderRow[] = [];
    for (let at = id; at !== TOP; ) {
      const row = this.#tables.folders.get(at);
      if (!row || row.trashedAt !== null || way.length >= FILE_LIMITS.folderDepth) return null;
      way.unshift(row);
      at = row.folder;
    }
    return way;
  }

  /** 1 for a folder without folders in it. */
  #height(id: string): number {
    const inner = this.#tables.folders.find("folder", id);
    return 1 + Math.max(0, ...inner.map((row) => this.#height(row.id)));
  }
}

function unknownFolder(): ValidationError {
  return new ValidationError("unknown_folder", "There is no such folder.", {
    hint: "See your folders: nocturne files ls",
  });
}

function nameTaken(name: string): ValidationError {
  return new ValidationError("name_taken", `There is already something named "${name}" in this folder.`, {
    hint: "Choose another name, or move it away first.",
  });
}

function intoItself(): ValidationError {
  return new ValidationError("folder_into_itself", "A folder cannot be moved into itself.", {
    hint: "Choose a folder outside of it.",
  });
}

function tooDeep(): ValidationError {
  return new ValidationError("folder_too_deep", `Folders lie ${FILE_LIMITS.folderDepth} deep at most.`, {
    hint: "Choose a folder nearer to the top.",
  });
}

function tooManyFolders(): ValidationError {
  return new ValidationError(
    "too_many_folders",
    `The library holds ${FILE_LIMITS.folders} folders and takes no more.`,
    {
      hint: "Remove folders that you no longer need.",
    },
  );
}
