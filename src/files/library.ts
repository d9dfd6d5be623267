/**
 * The files of the vault's owner: streams in, sealed blobs on disk, rows in the vault.
 *
 *   put   source -> sealFile -> blobs/<id> -> row {id, name, bytes, cipher, blob, sealed password}
 *   open  row -> header of the blob -> file key -> plain stream
 *
 * Who holds the unlocked vault holds the recovery key, and with it every file, passworded or not: the recovery
 * slot is what makes a forgotten password recoverable. A file's password guards against somebody at the open
 * app and against whoever gets hold of the blob alone; it does not guard against the vault itself.
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
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import { abortable } from "./abortable.ts";
import type { BlobStore } from "./blob-store.ts";
import { cleanFileName } from "./file-name.ts";
import { checkFilePassword, openFilePassword, sealFilePassword } from "./file-password.ts";
import type { LinkStore } from "./link-store.ts";
import { type OpenedHeader, openContent, openHeader, sealFile } from "./sealed-file.ts";
import type { CipherSuite, FileView } from "./views.ts";

/** What a link needs in order to hand a file on: where its payload lies, and the key to it. */
export interface FileContent {
  readonly file: FileView;
  readonly suite: SealedSuite;
  readonly fileKey: Uint8Array;
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
  readonly password?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LibraryOptions {
  readonly vault: Vault;
  readonly blobs: BlobStore;
  /** Where the links of a file end when the file is removed. */
  readonly linkStore: LinkStore;
  readonly clock: Clock;
  readonly log: Logger;
}

interface FileRow {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly cipher: CipherSuite;
  readonly blob: string;
  /** base64url; tells the blob of this file from another one that was put in its place. */
  readonly keyCheck: string;
  /** base64url, under a key of the recovery key; null without a password. */
  readonly sealedPassword: string | null;
  /** base64url; a header that must still be written to the blob. */
  readonly redoHeader: string | null;
  readonly addedAt: string;
}

const FILES_SECRET = "files/v1";
const FILE_ID_BYTES = 8;
const KEY_CHECK_BYTES = 16;

export class FileLibrary {
  readonly #vault: Vault;
  readonly #blobs: BlobStore;
  readonly #linkStore: LinkStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #files: SealedTable<FileRow>;
  readonly #listeners = new Set<(change: FileChange) => void>();

  constructor({ vault, blobs, linkStore, clock, log }: LibraryOptions) {
    this.#vault = vault;
    this.#blobs = blobs;
    this.#linkStore = linkStore;
    this.#clock = clock;
    this.#log = log;
    this.#files = vault.table<FileRow>({ name: "files", key: (row) => row.id });
  }

  /**
   * Seals a stream into the library with bounded memory. If the source fails, the signal aborts, the vault is
   * locked meanwhile or the disk fills up, nothing is left. Throws ValidationError `bad_file_name`,
   * `bad_password`, `too_many_files`; InternalError `disk_full`; LockedError.
   */
  async put(source: AsyncIterable<Uint8Array>, options: PutFile): Promise<FileView> {
    const name = cleanFileName(options.name);
    const id = toHex(randomBytes(FILE_ID_BYTES));
    if (this.#files.count() >= FILE_LIMITS.files) throw tooManyFiles();
    const fileKey = randomBytes(32);
    try {
      const { slots, sealedPassword } = await this.#protect(id, fileKey, options.password);
      const { cipher, signal } = options;
      const counted = new CountedSource(this.#whileUnlocked(signal ? abortable(source, signal) : source));
      const view = await this.#blobs.write(sealFile(counted, { fileKey, suite: cipher, slots }), (blob) => {
        const row = { id, name, bytes: counted.bytes, cipher, blob: blob.id, keyCheck: keyCheckOf(fileKey) };
        return this.#add({ ...row, sealedPassword, redoHeader: null, addedAt: this.#now() });
      });
      this.#tell({ change: "added", id });
      return view;
    } finally {
      wipeBytes(fileKey);
    }
  }

  /** Newest first. */
  list(): FileView[] {
    return this.#files.list({ newestFirst: true }).map(viewOf);
  }

