/**
 * The files of the vault's owner: streams in, sealed blobs on disk, rows in the vault.
 *
 *   put   source -> measure -> sealToFile -> blobs/<id> -> row {id, name, folder, content {bytes, cipher, blob, ...}}
 *   open  row -> header of the blob -> file key -> plain stream
 *   in several calls, for hours or days: `uploads.ts`
 *
 * A put under a name that is there already gives that file a new content. The one before is kept as a version, up to
 * ten of them; links go on giving the content that they were made of, and end with it.
 *
 * Who holds the unlocked vault holds the recovery key, and with it every file, passworded or not: the recovery
 * slot is what makes a forgotten password recoverable. A file's password guards against somebody at the open
 * app and against whoever gets hold of the blob alone; it does not guard against the vault itself.
 *
 * A content that the library holds already takes no second blob; see `contents.ts`.
 *
 * A new password rewrites one slot of the header in place. The new header is first committed to the row, then
 * written to the blob, then taken off the row: a crash in between is repaired by the next open or sweep, even
 * if it tore the write.
 */
import { fromBase64Url, toBase64Url, toHex, wipeBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { CryptoError, InternalError, LockedError, ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import { type KeySlot, openWithKey, openWithPassword, sealWithKey, sealWithPassword } from "../crypto/key-slots.ts";
import { encodeSealedHeader, type SealedSuite } from "../crypto/sealed-header.ts";
import type { Vault } from "../vault/vault.ts";
import { abortable } from "./abortable.ts";
import type { BlobStore, StoredBlob } from "./blob-store.ts";
import { type ContentRange, planRange } from "./content-range.ts";
import { Contents } from "./contents.ts";
import { viewFile } from "./file-view.ts";
import { cleanFileName } from "./file-name.ts";
import { checkFilePassword, openFilePassword, sealFilePassword } from "./file-password.ts";
import { type FileRow, FileTables, type StoredContent } from "./file-tables.ts";
import { Folders, type NewPlace, newId, TOP } from "./folders.ts";
import { noPassword, noThumbnail, passwordNeeded, tooManyFiles } from "./library-errors.ts";
import type { LinkStore } from "./link-store.ts";
import type { MeshCopies } from "./mesh-copies.ts";
import { MeshFiles } from "./mesh-files.ts";
import { Properties } from "./properties.ts";
import { type OpenedHeader, openContent, openHeader } from "./sealed-file.ts";
import { sealToFile, type Watermark } from "./sealing.ts";
import { type Picture, Thumbnails } from "./thumbnails.ts";
import { measureSpace } from "./space.ts";
import { SharedTransaction } from "./together.ts";
import { Trash } from "./trash.ts";
import { Uploads } from "./uploads.ts";
import { contentOf, Versions } from "./versions.ts";
import type { CipherSuite, FileSpace, FileView, FolderView } from "./views.ts";

/** What a link needs in order to hand a file on: where its payload lies, and the key to it. */
export interface FileContent {
  readonly file: FileView;
  readonly suite: SealedSuite;
  readonly fileKey: Uint8Array;
  readonly contentId: string;
  readonly blob: string;
  readonly contentOffset: number;
  readonly contentBytes: number;
}

export interface FileChange {
  readonly change: "added" | "changed" | "removed";
  readonly id: string;
}

export interface PutFile {
  readonly name: string;
  readonly cipher: CipherSuite;
  /** Of this content; versions before it keep theirs. */
  readonly password?: string | undefined;
  /** An id or a path; the top when nothing is said. */
  readonly folder?: string | undefined;
  /**
   * What happens where the name is taken: a new version of that file (usual); a save, of which not every one makes a
   * version; or a name beside it.
   */
  readonly taken?: "version" | "save" | "rename" | undefined;
  /** Kept in the mesh, too; a new content of a file that is kept there always is. */
  readonly mesh?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Which content of a file, and which part of it; the newest, and all, when nothing is said. */
export interface OpenFile {
  readonly password?: string | undefined;
  readonly version?: string | undefined;
  readonly range?: ContentRange | undefined;
}

/** A content that was opened once to be read in parts, as a media player does. */
export interface ContentReader {
  readonly bytes: number;
  /** All of it, or a part. Throws ValidationError `bad_range`; while it is read, as `open` does. */
  read(range: ContentRange | null): AsyncIterable<Uint8Array>;
  /** Forgets the key. */
  close(): void;
}

export interface LibraryOptions {
  readonly vault: Vault;
  readonly blobs: BlobStore;
  /** Where the links of a file end when the file is removed. */
  readonly linkStore: LinkStore;
  /** Null: no mesh can be joined. */
  readonly mesh?: MeshCopies | null;
  readonly clock: Clock;
  readonly log: Logger;
}

const FILES_SECRET = "files/v1";
const KEY_CHECK_BYTES = 16;
const TAG_BYTES = 16;

export class FileLibrary {
  readonly folders: Folders;
  readonly trash: Trash;
  readonly versions: Versions;
  readonly properties: Properties;
  readonly uploads: Uploads;
  readonly tables: FileTables;
  readonly thumbnails: Thumbnails;
  readonly mesh: MeshFiles;
  readonly #vault: Vault;
  readonly #blobs: BlobStore;
  readonly #contents: Contents;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #keeping: SharedTransaction;
  readonly #listeners = new Set<(change: FileChange) => void>();

  constructor({ vault, blobs, linkStore, mesh = null, clock, log }: LibraryOptions) {
    this.#vault = vault;
    this.#blobs = blobs;
    this.#clock = clock;
    this.#log = log;
    const tables = new FileTables(vault);
    const folders = new Folders(tables, clock);
    const thumbnails = new Thumbnails(vault);
    const tell = (change: FileChange["change"], id: string): void => this.#tell({ change, id });
    const file = (id: string): FileRow => this.#row(id);
    this.mesh = new MeshFiles({ copies: mesh, blobs, tables, file, tell: (id) => tell("changed", id) });
    const contents = new Contents({ vault, tables, blobs, linkStore, thumbnails, mesh: this.mesh });
    this.tables = tables;
    this.#keeping = new SharedTransaction((work) => tables.transaction(work));
    this.folders = folders;
    this.properties = new Properties(tables);
    this.thumbnails = thumbnails;
    this.#contents = contents;
    this.trash = new Trash({ tables, folders, contents, clock, tell });
    this.versions = new Versions({
      tables,
      contents,
      file,
      tell,
      follow: (before, next) => this.mesh.follow(before, next),
    });
    this.uploads = new Uploads({
      vault,
      tables,
      folders,
      blobs,
      clock,
      log,
      find: (id) => this.find(id),
      admit: (wanted) => this.#admit(wanted),
      seal: (source, into, also) => this.#seal(source, { ...into.landing(), ...into }, also),
    });
  }

  /**
   * Seals a stream into the library with bounded memory. If the source fails, the signal aborts, the vault is
   * locked meanwhile or the disk fills up, nothing is left. Throws ValidationError `bad_file_name`,
   * `bad_password`, `too_many_files`, `unknown_folder`, `name_taken` (by a folder); InternalError `disk_full`;
   * PolicyError `mesh_off`; LockedError.
   */
  async put(source: AsyncIterable<Uint8Array>, options: PutFile): Promise<FileView> {
    const place = this.#admit(options);
    const into = { fileKey: randomBytes(32), landing: () => ({ ...options, ...place }) };
    return this.#seal(source, { ...options, ...into });
  }

  /**
   * A second file of the same content, its password included. With a password the sealed bytes are copied as they are,
   * so that who sees the disk sees that the two are alike; without one both lie in one blob. Where the name is taken, its
   * name is another one, unless `taken` says that it is a version of that file. Throws what `put` throws, and
   * ValidationError `unknown_file`.
   */
  async copy(id: string, place: NewPlace, taken: "rename" | "version" = "rename"): Promise<FileView> {
    const row = this.#settled(this.#row(id));
    const { name, folder } = this.#admit({ name: place.name ?? row.name, folder: place.folder ?? row.folder, taken });
    const mesh = this.mesh.view(row.blob) !== null;
    const { blob, bytes, cipher, digest, keyCheck, addedAt, sealedPassword } = row;
    const password = sealedPassword === null ? undefined : this.recoverPassword(id);
    const also = (to: string): void => this.properties.copy(id, to);
    const content = { bytes, cipher, digest, keyCheck, addedAt };
    const keep = (where: string): Kept =>
      this.tables.transaction(() =>
        this.#keep({ name, cipher, folder, password, taken, mesh }, { ...content, blob: where }, also),
      );
    const copied = (size: number): AsyncIterable<Uint8Array> => this.#whileUnlocked(this.#blobs.read(blob, 0, size));
    const kept =
      sealedPassword === null
        ? keep(blob)
        : await this.#blobs.write(copied(await this.#blobs.size(blob)), (stored) =>
            this.#keeping.run(() => keep(stored.id)),
          );
    await this.#settle(kept);
    return this.view(kept.row);
  }

  /**
   * The content of the file `from` becomes a save of the file `onto`, and `from` is no more; it is how editors save.
   * Its own versions come with it. False, and nothing done, when somebody was given a link to `from`: it must keep its
   * own. Throws ValidationError `unknown_file`.
   */
  async moveOnto(from: string, onto: string): Promise<boolean> {
    const source = this.#settled(this.#row(from));
    const target = this.#settled(this.#row(onto));
    const versions = this.tables.versions.find("file", from);
    if ([source, ...versions].some((content) => this.#contents.hasLinks(content))) return false;
    const kept = this.tables.transaction(() => {
      for (const version of versions) this.tables.versions.put({ ...this.#resealed(version, from, onto), file: onto });
      this.properties.copy(from, onto);
      this.properties.replace(from, []);
      this.tables.files.delete(from);
      return this.versions.replace(target, contentOf(this.#resealed(source, from, onto)), true);
    });
    this.#tell({ change: "removed", id: from });
    await this.#settle({ ...kept, isNew: false });
    return true;
  }

  /** All files that can be reached, newest first. */
  list(): FileView[] {
    const paths = new Map<string, string | null>();
    const pathOf = (row: FileRow): string | null => {
      const known = paths.get(row.folder);
      if (known !== undefined) return known && `${known}${row.name}`;
      const path = this.folders.pathOf(row);
      paths.set(row.folder, path && path.slice(0, path.length - row.name.length));
      return path;
    };
    return this.tables.files.list({ newestFirst: true }).flatMap((row) => {
      const path = row.trashedAt === null ? pathOf(row) : null;
      return path === null ? [] : [this.#viewAt(row, path)];
    });
  }

  /** Throws ValidationError `unknown_file`. */
  get(id: string): FileView {
    return this.view(this.#row(id));
  }

  /** The file, or null when there is none. */
  find(id: string): FileView | null {
    const row = this.tables.files.get(id);
    return row && this.folders.isReachable(row) ? this.view(row) : null;
  }

  view(row: FileRow): FileView {
    return this.#viewAt(row, this.folders.pathOf(row) ?? `/${row.name}`);
  }

  #viewAt(row: FileRow, path: string): FileView {
    return viewFile(row, path, this.mesh.view(row.blob), () => this.#blobs.placeOf(row.blob) !== "mesh");
  }

  /** A new empty folder in another one. Throws what `Folders.make` throws. */
  makeFolder(name: string, folder: string = TOP): FolderView {
    const row = this.folders.make(name, folder);
    this.#tell({ change: "added", id: row.id });
    return this.folders.view(row);
  }

  /**
   * Renames or moves a file, with its links and versions, or a folder with all that is in it. Throws ValidationError
   * `unknown_file`, and what `Folders.change` throws.
   */
  change(id: string, place: NewPlace): void {
    if (this.tables.folders.has(id)) this.folders.change(id, place);
    else this.tables.files.put(this.folders.placed(this.#row(id), place));
    this.#tell({ change: "changed", id });
  }

  /** What all contents take. */
  space(): FileSpace {
    const { tables, folders, trash, uploads } = this;
    return measureSpace({ tables, folders, trash, uploads, blobs: this.#blobs });
  }

  /**
   * The plain stream of a file. The header is authenticated before this returns, the content while it is read:
   * then damage throws CryptoError, and a lock of the vault LockedError. Throws ValidationError `unknown_file`,
   * `unknown_version`, `file_password_needed`, `bad_range`; CryptoError for a wrong password.
   */
  async open(id: string, options: OpenFile = {}): Promise<AsyncIterable<Uint8Array>> {
    return (await this.reader(id, options)).read(options.range ?? null);
  }

  /** Opens a content once, as a password takes its time, to be read in parts. Throws as `open` does. */
  async reader(id: string, options: Omit<OpenFile, "range"> = {}): Promise<ContentReader> {
    const { file, suite, fileKey, blob, contentOffset, contentBytes } = await this.content(id, options);
    const read = (start: number, end: number): AsyncIterable<Uint8Array> =>
      this.#whileUnlocked(this.#blobs.read(blob, contentOffset + start, contentOffset + end));
    return {
      bytes: file.bytes,
      read: (range) =>
        range === null
          ? openContent(read(0, contentBytes), suite, fileKey)
          : planRange(range, { bytes: file.bytes, contentBytes, suite, fileKey, read }),
      close: () => wipeBytes(fileKey),
    };
  }

  /** The thumbnail of a file's present content; null while there is none. Throws ValidationError `unknown_file`. */
  thumbnail(id: string): Picture | null {
    return this.thumbnails.get(this.#row(id).blob);
  }

  /**
   * Keeps a thumbnail of the content that came at `addedAt`. Throws ValidationError `unknown_file`, `no_thumbnail` for
   * a content with a password or one that is not the newest any more, `bad_thumbnail`.
   */
  addThumbnail(id: string, addedAt: string, picture: Uint8Array): void {
    const row = this.#row(id);
    if (row.sealedPassword !== null || row.addedAt !== addedAt) throw noThumbnail();
    this.thumbnails.put(row.blob, picture);
  }

  /**
   * 32 hex characters that stand for one content and tell nothing of it, not even which blob it is. Throws ValidationError
   * `unknown_file`, `unknown_version`.
   */
  contentTag(id: string, version?: string): string {
    const { blob } = version === undefined ? this.#row(id) : this.versions.row(id, version);
    return toHex(deriveKey(this.#vault.secretFor(FILES_SECRET), `content-tag/v1/${blob}`, TAG_BYTES));
  }

  /** Throws as `open` does, to tell a wrong password before anything is promised. */
  async check(id: string, password?: string): Promise<void> {
    wipeBytes((await this.content(id, { password })).fileKey);
  }

  /** Key and place of a file's content; throws as `open` does. `file.bytes` are those of the version asked for. */
  async content(id: string, { password, version }: Omit<OpenFile, "range"> = {}): Promise<FileContent> {
    const row = this.#settled(this.#row(id));
    const stored: StoredContent = version === undefined ? row : this.versions.row(id, version);
    const { sealedPassword, blob, contentId } = stored;
    if (sealedPassword !== null && password === undefined) throw passwordNeeded();
    const size = await this.#blobs.size(blob);
    const { header, fileKey } = await this.#openHeader(stored, (slots) =>
      sealedPassword !== null && password !== undefined
        ? openWithPassword(slots, password)
        : openWithKey(slots, "recovery", this.#vault.secretFor(FILES_SECRET)),
    );
    const contentOffset = header.encoded.length;
    const place = { contentId, blob, contentOffset, contentBytes: size - contentOffset };
    return { file: { ...this.view(row), bytes: stored.bytes }, suite: header.suite, fileKey, ...place };
  }

  /** Moves a file or folder into the trash, which ends its links. Throws what `Trash.add` throws. */
  remove(id: string, also?: () => void): void {
    this.trash.add(id, also);
  }

  /** Deletes a file or folder for good, whether it is in the trash or not. Throws ValidationError `unknown_file`. */
  async destroy(id: string): Promise<void> {
    if (this.find(id) || this.tables.folders.get(id)?.trashedAt === null) this.trash.add(id);
    await this.trash.destroy(id);
  }

  /**
   * The password of a file, for one who forgot it. `recoveryKey` (32 bytes) is what the person typed; without
   * it the unlocked vault's own is used. Throws ValidationError `unknown_file`, `file_has_no_password`;
   * CryptoError for another recovery key.
   */
  recoverPassword(id: string, recoveryKey?: Uint8Array): string {
    const { sealedPassword } = this.#row(id);
    if (sealedPassword === null) throw noPassword();
    const secret = recoveryKey ? deriveKey(recoveryKey, FILES_SECRET) : this.#vault.secretFor(FILES_SECRET);
    return openFilePassword(fromBase64Url(sealedPassword), id, secret);
  }

  /**
   * Gives a file with a password another one. The content is not sealed anew, so links made before go on working.
   * Throws ValidationError `unknown_file`, `file_has_no_password`, `file_password_needed`, `bad_password`; CryptoError
   * for a wrong one.
   */
  async changePassword(id: string, next: string, current?: string): Promise<void> {
    const before = this.#settled(this.#row(id));
    if (before.sealedPassword === null) throw noPassword();
    if (current === undefined) throw passwordNeeded();
    const { header, fileKey } = await this.#openHeader(before, (slots) => openWithPassword(slots, current));
    const slots = await this.#slots(fileKey, next);
    const sealedPassword = toBase64Url(sealFilePassword(next, id, this.#vault.secretFor(FILES_SECRET)));
    const row = this.#row(id);
    // Somebody else changed it while this call was stretching passwords: then `current` is no longer right.
    if (row.sealedPassword !== before.sealedPassword) throw new CryptoError();
    const encoded = encodeSealedHeader({ ...header, slots }, fileKey);
    if (encoded.length !== header.encoded.length) throw headerGrew();
    const changed = { ...row, sealedPassword, redoHeader: toBase64Url(encoded) };
    this.tables.files.put(changed);
    this.#settled(changed);
    this.#tell({ change: "changed", id });
  }

  /** Repairs what a crash interrupted, and deletes what it left behind and what is too old. Call it after each unlock. */
  async sweep(): Promise<void> {
    await this.expire();
    for (const row of this.tables.files.list()) this.#settled(row);
    const { parts, forgotten } = await this.#contents.sweep(() => this.uploads.blobs());
    if (parts + forgotten > 0) this.#log.info({ parts, forgotten }, "left-over blobs removed");
  }

  /** Deletes for good what was too long in the trash, and gives up uploads that nobody continued. */
  async expire(): Promise<void> {
    await this.trash.expire();
    await this.uploads.expire();
  }

  /** Calls `listener` after every change; returns how to stop that. */
  onChange(listener: (change: FileChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A place where a file may come. Throws what `put` throws of names, folders and the number of files. */
  #admit(wanted: Pick<PutFile, "name" | "folder" | "taken" | "mesh">): { name: string; folder: string } {
    const { name, folder = TOP, taken, mesh = false } = wanted;
    if (mesh) this.mesh.requireJoined();
    const place = { name: cleanFileName(name), folder: this.folders.resolve(folder) };
    const before = taken === "rename" ? null : this.#replaceable(place.folder, place.name);
    if (!before && this.tables.files.count() >= FILE_LIMITS.files) throw tooManyFiles();
    return place;
  }

  /** The file that a put under this name gives a new content; null for none. */
  #replaceable(folder: string, name: string): FileRow | null {
    if (this.tables.folderAt(folder, name)) this.folders.freshName(folder, name);
    return this.tables.fileAt(folder, name);
  }

  /**
   * Writes down a content that is on the disk: as a new file, or as the newest of the file of this name. Looked up
   * again here, because folder and file may have gone or come while the content was sealed; `also` belongs to the same
   * commit. The blobs in `dropped` may have no row any more.
   */
  #keep(
    { name, folder, password, taken, mesh = false }: PutFile & { readonly folder: string },
    content: Omit<StoredContent, "contentId" | "sealedPassword">,
    also: (id: string) => void,
  ): Kept {
    this.folders.resolve(folder);
    const before = taken === "rename" ? null : this.#replaceable(folder, name);
    const id = before?.id ?? newId();
    const secret = this.#vault.secretFor(FILES_SECRET);
    const sealedPassword = password === undefined ? null : toBase64Url(sealFilePassword(password, id, secret));
    const placed = this.#contents.placed({ ...content, contentId: newId(), sealedPassword });
    const next = { ...placed, redoHeader: null };
    if (mesh) this.mesh.keepBlob(placed.blob);
    const spare = placed.blob === content.blob ? [] : [content.blob];
    if (before) {
      const { row, dropped } = this.versions.replace(this.#settled(before), next, taken === "save", also);
      return { row, isNew: false, dropped: [...spare, ...dropped] };
    }
    const free = this.tables.freeName(folder, name);
    const row = { id, name: free, folder, trashedAt: null, ...next, versions: 0, versionBytes: 0 };
    this.tables.files.put(row);
    also(id);
    return { row, isNew: true, dropped: spare };
  }

  /** Tells of what was written down, and removes the sealed bytes that no row knows any more; else the next sweep does. */
  async #settle({ row, isNew, dropped }: Kept): Promise<void> {
    this.#tell({ change: isNew ? "added" : "changed", id: row.id });
    await this.#contents
      .release(dropped)
      .catch(({ name }: Error) => this.#log.warn({ error: name }, "a blob could not be removed"));
  }

  /** The sealed copy of a password is bound to its file: one that comes to another file is sealed for that one. */
  #resealed<Content extends StoredContent>(content: Content, from: string, onto: string): Content {
    const { sealedPassword } = content;
    if (sealedPassword === null) return content;
    const secret = this.#vault.secretFor(FILES_SECRET);
    const password = openFilePassword(fromBase64Url(sealedPassword), from, secret);
    return { ...content, sealedPassword: toBase64Url(sealFilePassword(password, onto, secret)) };
  }

  /** Seals a stream under this key, which is wiped, and writes it down where `landing` then says; `also` in the same commit. */
  async #seal(
    source: AsyncIterable<Uint8Array>,
    into: Pick<PutFile, "cipher" | "password" | "signal"> & {
      readonly fileKey: Uint8Array;
      readonly landing: () => PutFile & { readonly folder: string };
      readonly blob?: string;
      readonly watermark?: Watermark;
    },
    also: (fileId: string) => void = () => {},
  ): Promise<FileView> {
    const { cipher, password, signal, fileKey, watermark } = into;
    try {
      const seal = { fileKey, suite: cipher, slots: await this.#slots(fileKey, password), watermark };
      const measured = this.#contents.measure(this.#whileUnlocked(source, signal));
      const keep = ({ id: blob }: StoredBlob): Promise<Kept> => {
        const addedAt = new Date(this.#clock.nowMs()).toISOString();
        const digest = password === undefined ? measured.digest() : null;
        const content = { bytes: measured.bytes, cipher, blob, digest, keyCheck: keyCheckOf(fileKey), addedAt };
        return this.#keeping.run(() => this.#keep(into.landing(), content, also));
      };
      const kept = await this.#blobs.write((part) => sealToFile(part, measured, seal), keep, into.blob);
      await this.#settle(kept);
      return this.view(kept.row);
    } finally {
      wipeBytes(fileKey);
    }
  }

  async #slots(fileKey: Uint8Array, password: string | undefined): Promise<KeySlot[]> {
    const recovery = sealWithKey("recovery", fileKey, this.#vault.secretFor(FILES_SECRET));
    if (password === undefined) return [recovery];
    checkFilePassword(password);
    return [recovery, await sealWithPassword(fileKey, password)];
  }

  /**
   * A lock must end what still holds a file's key, and an upload that could not be recorded any more: at once, even
   * while the source is silent.
   */
  async *#whileUnlocked(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const locked = new AbortController();
    const stop = this.#vault.on("locked", () => locked.abort(new LockedError()));
    try {
      if (this.#vault.locked) throw new LockedError();
      yield* abortable(source, signal ? AbortSignal.any([signal, locked.signal]) : locked.signal);
    } finally {
      stop();
    }
  }

  async #openHeader(
    row: StoredContent,
    unlock: (slots: readonly KeySlot[]) => Uint8Array | Promise<Uint8Array>,
  ): Promise<OpenedHeader> {
    const head = await this.#blobs.head(row.blob, FILE_LIMITS.headerBytes);
    const opened = await openHeader(head, unlock);
    if (keyCheckOf(opened.fileKey) !== row.keyCheck) throw new CryptoError();
    return opened;
  }

  /** The row after its header was brought onto the disk, if that was still to be done. */
  #settled(row: FileRow): FileRow {
    if (row.redoHeader === null) return row;
    this.#blobs.overwriteHead(row.blob, fromBase64Url(row.redoHeader));
    const settled = { ...row, redoHeader: null };
    this.tables.files.put(settled);
    return settled;
  }

  #row(id: string): FileRow {
    const row = this.tables.files.get(id);
    if (row && this.folders.isReachable(row)) return row;
    throw new ValidationError("unknown_file", "There is no such file.", { hint: "See your files: nocturne files ls" });
  }

  #tell(change: FileChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** What was written down of a put. `dropped`: blobs that maybe no row names any more. */
interface Kept {
  readonly row: FileRow;
  readonly isNew: boolean;
  readonly dropped: readonly string[];
}

function keyCheckOf(fileKey: Uint8Array): string {
  return toBase64Url(deriveKey(fileKey, "key-check/v1", KEY_CHECK_BYTES));
}

/** Written in place, a longer header would destroy the beginning of the content. */
function headerGrew(): InternalError {
  return new InternalError("header_size", "The new header of this file does not fit in the place of the old one.");
}
