/**
 * Earlier contents of a file. Each is a sealed file of its own with a password of its own, so nothing is sealed anew
 * when one comes back: rows change places in one transaction.
 *
 *   put under the same name    newest -> versions; the oldest beyond ten goes for good, and its links with it
 *   a save through the mount   the same, but one in five minutes: what lay in between was a step of work, not a version
 *   restore                    that version becomes the newest, and the newest a version
 */
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { Contents } from "./contents.ts";
import type { FileRow, FileTables, StoredContent, VersionRow } from "./file-tables.ts";
import { newId } from "./folders.ts";
import type { FileVersion } from "./views.ts";

export interface VersionsOptions {
  readonly tables: FileTables;
  readonly contents: Contents;
  /** Joined to what is done: a file that the mesh keeps is kept there with its next content, too. */
  readonly follow: (before: string, next: string) => void;
  /** The row of a file that can be reached, or ValidationError `unknown_file`. */
  readonly file: (id: string) => FileRow;
  readonly tell: (change: "changed", id: string) => void;
}

export class Versions {
  readonly #tables: FileTables;
  readonly #contents: Contents;
  readonly #file: VersionsOptions["file"];
  readonly #tell: VersionsOptions["tell"];
  readonly #follow: VersionsOptions["follow"];

  constructor({ tables, contents, follow, file, tell }: VersionsOptions) {
    this.#tables = tables;
    this.#contents = contents;
    this.#follow = follow;
    this.#file = file;
    this.#tell = tell;
  }

  /** The one that was replaced last first; the file's present content is not among them. Throws ValidationError `unknown_file`. */
  list(file: string): FileVersion[] {
    this.#file(file);
    return this.#tables.versions.find("file", file, { newestFirst: true }).map((row) => {
      const { id, bytes, cipher, addedAt } = row;
      return { id, bytes, cipher, hasPassword: row.sealedPassword !== null, addedAt };
    });
  }

  /** Throws ValidationError `unknown_version`. */
  row(file: string, version: string): VersionRow {
    const row = this.#tables.versions.get(version);
    if (row?.file === file) return row;
    throw new ValidationError("unknown_version", "There is no such version of this file.", {
      hint: "See its versions: nocturne files versions ID",
    });
  }

  /**
   * Makes `next` the file's content, and what was it a version, unless this is one of many saves. `also` is what must
   * succeed in the same commit; links end last in it. The blobs that `dropped` names may have no row any more: the caller
   * releases them.
   */
  replace(
    file: FileRow,
    next: StoredContent,
    isSave: boolean,
    also: (id: string) => void = () => undefined,
  ): { row: FileRow; dropped: readonly string[] } {
    const earlier = this.#tables.versions.find("file", file.id);
    const keeps = !isSave || this.#isWorthKeeping(file, next, earlier.at(-1));
    const old = keeps ? earlier.slice(0, Math.max(0, earlier.length + 1 - FILE_LIMITS.versions)) : [];
    const row = this.#tables.transaction(() => {
      for (const { id } of old) this.#tables.versions.delete(id);
      if (keeps) this.#tables.versions.put(asVersion(file));
      const replaced = this.#counted({ ...file, ...next });
      this.#follow(file.blob, next.blob);
      also(file.id);
      this.#contents.endLinks(old);
      return replaced;
    });
    return { row, dropped: [...old, ...(keeps ? [] : [file])].map(({ blob }) => blob) };
  }

  /**
   * Editors save every few seconds, and file managers make a file empty before they write it: ten such versions would
   * push out all that a person would want back; nor is one kept that is the same again. A content that somebody was given a link to is always kept.
   */
  #isWorthKeeping(content: StoredContent, next: StoredContent, last: StoredContent | undefined): boolean {
    if (this.#contents.hasLinks(content)) return true;
    if (content.bytes === 0 || content.blob === next.blob) return false;
    return !last || Date.parse(content.addedAt) - Date.parse(last.addedAt) >= FILE_LIMITS.savedVersionsMs;
  }

  /** Throws ValidationError `unknown_file`, `unknown_version`. */
  restore(file: string, version: string): void {
    const before = this.#file(file);
    const { id, file: _, ...content } = this.row(file, version);
    this.#tables.transaction(() => {
      this.#tables.versions.delete(id);
      this.#tables.versions.put(asVersion(before));
      this.#counted({ ...before, ...contentOf(content) });
      this.#follow(before.blob, content.blob);
    });
    this.#tell("changed", file);
  }

  /** Deletes one for good, and ends the links that were made of it. Throws ValidationError `unknown_file`, `unknown_version`. */
  async remove(file: string, version: string): Promise<void> {
    const row = this.#file(file);
    const going = this.row(file, version);
    this.#tables.transaction(() => {
      this.#tables.versions.delete(going.id);
      this.#counted(row);
      this.#contents.endLinks([going]);
    });
    this.#tell("changed", file);
    await this.#contents.release([going.blob]);
  }

  /** Counted anew and kept in the file's row, so that a list of files need not ask for each. */
  #counted(file: FileRow): FileRow {
    const kept = this.#tables.versions.find("file", file.id);
    const row = { ...file, versions: kept.length, versionBytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) };
    this.#tables.files.put(row);
    return row;
  }
}

function asVersion(file: FileRow): VersionRow {
  return { id: newId(), file: file.id, ...contentOf(file) };
}

/** The part of a row that changes place. */
export function contentOf(row: StoredContent): StoredContent {
  const { contentId, bytes, cipher, blob, digest, keyCheck, sealedPassword, addedAt } = row;
  return { contentId, bytes, cipher, blob, digest, keyCheck, sealedPassword, addedAt };
}