  /** Throws ValidationError `unknown_file`. */
  get(id: string): FileView {
    return viewOf(this.#row(id));
  }

  /** The file, or null when there is none. */
  find(id: string): FileView | null {
    const row = this.#files.get(id);
    return row && viewOf(row);
  }

  /**
   * The plain stream of a file. The header is authenticated before this returns, the content while it is read:
   * then damage throws CryptoError, and a lock of the vault LockedError. Throws ValidationError `unknown_file`,
   * `file_password_needed`; CryptoError for a wrong password.
   */
  async open(id: string, password?: string): Promise<AsyncIterable<Uint8Array>> {
    const { suite, fileKey, blob, contentOffset, contentBytes } = await this.content(id, password);
    const payload = this.#blobs.read(blob, contentOffset, contentOffset + contentBytes);
    return openContent(this.#whileUnlocked(payload), suite, fileKey);
  }

  /** Throws as `open` does, to tell a wrong password before anything is promised. */
  async check(id: string, password?: string): Promise<void> {
    wipeBytes((await this.content(id, password)).fileKey);
  }

  /** Key and place of a file's content; throws as `open` does. */
  async content(id: string, password?: string): Promise<FileContent> {
    const row = this.#settled(this.#row(id));
    if (row.sealedPassword !== null && password === undefined) throw passwordNeeded();
    const size = await this.#blobs.size(row.blob);
    const { header, fileKey } = await this.#openHeader(row, (slots) =>
      row.sealedPassword !== null && password !== undefined
        ? openWithPassword(slots, password)
        : openWithKey(slots, "recovery", this.#vault.secretFor(FILES_SECRET)),
    );
    const contentOffset = header.encoded.length;
    const place = { blob: row.blob, contentOffset, contentBytes: size - contentOffset };
    return { file: viewOf(row), suite: header.suite, fileKey, ...place };
  }

  /** Removes a file and ends its links. Throws ValidationError `unknown_file`. */
  async remove(id: string): Promise<void> {
    const { blob } = this.#row(id);
    this.#linkStore.removeOfBlob(blob); // first: a crash now must not leave a link to a file that is gone from the list
    this.#files.delete(id);
    this.#tell({ change: "removed", id });
    await this.#blobs.remove(blob);
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
    const { slots, sealedPassword } = await this.#protect(id, fileKey, next);
    const row = this.#row(id);
    // Somebody else changed it while this call was stretching passwords: then `current` is no longer right.
    if (row.sealedPassword !== before.sealedPassword) throw new CryptoError();
    const encoded = encodeSealedHeader({ ...header, slots }, fileKey);
    if (encoded.length !== header.encoded.length) throw headerGrew();
    const changed = { ...row, sealedPassword, redoHeader: toBase64Url(encoded) };
    this.#files.put(changed);
    this.#settled(changed);
    this.#tell({ change: "changed", id });
  }

  /** Repairs what a crash interrupted and deletes what it left behind. Call it after each unlock. */
  async sweep(): Promise<void> {
    const parts = await this.#blobs.sweepParts();
    const stored = await this.#blobs.list();
    const rows = this.#files.list();
    for (const row of rows) this.#settled(row);
    const known = new Set(rows.map((row) => row.blob));
    const forgotten = stored.filter((blob) => !known.has(blob));
    for (const blob of forgotten) {
      this.#linkStore.removeOfBlob(blob);
      await this.#blobs.remove(blob);
    }
    if (parts + forgotten.length > 0) this.#log.info({ parts, forgotten: forgotten.length }, "left-over blobs removed");
  }

  /** Calls `listener` after every change; returns how to stop that. */
  onChange(listener: (change: FileChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #add(row: FileRow): FileView {
    this.#files.put(row);
    return viewOf(row);
  }

  #now(): string {
    return new Date(this.#clock.nowMs()).toISOString();
  }

  async #protect(
    id: string,
    fileKey: Uint8Array,
    password: string | undefined,
  ): Promise<{ slots: KeySlot[]; sealedPassword: string | null }> {
    const secret = this.#vault.secretFor(FILES_SECRET);
    const recovery = sealWithKey("recovery", fileKey, secret);
    if (password === undefined) return { slots: [recovery], sealedPassword: null };
    checkFilePassword(password);
    const sealed = sealFilePassword(password, id, secret);
    return { slots: [recovery, await sealWithPassword(fileKey, password)], sealedPassword: toBase64Url(sealed) };
  }

  /** A lock must end what still holds a file's key, and an upload that could not be recorded any more. */
  async *#whileUnlocked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      if (this.#vault.locked) throw new LockedError();
      yield piece;
    }
  }

  async #openHeader(
    row: FileRow,
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
    this.#files.put(settled);
    return settled;
  }

  #row(id: string): FileRow {
    const row = this.#files.get(id);
    if (row) return row;
    throw new ValidationError("unknown_file", "There is no such file.", { hint: "See your files: nocturne files ls" });
  }

  #tell(change: FileChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** A source that remembers how many bytes went through it. */
class CountedSource implements AsyncIterable<Uint8Array> {
  bytes = 0;
  readonly #source: AsyncIterable<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#source) {
      this.bytes += piece.length;
      yield piece;
    }
  }
}

function viewOf(row: FileRow): FileView {
  const { id, name, bytes, cipher, addedAt } = row;
  return { id, name, bytes, cipher, storage: "local", hasPassword: row.sealedPassword !== null, addedAt };
}

function keyCheckOf(fileKey: Uint8Array): string {
  return toBase64Url(deriveKey(fileKey, "key-check/v1", KEY_CHECK_BYTES));
}

function passwordNeeded(): ValidationError {
  return new ValidationError("file_password_needed", "This file has a password of its own.", {
    hint: "Give its password; if you forgot it: nocturne files recover ID",
  });
}

function noPassword(): ValidationError {
  return new ValidationError("file_has_no_password", "This file has no password of its own.", {
    hint: "It opens without one.",
  });
}

/** Written in place, a longer header would destroy the beginning of the content. */
function headerGrew(): InternalError {
  return new InternalError("header_size", "The new header of this file does not fit in the place of the old one.");
}

function tooManyFiles(): ValidationError {
  return new ValidationError("too_many_files", `The library holds ${FILE_LIMITS.files} files and takes no more.`, {
    hint: "Remove files that you no longer need.",
  });
}
