/**
 * What was deleted and can come back.
 *
 *   library --add--> trash --restore--> library
 *                      |----destroy, empty, 30 days----> gone: rows, then sealed bytes
 *
 * Links end when a file goes into the trash, and do not come back with it: who deletes a file expects that nobody else
 * gets it any more. They end first, so that a crash never leaves a link to a file that its owner cannot see. A folder is
 * one row in the trash; what is in it comes and goes with it. The sealed bytes lie on the disk until the file is gone
 * from the trash; a crash in between leaves them to the next sweep.
 */
import type { Clock } from "../core/clock.ts";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { Contents } from "./contents.ts";
import type { FileRow, FileTables, FolderRow, StoredContent } from "./file-tables.ts";
import { type Folders, type Inside, TOP } from "./folders.ts";
import type { TrashEntry, TrashView } from "./views.ts";

export interface TrashOptions {
  readonly tables: FileTables;
  readonly folders: Folders;
  readonly contents: Contents;
  readonly clock: Clock;
  /** Told of each file or folder that left the library or came back. */
  readonly tell: (change: "added" | "removed", id: string) => void;
}

export class Trash {
  readonly #tables: FileTables;
  readonly #folders: Folders;
  readonly #contents: Contents;
  readonly #clock: Clock;
  readonly #tell: TrashOptions["tell"];

  constructor({ tables, folders, contents, clock, tell }: TrashOptions) {
    this.#tables = tables;
    this.#folders = folders;
    this.#contents = contents;
    this.#clock = clock;
    this.#tell = tell;
  }

  /**
   * Moves a file or a folder that can be reached into the trash, and ends its links; `also` is what must succeed in the
   * same commit. Links end last in it: what is refused has ended none. Throws ValidationError `unknown_file`, and what
   * `also` throws.
   */
  add(id: string, also: () => void = () => undefined): void {
    const file = this.#tables.files.get(id);
    const folder = file ? null : this.#tables.folders.get(id);
    const row = file ?? folder;
    if (!row || !this.#folders.isReachable(row)) throw unknownFile();
    const trashedAt = new Date(this.#clock.nowMs()).toISOString();
    const inside = this.#inside(id);
    const going = this.#contentsIn(inside);
    this.#tables.transaction(() => {
      if (file) this.#tables.files.put({ ...file, trashedAt });
      else this.#tables.folders.put({ ...(row as FolderRow), trashedAt });
      also();
      this.#contents.endLinksOfFolders([id, ...inside.folders.map((inner) => inner.id)]);
      this.#contents.endLinks(going);
    });
    this.#tell("removed", id);
  }

  /** Latest first. */
  list(): TrashView {
    const files = this.#tables.files.find("trash", "yes").map((row) => this.#entry(row, "file"));
    const folders = this.#tables.folders.find("trash", "yes").map((row) => this.#entry(row, "folder"));
    const entries = [...files, ...folders].sort((a, b) => b.trashedAt.localeCompare(a.trashedAt));
    return { entries, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /**
   * Back to where it lay, or to the top if that folder is gone; under a name of its own if another file has taken
   * its name. Throws ValidationError `unknown_file` for what is not in the trash.
   */
  restore(id: string): void {
    const row = this.#trashed(id);
    const folder = this.#folders.pathOf(row) === null ? TOP : row.folder;
    const back = { ...row, folder, name: this.#tables.freeName(folder, row.name), trashedAt: null };
    if ("blob" in back) this.#tables.files.put(back);
    else this.#tables.folders.put(back);
    this.#tell("added", id);
  }

  /** Deletes something in the trash, with all that is in it, for good. Throws ValidationError `unknown_file`. */
  async destroy(id: string): Promise<void> {
    this.#trashed(id);
    const inside = this.#inside(id);
    const blobs = this.#contentsIn(inside).map(({ blob }) => blob);
    this.#tables.transaction(() => {
      for (const file of inside.files) this.#deleteFile(file.id);
      for (const folder of [...inside.folders, { id }]) {
        this.#tables.folders.delete(folder.id);
        this.#tables.properties.delete(folder.id);
      }
    });
    this.#tell("removed", id);
    await this.#contents.release(blobs);
  }

  /** Deletes all that is in the trash for good. */
  async empty(): Promise<void> {
    for (const { id } of this.list().entries) await this.#destroyIfThere(id);
  }

  /** Deletes for good what has been in the trash for 30 days. */
  async expire(): Promise<void> {
    const now = this.#clock.nowMs();
    for (const { id, deletesAt } of this.list().entries)
      if (Date.parse(deletesAt) <= now) await this.#destroyIfThere(id);
  }

  /** Somebody else may have restored or destroyed it while the one before was being deleted. */
  async #destroyIfThere(id: string): Promise<void> {
    const row = this.#tables.files.get(id) ?? this.#tables.folders.get(id);
    if (row && row.trashedAt !== null) await this.destroy(id);
  }

  #deleteFile(id: string): void {
    for (const version of this.#tables.versions.find("file", id)) this.#tables.versions.delete(version.id);
    this.#tables.files.delete(id);
    this.#tables.properties.delete(id);
  }

  #trashed(id: string): FileRow | FolderRow {
    const row = this.#tables.files.get(id) ?? this.#tables.folders.get(id);
    if (row && row.trashedAt !== null) return row;
    throw unknownFile();
  }

  /** A file itself, or all that lies in a folder. */
  #inside(id: string): Inside {
    const file = this.#tables.files.get(id);
    return file ? { files: [file], folders: [] } : this.#folders.inside(id);
  }

  #contentsIn({ files }: Inside): StoredContent[] {
    return files.flatMap((file) => [file, ...(file.versions === 0 ? [] : this.#tables.versions.find("file", file.id))]);
  }

  #entry(row: FileRow | FolderRow, kind: TrashEntry["kind"]): TrashEntry {
    const { id, name } = row;
    const trashedAt = row.trashedAt ?? "";
    const bytes = this.#inside(id).files.reduce((sum, file) => sum + file.bytes + file.versionBytes, 0);
    const deletesAt = new Date(Date.parse(trashedAt) + FILE_LIMITS.trashMs).toISOString();
    return { id, kind, name, from: this.#folders.pathOf(row), bytes, trashedAt, deletesAt };
  }
}

function unknownFile(): ValidationError {
  return new ValidationError("unknown_file", "There is no such file or folder there.", {
    hint: "See your files: nocturne files ls; and what was deleted: nocturne files trash",
  });
}
