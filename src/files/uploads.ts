/**
 * Uploads in several calls, which may be days and restarts apart.
 *
 *   begin -> append, append ... -> all bytes are there -> a file of the library
 *
 * No chunk is ever sealed twice under one key and nonce with what may be another content: two such ciphertexts give away
 * the XOR of their plaintexts and the key that authenticates them. So the sealer's state never leaves the memory:
 *
 *   the process lives        one stream, sealed once; a call that breaks off only pauses it (`live-upload.ts`)
 *   it died, was locked, or  what lies whole and authentic on the disk is opened and sealed anew under a FRESH key into
 *   has too many of them     a new part; the old one goes only when all that was read from it lies in the new one, on the
 *                            disk: what a sealer still holds does not count, so that no number of deaths loses more
 *
 * The offset that a client is told is therefore not a promise for after a restart: a client asks before it goes on, and
 * keeps its bytes until the file is there. An upload that ended is remembered for a day: who lost the answer asks again.
 */
import { fromBase64Url, toBase64Url, wipeBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { InternalError, LockedError, ValidationError } from "../core/errors.ts";
import { UPLOAD_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { randomBytes } from "../core/random.ts";
import type { SealedTable } from "../vault/sealed-table.ts";
import type { Vault } from "../vault/vault.ts";
import { type BlobStore, newBlobId } from "./blob-store.ts";
import { checkFilePassword } from "./file-password.ts";
import type { FileTables } from "./file-tables.ts";
import { type Folders, newId, TOP } from "./folders.ts";
import { diskFull } from "./library-errors.ts";
import { LiveUpload, UploadOffsetError } from "./live-upload.ts";
import { openedBytes, openPrefix, prefixBytes } from "./sealed-prefix.ts";
import { Watermark } from "./sealing.ts";
import type { CipherSuite, FileView, UploadView } from "./views.ts";

export interface NewUpload {
  readonly name: string;
  readonly bytes: number;
  readonly cipher: CipherSuite;
  readonly password?: string | undefined;
  /** An id or a path; the top when nothing is said. */
  readonly folder?: string | undefined;
  readonly taken?: "version" | "rename" | undefined;
  /** Kept in the mesh, too, once it is a file. */
  readonly mesh?: boolean | undefined;
  /** By what the client knows its file again: another one under the same name has another. */
  readonly fingerprint: string;
  /** It comes out of a message and is fetched by this node, which goes on with it by itself: no client is told of it. */
  readonly fromMessage?: boolean | undefined;
}

/** Where an ended upload goes, and how it is sealed; asked for when all its bytes are there. */
export interface Landing {
  readonly name: string;
  readonly folder: string;
  readonly taken: "version" | "rename";
  readonly cipher: CipherSuite;
  readonly password: string | undefined;
  readonly mesh?: boolean | undefined;
}

interface UploadRow extends Landing {
  readonly id: string;
  readonly bytes: number;
  readonly fingerprint: string;
  readonly fromMessage?: boolean | undefined;
  /** Until it ended; empty without one. */
  readonly password: string;
  readonly hasPassword: boolean;
  /** The part that holds what came so far, and its key (base64url); null before the first byte. */
  readonly part: { readonly blob: string; readonly fileKey: string } | null;
  /** When something last came. */
  readonly touchedMs: number;
  readonly createdMs: number;
  /** The id of the file that it became, and when; null before. */
  readonly file: string | null;
}

export interface UploadsOptions {
  readonly vault: Vault;
  readonly tables: FileTables;
  readonly folders: Folders;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** The file, if it can be reached. */
  readonly find: (id: string) => FileView | null;
  /** Where a file may come, cleaned and looked up; throws what `FileLibrary.put` throws of places. */
  readonly admit: (wanted: Pick<NewUpload, "name" | "folder" | "taken" | "mesh">) => { name: string; folder: string };
  /** Seals a stream into the blob of this name; `also` runs in the transaction that writes the file down. */
  readonly seal: (
    source: AsyncIterable<Uint8Array>,
    into: {
      readonly blob: string;
      readonly fileKey: Uint8Array;
      readonly landing: () => Landing;
      readonly watermark: Watermark;
    },
    also: (fileId: string) => void,
  ) => Promise<FileView>;
}

/** No password; a file's own is never empty. */
const NONE = "";
/** A row is written for a sign of life at most so often. */
const TOUCH_MS = 3_600_000; // 1 h

export class Uploads {
  readonly #o: UploadsOptions;
  readonly #rows: SealedTable<UploadRow>;
  readonly #live = new Map<string, LiveUpload>();
  /** Streams that were stopped, while something is still on its way to their parts. */
  readonly #ending = new Map<string, Promise<unknown>>();

  constructor(options: UploadsOptions) {
    this.#o = options;
    // In a backup they would be rows without their parts.
    const indexes = { unsaved: () => "yes" };
    this.#rows = options.vault.table<UploadRow>({ name: "uploads", key: (row) => row.id, indexes });
    options.vault.on("locked", () => this.#stop(new LockedError()));
  }

  /**
   * A new upload, or the unfinished one of the same file to the same place that nobody is sending at the moment. Throws
   * ValidationError `bad_file_name`, `bad_password`, `bad_upload`, `too_many_files`, `too_many_uploads`,
   * `unknown_folder`, `name_taken` (by a folder); PolicyError `mesh_off`; InternalError `disk_full` when the disk has no room for it.
   */
  async begin(wanted: NewUpload): Promise<UploadView> {
    const row = this.#newRow(wanted);
    const same = this.#unfinished().find((one) => isSame(one, row) && !this.#live.get(one.id)?.isReceiving);
    if (same) return this.view(same.id);
    const alike = this.#unfinished().filter(({ fromMessage = false }) => fromMessage === (wanted.fromMessage ?? false));
    if (alike.length >= UPLOAD_LIMITS.unfinished) throw tooMany();
    if (this.#o.blobs.freeBytes() < row.bytes) throw diskFull();
    this.#rows.put(row);
    return this.#viewOf(row);
  }

  /** Those of clients that have not ended, the oldest first. */
  list(): Promise<UploadView[]> {
    const told = this.#unfinished().filter(({ fromMessage = false }) => !fromMessage);
    return Promise.all(told.map((row) => this.#viewOf(row)));
  }

  /** Throws ValidationError `unknown_upload`. */
  view(id: string): Promise<UploadView> {
    return this.#viewOf(this.#row(id));
  }

  /**
   * Takes the bytes from `offset` on, as many as come; the last of all makes the file. A later call for the same upload
   * takes over from an earlier one, whose connection may be dead. Throws ValidationError `unknown_upload`,
   * `upload_too_long`, `upload_taken_over`; UploadOffsetError when something else is to come next; what
   * `FileLibrary.put` throws; and what `body` throws. What came before that is kept.
   */
  async append(id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<UploadView> {
    const row = this.#row(id);
    if (row.file !== null && offset !== row.bytes) throw new UploadOffsetError(row.bytes);
    if (row.file === null) await this.#liveOf(row).take(offset, body);
    return this.view(id);
  }

  /** Gives it up: what came of it goes. Throws ValidationError `unknown_upload`. */
  async remove(id: string): Promise<void> {
    this.#row(id);
    await this.#drop(id);
  }

  /** Also of one that ended, whose file may have gone since. */
  async #drop(id: string): Promise<void> {
    const live = this.#live.get(id);
    live?.stop(givenUp());
    await live?.done.catch(() => undefined);
    // Read again: that it ended, or that its part is a new one, may have been written down just before.
    const row = this.#rows.get(id);
    this.#rows.delete(id);
    if (row?.part && row.file === null) await this.#o.blobs.removePart(row.part.blob);
  }

  /** Bytes on the disk of uploads that have not ended. */
  storedBytes(): number {
    return this.#unfinished().reduce((sum, { part }) => sum + (part ? this.#o.blobs.partBytes(part.blob) : 0), 0);
  }

  /** The blobs that hold unfinished uploads. */
  blobs(): Set<string> {
    return new Set(this.#unfinished().flatMap(({ part }) => (part ? [part.blob] : [])));
  }

  /** Gives up those to which nothing came for seven days, and forgets those that ended a day ago. */
  async expire(): Promise<void> {
    const now = this.#o.clock.nowMs();
    const rows = this.#rows.list();
    const ended = rows.filter(({ file }) => file !== null);
    const surplus = new Set(ended.slice(0, Math.max(0, ended.length - UPLOAD_LIMITS.ended)).map(({ id }) => id));
    for (const { id, touchedMs, file } of rows) {
      const keptMs = file === null ? UPLOAD_LIMITS.keptMs : UPLOAD_LIMITS.endedMs;
      const isOld = touchedMs + keptMs <= now && !this.#live.get(id)?.isReceiving;
      if (isOld || surplus.has(id)) await this.#drop(id);
    }
  }

  #newRow({
    name,
    bytes,
    cipher,
    password = NONE,
    folder,
    taken = "rename",
    mesh = false,
    fingerprint,
    fromMessage,
  }: NewUpload): UploadRow {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw badUpload("its size is not a number of bytes");
    if (fingerprint.length > UPLOAD_LIMITS.fingerprintCharacters) throw badUpload("its fingerprint is too long");
    if (password !== NONE) checkFilePassword(password);
    const place = this.#o.admit({ name, folder, taken, mesh });
    const now = this.#o.clock.nowMs();
    const times = { createdMs: now, touchedMs: now };
    const secret = { password, hasPassword: password !== NONE };
    return {
      id: newId(),
      ...place,
      taken,
      mesh,
      bytes,
      cipher,
      ...secret,
      fingerprint,
      fromMessage,
      part: null,
      ...times,
      file: null,
    };
  }

  #unfinished(): UploadRow[] {
    return this.#rows.list().filter(({ file }) => file === null);
  }

  #row(id: string): UploadRow {
    const row = this.#rows.get(id);
    if (row && (row.file === null || this.#o.find(row.file))) return row;
    throw unknownUpload();
  }

  async #viewOf(row: UploadRow): Promise<UploadView> {
    const { id, name, bytes, folder, cipher, fingerprint, createdMs, touchedMs, file } = row;
    const offset = file === null ? await this.#offsetOf(row) : bytes;
    const keptMs = file === null ? UPLOAD_LIMITS.keptMs : UPLOAD_LIMITS.endedMs;
    return {
      id,
      name,
      bytes,
      offset,
      folder: folder === TOP ? null : folder,
      cipher,
      hasPassword: row.hasPassword,
      fingerprint,
      createdAt: new Date(createdMs).toISOString(),
      expiresAt: new Date(touchedMs + keptMs).toISOString(),
      file: file === null ? null : this.#o.find(file),
    };
  }

  /** Of one that does not live in this process, what its part holds if it is undamaged: going on will show. */
  async #offsetOf({ id, bytes, part }: UploadRow): Promise<number> {
    const live = this.#live.get(id);
    if (live?.isReady) return live.offset;
    if (part === null) return 0;
    await this.#ending.get(id);
    const { blobs } = this.#o;
    return Math.min(bytes, await prefixBytes(blobs.readPart(part.blob), blobs.partBytes(part.blob)));
  }

  #liveOf(row: UploadRow): LiveUpload {
    this.#touch(row);
    const known = this.#live.get(row.id);
    if (known) {
      this.#live.delete(row.id); // to the end of the order
      this.#live.set(row.id, known);
      return known;
    }
    this.#parkIdle();
    const live = this.#start(row);
    this.#live.set(row.id, live);
    const forget = (): boolean => this.#live.get(row.id) === live && this.#live.delete(row.id);
    live.done.then(forget, forget);
    return live;
  }

  /** Makes room for one more sealer in memory: the one that has waited longest ends, as if the process had. */
  #parkIdle(): void {
    if (this.#live.size < UPLOAD_LIMITS.live) return;
    const [id, idle] = [...this.#live].find(([, live]) => !live.isReceiving) ?? [];
    if (id === undefined || !idle) return;
    this.#end(id, idle, parked());
  }

  #end(id: string, live: LiveUpload, error: Error): void {
    this.#live.delete(id);
    live.stop(error);
    const settled: Promise<unknown> = live.done
      .catch(() => undefined)
      .then(() => this.#ending.get(id) === settled && this.#ending.delete(id));
    this.#ending.set(id, settled);
  }

  /** What the old part holds, sealed anew, and then what comes; from then on the row names the new part. */
  #start(row: UploadRow): LiveUpload {
    const { blobs, seal, log } = this.#o;
    const { id, bytes, cipher, part: old } = row;
    const fileKey = randomBytes(32);
    const part = { blob: newBlobId(), fileKey: toBase64Url(fileKey) };
    const ending = this.#ending.get(id);
    const survivors = async function* (): AsyncGenerator<Uint8Array> {
      await ending;
      if (old === null) return;
      const key = fromBase64Url(old.fileKey);
      try {
        yield* openPrefix(blobs.readPart(old.blob), key);
      } finally {
        wipeBytes(key);
      }
    };
    const watermark = new Watermark();
    let isAdopted = false;
    const adopt = async (survived: number): Promise<boolean> => {
      if (openedBytes(cipher, await watermark.writtenBytes()) < survived) return false;
      if (survived > 0) await blobs.syncPart(part.blob);
      // It may have been stopped meanwhile, and another one be going on with the old part.
      if (this.#live.get(id) !== live) throw parked();
      this.#requireHeld(id, old?.blob);
      this.#change(id, { part });
      isAdopted = true;
      if (old) await blobs.removePart(old.blob);
      if (old) log.info({ survived }, "an interrupted upload goes on");
      return true;
    };
    const landing = (): Landing => this.#landing(id);
    const ended = (file: string): void => {
      this.#requireHeld(id, isAdopted ? part.blob : old?.blob);
      this.#change(id, { file, part: null, password: NONE, touchedMs: this.#o.clock.nowMs() });
    };
    const write = async (source: AsyncIterable<Uint8Array>): Promise<FileView> => {
      try {
        const file = await seal(source, { blob: part.blob, fileKey, landing, watermark }, ended);
        // The file is there, whatever becomes of this one; a later sweep finds it.
        if (old && !isAdopted) await blobs.removePart(old.blob).catch(() => undefined);
        return file;
      } catch (error) {
        if (!this.#names(id, part.blob)) await blobs.removePart(part.blob);
        throw error;
      }
    };
    const live = new LiveUpload({ bytes, survivors: survivors(), adopt, write });
    return live;
  }

  /** An earlier stream that a lock stopped too late may have ended the upload: then its part is the file. */
  #requireHeld(id: string, blob: string | undefined): void {
    const { file, part } = this.#row(id);
    if (file !== null || part?.blob !== blob) throw parked();
  }

  /** Whether what was written is needed: not when the upload was given up, or this part never took over. */
  #names(id: string, blob: string): boolean {
    if (this.#o.vault.locked) return true; // a later sweep knows
    return this.#rows.get(id)?.part?.blob === blob || this.#o.tables.isNamed(blob);
  }

  /** Where it was to go; at the top, beside what is there, if that place has gone meanwhile: the bytes shall not be lost. */
  #landing(id: string): Landing {
    const { tables, folders } = this.#o;
    const row = this.#row(id);
    const { name, folder, cipher, taken, mesh } = row;
    const password = row.password === NONE ? undefined : row.password;
    const isThere = folders.isReachable({ folder, trashedAt: null });
    const isFree = taken === "rename" || !tables.folderAt(folder, name);
    if (isThere && isFree) return { name, folder, cipher, password, taken, mesh };
    return { name, folder: isThere ? folder : TOP, cipher, password, taken: "rename", mesh };
  }

  #touch({ id, touchedMs }: UploadRow): void {
    const now = this.#o.clock.nowMs();
    if (now - touchedMs >= TOUCH_MS) this.#change(id, { touchedMs: now });
  }

  #change(id: string, patch: Partial<UploadRow>): void {
    const row = this.#rows.get(id);
    if (!row) throw givenUp();
    this.#rows.put({ ...row, ...patch });
  }

  #stop(error: Error): void {
    for (const [id, live] of this.#live) this.#end(id, live, error);
  }
}

function isSame(a: UploadRow, b: UploadRow): boolean {
  const fields = ["name", "folder", "bytes", "cipher", "taken", "password", "fingerprint"] as const;
  return fields.every((field) => a[field] === b[field]) && (a.mesh ?? false) === (b.mesh ?? false);
}

function unknownUpload(): ValidationError {
  return new ValidationError("unknown_upload", "There is no such upload; it may have expired.", {
    hint: "Start it again.",
  });
}

function givenUp(): ValidationError {
  return new ValidationError("unknown_upload", "This upload was given up.", { hint: "Start it again." });
}

function parked(): InternalError {
  return new InternalError("upload_parked", "This upload waited while others came.", { hint: "Send the rest again." });
}

function badUpload(reason: string): ValidationError {
  return new ValidationError("bad_upload", `This upload cannot begin: ${reason}.`, {
    hint: "See /api/openapi.json for what this call takes.",
  });
}

function tooMany(): ValidationError {
  return new ValidationError("too_many_uploads", `${UPLOAD_LIMITS.unfinished} uploads wait to be continued.`, {
    hint: "Continue some, or give them up: nocturne files uploads",
  });
}
