/**
 * A backup becomes a data directory again, wholly or not at all.
 *
 *   sealed stream -> <data directory>.restoring/ (0700) -> the vault in it opens -> rename
 *
 * Until the rename nothing is where a vault is looked for. A cut or altered backup is refused by the payload's
 * seal; the archive's names are checked all the same, because whoever holds a backup's passphrase can seal any
 * archive.
 */

import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Extract, extract, type Header } from "tar-stream";
import { concatBytes, wipeBytes } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { CodecError, isSystemError, NocturneError, toNocturneError, ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { PayloadOpener } from "../crypto/payload.ts";
import { type DecodedHeader, decodeSealedHeader } from "../crypto/sealed-header.ts";
import { hasPassphrase, openByPassphrase, openByRecoveryKey } from "./access.ts";
import { BACKUP_CONTEXT, BLOB_NAME, deriveBackupKey } from "./backup.ts";
import {
  BLOB_FOLDER,
  DATABASE_FILE,
  HEADER_FILE,
  prepareDataDirectory,
  PRIVATE_DIRECTORY_MODE,
} from "./data-directory.ts";
import { PRIVATE_FILE_MODE, syncDirectory } from "./durable-file.ts";
import { openVault } from "./vault.ts";

export interface RestoreOptions {
  /** The bytes of a backup, in pieces of any size. */
  readonly source: AsyncIterable<Uint8Array>;
  /** Must not exist, or be empty. */
  readonly dataDir: string;
  /** Opens the backup. The restored vault is then opened by `secret`, or by a key file if there is none. */
  readonly recoveryKey?: Uint8Array;
  /** The passphrase. Without a recovery key it opens the backup, and the restored vault as before. */
  readonly secret?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A restored vault that was seen to open, not yet where it belongs. One of the two must be called. */
export interface StagedBackup {
  /** Puts it in place. Throws ValidationError `data_dir_not_empty`, `data_dir_fixed`. */
  place(): void;
  discard(): void;
}

/**
 * Restores a backup into a new or empty data directory; a failure leaves it as it was.
 * Throws CryptoError for a wrong key or passphrase and for a cut or altered backup; CodecError `bad_backup` for what
 * is no backup; ValidationError `recovery_key_needed`, `data_dir_not_empty`, `data_dir_fixed`; InternalError `disk_full`.
 */
export async function restoreBackup(options: RestoreOptions): Promise<void> {
  requireEmpty(options.dataDir);
  (await stageBackup(options)).place();
}

/**
 * The first half of `restoreBackup`, for a node that gives up a vault of its own only when the backup is known to be
 * good: the data directory must be empty only when `place` is called.
 */
export async function stageBackup(options: RestoreOptions): Promise<StagedBackup> {
  const target = existsSync(options.dataDir) ? realpathSync(options.dataDir) : resolve(options.dataDir);
  const stage = `${target}.restoring`;
  const discard = (): void => rmSync(stage, { recursive: true, force: true });
  try {
    discard(); // left by a crash
    prepareDataDirectory(stage);
    await unpack(openBackup(options), stage);
    await proveThatItOpens(options, stage);
  } catch (error) {
    discard();
    throw toNocturneError(error);
  }
  return { place: () => place(stage, target, discard), discard };
}

/** The archive inside the backup. Its end counts: only a stream that ends without an error was whole. */
async function* openBackup(options: RestoreOptions): AsyncGenerator<Uint8Array> {
  const source = options.source[Symbol.asyncIterator]();
  try {
    const head = await readHead(source);
    const header = decodeBackupHeader(head);
    const vaultKey = await openHeader(header, options);
    const opener = new PayloadOpener(deriveBackupKey(vaultKey), BACKUP_CONTEXT);
    wipeBytes(vaultKey);
    yield opener.update(head.subarray(header.encoded.length));
    for (let next = await source.next(); !next.done; next = await source.next()) yield opener.update(next.value);
    yield opener.finish();
  } finally {
    await source.return?.();
  }
}

/** As much of the stream as the largest header takes, or all of a shorter stream. */
async function readHead(source: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let bytes = 0; bytes < FILE_LIMITS.headerBytes; ) {
    const { done, value } = await source.next();
    if (done) break;
    pieces.push(value);
    bytes += value.length;
  }
  return concatBytes(...pieces);
}

function decodeBackupHeader(head: Uint8Array): DecodedHeader {
  const header = orBadBackup("it does not start like one", () => decodeSealedHeader(head));
  if (header.purpose !== "backup") throw badBackup("it is another sealed file");
  return header;
}

function openHeader(header: DecodedHeader, { recoveryKey, secret }: RestoreOptions): Promise<Uint8Array> | Uint8Array {
  if (recoveryKey) return openByRecoveryKey(header, recoveryKey);
  if (secret !== undefined && hasPassphrase(header.slots)) return openByPassphrase(header, secret);
  throw new ValidationError("recovery_key_needed", "This backup opens with its recovery key only.", {
    hint: "Give the recovery key, as 64 characters or 24 words.",
  });
}

async function unpack(archive: AsyncGenerator<Uint8Array>, stage: string): Promise<void> {
  mkdirSync(join(stage, BLOB_FOLDER), { mode: PRIVATE_DIRECTORY_MODE });
  const entries = extract();
  const failures: unknown[] = [];
  const reading = writeEntries(entries, stage).catch((error: Error) => {
    failures.push(error);
    entries.destroy(error);
  });
  // Both are awaited whatever happens: nothing may still be writing when the stage is removed.
  const feeding = pipeline(Readable.from(archive), entries).catch((error) => failures.push(error));
  await Promise.all([reading, feeding]);
  if (failures.length > 0) throw reasonOf(failures);
  for (const folder of [join(stage, BLOB_FOLDER), stage]) syncDirectory(folder);
}

async function writeEntries(entries: Extract, stage: string): Promise<void> {
  for await (const entry of entries) {
    refuseForeign(entry.header);
    // "wx": a name that comes twice is refused, and nothing is ever written through a link.
    await using file = await open(join(stage, entry.header.name), "wx", PRIVATE_FILE_MODE);
    await file.chmod(PRIVATE_FILE_MODE);
    await writeFile(file, entry as AsyncIterable<Uint8Array>);
    await file.sync();
  }
  const isWhole = [HEADER_FILE, DATABASE_FILE].every((name) => existsSync(join(stage, name)));
  if (!isWhole) throw badBackup("a part of it is missing");
}

/** Only what a backup is made of: no paths that lead elsewhere, no links, no folders. */
function refuseForeign({ name, type }: Header): void {
  const [folder, blob, ...rest] = name.split("/");
  const isBlob = folder === BLOB_FOLDER && blob !== undefined && BLOB_NAME.test(blob) && rest.length === 0;
  const isKnown = name === HEADER_FILE || name === DATABASE_FILE || isBlob;
  if (type !== "file" || !isKnown) throw badBackup("it holds something that does not belong there");
}

/** One failure makes the other side fail too, often with less to say. */
function reasonOf(failures: readonly unknown[]): unknown {
  const known = failures.find((error) => error instanceof NocturneError);
  if (known) return known;
  const system = failures.find((error) => isSystemError(error) && error.code !== "ERR_STREAM_PREMATURE_CLOSE");
  if (!system) return badBackup("its archive is damaged", failures[0]);
  return (system as { code: string }).code === "EEXIST" ? badBackup("a part comes twice", system) : system;
}

async function proveThatItOpens({ secret, recoveryKey, clock, log }: RestoreOptions, stage: string): Promise<void> {
  const ways = { ...(secret === undefined ? {} : { secret }), ...(recoveryKey ? { recoveryKey } : {}) };
  const vault = await openVault({ dataDir: stage, clock, log, ...ways });
  vault.close();
}

function place(stage: string, target: string, discard: () => void): void {
  try {
    requireEmpty(target);
    renameSync(stage, target); // replaces an empty folder, and no other
    syncDirectory(dirname(target));
  } catch (error) {
    discard();
    if (isSystemError(error) && FIXED_CODES.has(error.code)) throw fixedDirectory(error);
    throw toNocturneError(error);
  }
}

// How rename refuses a mount point or a folder whose parent is not ours.
const FIXED_CODES: ReadonlySet<string> = new Set(["EBUSY", "EXDEV", "EPERM"]);

function requireEmpty(dataDir: string): void {
  if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return;
  throw new ValidationError("data_dir_not_empty", "The data directory is not empty, so nothing was restored.", {
    hint: "Choose a new folder with --data-dir.",
  });
}

function fixedDirectory(cause: unknown): ValidationError {
  return new ValidationError("data_dir_fixed", "This data directory cannot be replaced; it may be a mount point.", {
    hint: "Choose a folder inside it with --data-dir.",
    cause,
  });
}

function orBadBackup<T>(reason: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw badBackup(reason, cause);
  }
}

function badBackup(reason: string, cause?: unknown): CodecError {
  return new CodecError("bad_backup", `This is not a usable Nocturne backup: ${reason}.`, {
    hint: "Choose a file that nocturne backup has made.",
    cause,
  });
}
