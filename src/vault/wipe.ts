/**
 * Destroying an identity on this machine: keys first, because without them everything else is noise.
 *
 *   mark (vault.wipe) -> overwrite and unlink vault.json, vault.key -> remove files -> unmark
 *
 * The mark makes the next start finish what a power cut interrupted, instead of calling it a damaged vault.
 */

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CodecError, toNocturneError } from "../core/errors.ts";
import { DATABASE_FILE, HEADER_FILE, KEY_FILE, WIPE_MARKER, WIPED_NAMES } from "./data-directory.ts";
import { Database } from "./database.ts";
import { destroyFile, syncDirectory, writeFileDurably } from "./durable-file.ts";

/**
 * Wipes a folder whose vault nobody has open, sound or damaged, whole or half wiped; needs no key.
 * Throws ValidationError `vault_in_use`.
 */
export function wipeDataDirectory(dataDir: string): void {
  const database = lockIfPossible(join(dataDir, DATABASE_FILE));
  try {
    wipeFiles(dataDir);
  } finally {
    database?.close();
  }
  removeWipeMark(dataDir);
}

/** Removes what Nocturne keeps in the folder and leaves what it does not know. Call it while holding the lock. */
export function wipeFiles(dataDir: string): void {
  try {
    writeMarkIfPossible(dataDir);
    destroyFile(join(dataDir, HEADER_FILE));
    destroyFile(join(dataDir, KEY_FILE));
    for (const name of WIPED_NAMES) rmSync(join(dataDir, name), { recursive: true, force: true });
    syncDirectory(dataDir);
  } catch (error) {
    throw toNocturneError(error);
  }
}

/** The last step, after the lock was freed. */
export function removeWipeMark(dataDir: string): void {
  rmSync(join(dataDir, WIPE_MARKER), { force: true });
  syncDirectory(dataDir);
}

export function isWipeUnfinished(dataDir: string): boolean {
  return existsSync(join(dataDir, WIPE_MARKER));
}

// A full disk must not save the keys: without the mark an interrupted wipe only looks worse at the next start.
function writeMarkIfPossible(dataDir: string): void {
  try {
    writeFileDurably(join(dataDir, WIPE_MARKER), new Uint8Array(0));
  } catch {
    return;
  }
}

/** Null without a database or with one that is damaged beyond locking. */
function lockIfPossible(path: string): Database | null {
  if (!existsSync(path)) return null;
  try {
    return new Database(path);
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}
