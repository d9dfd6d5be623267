/**
 * Small files that must be there whole after a crash: the vault's header and its key file.
 *
 *   write    name.<random>.tmp (0600) -> fsync -> rename over name -> fsync of the folder
 *   destroy  overwrite with random bytes -> fsync -> unlink -> fsync of the folder
 *
 * Until the rename the former file stands, so a full disk or a power cut changes nothing. The calls are
 * synchronous: the files are tiny, and no other step of this process may come between them.
 */

import { chmodSync, closeSync, fchmodSync, fstatSync, fsyncSync, openSync, readFileSync } from "node:fs";
import { renameSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { toHex } from "../core/bytes.ts";
import { isSystemError, toNocturneError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";

/** Owner reads and writes, nobody else does anything. */
export const PRIVATE_FILE_MODE = 0o600;
export const TEMPORARY_SUFFIX = ".tmp";

const TEMPORARY_ID_BYTES = 8;

/** A name beside `path` that nobody uses; left-overs of a crash are found by their suffix. */
export function temporaryPath(path: string): string {
  return `${path}.${toHex(randomBytes(TEMPORARY_ID_BYTES))}${TEMPORARY_SUFFIX}`;
}

/** Makes the file, 0600 whatever the umask. Throws a system error `EEXIST` if something has that name. */
export function createPrivateFile(path: string, bytes: Uint8Array = new Uint8Array(0)): void {
  const file = openSync(path, "wx", PRIVATE_FILE_MODE);
  try {
    fchmodSync(file, PRIVATE_FILE_MODE);
    writeAll(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Makes the file, 0600, before SQLite does, whose side files copy that mode; one that is there gets it. It is not opened: closing it would
 * drop the locks of other connections of this process (POSIX). Throws InternalError.
 */
export function createDatabaseFile(path: string): void {
  try {
    createPrivateFile(path);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw toNocturneError(error);
    chmodSync(path, PRIVATE_FILE_MODE);
  }
}

/** Replaces the file by `bytes`, wholly or not at all. Throws InternalError, `disk_full` among others. */
export function writeFileDurably(path: string, bytes: Uint8Array): void {
  const temporary = temporaryPath(path);
  try {
    createPrivateFile(temporary, bytes);
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw toNocturneError(error);
  }
}

/** The file's bytes; null if there is none. */
export function readFileIfPresent(path: string): Uint8Array | null {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return null;
    throw toNocturneError(error);
  }
}

/**
 * Overwrites a file that held a key and unlinks it; nothing happens if there is none. On flash disks and
 * copy-on-write file systems the old blocks may live on: this makes finding them hard, not impossible.
 */
export function destroyFile(path: string): void {
  try {
    overwrite(path);
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return;
    // A file that cannot be overwritten (a full copy-on-write disk) must still go.
  }
  unlinkSync(path);
  syncDirectory(dirname(path));
}

/** Makes names in a folder durable: a rename or unlink is otherwise only in memory. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function overwrite(path: string): void {
  const file = openSync(path, "r+");
  try {
    writeAll(file, randomBytes(fstatSync(file).size));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(file, bytes, written, bytes.length - written, written);
  }
}
