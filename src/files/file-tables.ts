/**
 * The rows of the library in the vault, and how they find each other.
 *
 *   files           {id, name, folder, content...}      content: the newest one
 *   file_versions   {id, file, content...}              earlier ones, in the order in which they were replaced
 *   folders         {id, name, folder}                  folder: the one that it lies in, "" at the top
 *
 * A row with `trashedAt` is in no folder's index, so that its name is free again. What lies in a trashed folder keeps
 * its place in that folder and is out of reach with it.
 *
 * Rows of the first version know no folder. They are brought to the top once, in one transaction, those of the same
 * name under names of their own: from then on a name stands for one thing. Rows of the second know neither
 * `contentId` nor `digest`; they get the blob's name as the one, as links knew them by it, and no digest.
 */
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import { numberedName } from "./file-name.ts";
import type { FileProperty } from "./properties.ts";
import type { CipherSuite } from "./views.ts";

/** Where a content lies and how it opens. */
export interface StoredContent {
  /** Its own random name, by which links know it; it stays when the content becomes a version or comes back. */
  readonly contentId: string;
  readonly bytes: number;
  readonly cipher: CipherSuite;
  /** Where its sealed bytes lie, maybe together with contents that are alike. */
  readonly blob: string;
  /** base64url, a keyed hash of the plain content; null with a password, and for what came before there was one. */
  readonly digest: string | null;
  /** base64url; tells the blob of this file from another one that was put in its place. */
  readonly keyCheck: string;
  /** base64url, under a key of the recovery key; null without a password. */
  readonly sealedPassword: string | null;
  readonly addedAt: string;
}

interface Placed {
  readonly id: string;
  readonly name: string;
  /** The id of the folder that it lies in; "" at the top. */
  readonly folder: string;
  /** When it went into the trash by itself; null unless it did. */
  readonly trashedAt: string | null;
}

export interface FileRow extends StoredContent, Placed {
  /** base64url; a header that must still be written to the blob. */
  readonly redoHeader: string | null;
  readonly versions: number;
  readonly versionBytes: number;
}

export interface VersionRow extends StoredContent {
  readonly id: string;
  readonly file: string;
}

export interface FolderRow extends Placed {
  readonly createdAt: string;
}

interface PropertyRow {
  /** The id of a file or a folder. */
  readonly of: string;
  readonly properties: readonly FileProperty[];
}

const ADOPTED = "files/tree/v1";
const IDENTIFIED = "files/contents/v1";
const NEW_FIELDS = { folder: "", trashedAt: null, versions: 0, versionBytes: 0 } as const;

const placedIndexes = {
  folder: (row: Placed) => (row.trashedAt === null ? row.folder : null),
  place: (row: Placed) => (row.trashedAt === null ? placeOf(row.folder, row.name) : null),
  trash: (row: Placed) => (row.trashedAt === null ? null : "yes"),
};

const contentIndexes = {
  blob: (row: StoredContent) => row.blob,
  digest: (row: StoredContent) => (row.digest === null ? null : digestKey(row.cipher, row.digest)),
};

export class FileTables {
  readonly vault: Vault;
  readonly properties: SealedTable<PropertyRow>;
  readonly #files: SealedTable<FileRow>;
  readonly #versions: SealedTable<VersionRow>;
  readonly #folders: SealedTable<FolderRow>;
  #adopted = false;

  constructor(vault: Vault) {
    this.vault = vault;
    const indexes = { ...placedIndexes, ...contentIndexes };
    this.#files = vault.table<FileRow>({ name: "files", key: (row) => row.id, indexes });
    this.properties = vault.table<PropertyRow>({ name: "file_properties", key: (row) => row.of });
    const ofFile = { file: (row: VersionRow) => row.file, ...contentIndexes };
    this.#versions = vault.table<VersionRow>({ name: "file_versions", key: (row) => row.id, indexes: ofFile });
    this.#folders = vault.table<FolderRow>({ name: "folders", key: (row) => row.id, indexes: placedIndexes });
  }

  get files(): SealedTable<FileRow> {
    this.#adopt();
    return this.#files;
  }

  get versions(): SealedTable<VersionRow> {
    this.#adopt();
    return this.#versions;
  }

  get folders(): SealedTable<FolderRow> {
    this.#adopt();
    return this.#folders;
  }

  /** The file of this name in a folder, or null. */
  fileAt(folder: string, name: string): FileRow | null {
    return this.files.find("place", placeOf(folder, name), { limit: 1 })[0] ?? null;
  }

  folderAt(folder: string, name: string): FolderRow | null {
    return this.folders.find("place", placeOf(folder, name), { limit: 1 })[0] ?? null;
  }

  isTaken(folder: string, name: string): boolean {
    const place = placeOf(folder, name);
    return this.files.count("place", place) + this.folders.count("place", place) > 0;
  }

  /** `name`, or `name (1)`, `name (2)`, ... where that is taken. */
  freeName(folder: string, name: string): string {
    for (let i = 0, free = name; ; free = numberedName(name, ++i)) if (!this.isTaken(folder, free)) return free;
  }

  /** Whether any content, in the trash or not, lies in this blob. */
  isNamed(blob: string): boolean {
    return this.files.count("blob", blob) + this.versions.count("blob", blob) > 0;
  }

  /** A content of this digest, sealed by this suite; null when there is none. */
  withDigest(cipher: CipherSuite, digest: string): StoredContent | null {
    const key = digestKey(cipher, digest);
    const first = { limit: 1 };
    return this.files.find("digest", key, first)[0] ?? this.versions.find("digest", key, first)[0] ?? null;
  }

  /** Every content there is, in the trash or not. */
  contents(): StoredContent[] {
    return [...this.files.list(), ...this.versions.list()];
  }

  /** All that `work` writes, or nothing of it. */
  transaction<T>(work: () => T): T {
    this.#adopt(); // by itself: undone together with `work`, it would be taken for done
    return this.vault.transaction(work);
  }

  // Not by `outdated`: a crash between the new columns and the rows would leave rows that no index knows.
  #adopt(): void {
    if (this.#adopted) return;
    this.vault.transaction(() => {
      if (!this.vault.readMeta<boolean>(ADOPTED)) this.#place();
      if (!this.vault.readMeta<boolean>(IDENTIFIED)) this.#identify();
    });
    this.#adopted = true;
  }

  #place(): void {
    const taken = new Set<string>();
    for (const row of this.#files.list()) {
      let { name } = row;
      for (let i = 1; taken.has(name); i++) name = numberedName(row.name, i);
      taken.add(name);
      this.#files.put({ ...NEW_FIELDS, ...row, name });
    }
    this.vault.writeMeta(ADOPTED, true);
  }

  #identify(): void {
    for (const row of this.#files.list()) this.#files.put({ ...row, ...identified(row) });
    for (const row of this.#versions.list()) this.#versions.put({ ...row, ...identified(row) });
    this.vault.writeMeta(IDENTIFIED, true);
  }
}

function identified(row: StoredContent): Pick<StoredContent, "contentId" | "digest"> {
  return { contentId: row.contentId ?? row.blob, digest: row.digest ?? null };
}

function digestKey(cipher: CipherSuite, digest: string): string {
  return `${cipher}/${digest}`;
}

function placeOf(folder: string, name: string): string {
  return `${folder}/${name}`;
}
