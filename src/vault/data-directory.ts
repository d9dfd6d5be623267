/**
 * The folder of one identity and the names in it.
 *
 *   vault.json   header: which slots open the vault          vault.wipe  a wipe has begun; finish it
 *   vault.key    key of the key-file slot, if there is one   blobs/      sealed files
 *   vault.db     sealed rows (+ -wal)                        links.db    public side of share links
 *   relay/       what the embedded relay holds for others    tor/        what Tor remembers: its guards
 *   mesh/        fragments of others, and ledgers of what was signed in the storage mesh
 *
 * The folder is 0700 and every file 0600, whatever the umask. The lock of the folder is SQLite's
 * exclusive lock on vault.db, which the system frees when the process ends, however it ends.
 */

import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { CodecError, type ErrorOptions, toNocturneError, ValidationError } from "../core/errors.ts";
import { PRIVATE_FILE_MODE, TEMPORARY_SUFFIX } from "./durable-file.ts";

export const HEADER_FILE = "vault.json";
export const KEY_FILE = "vault.key";
export const DATABASE_FILE = "vault.db";
export const WIPE_MARKER = "vault.wipe";
export const BLOB_FOLDER = "blobs";

/** What a wipe removes after the keys: everything Nocturne makes, and nothing that it did not. */
export const WIPED_NAMES: readonly string[] = [
  BLOB_FOLDER,
  "relay",
  "tor",
  "mesh",
  ...["links.db", DATABASE_FILE].flatMap((name) => [name, `${name}-wal`, `${name}-shm`, `${name}-journal`]),
];

export const PRIVATE_DIRECTORY_MODE = 0o700;
const STICKY_BIT = 0o1000;

/**
 * Makes the folder if needed and closes it to other users. Throws ValidationError `shared_directory` for
 * a folder such as /tmp, which must stay open to others (a fresh tmpfs looks like one, but is empty).
 */
export function prepareDataDirectory(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
    const shared = (statSync(dataDir).mode & STICKY_BIT) !== 0 && readdirSync(dataDir).length > 0;
    if (!shared) chmodSync(dataDir, PRIVATE_DIRECTORY_MODE);
    else throw sharedDirectory();
  } catch (error) {
    throw toNocturneError(error);
  }
}

/** Gives files that were copied here with open permissions back to their owner alone. */
export function closeFilePermissions(dataDir: string): void {
  for (const name of [HEADER_FILE, KEY_FILE, DATABASE_FILE, `${DATABASE_FILE}-wal`]) {
    const path = join(dataDir, name);
    if (existsSync(path)) chmodSync(path, PRIVATE_FILE_MODE);
  }
}

/** Removes what a crash left half-written. Call it only while holding the folder's lock. */
export function sweepTemporaryFiles(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    const ours = name.startsWith("vault.") && name.endsWith(TEMPORARY_SUFFIX);
    if (ours) rmSync(join(dataDir, name), { force: true });
  }
}

/** CodecError `vault_corrupt`: something of the vault is missing or damaged. Nothing is repaired by guessing. */
export function vaultCorrupt(what: string, options: ErrorOptions = {}): CodecError {
  return new CodecError("vault_corrupt", `The vault cannot be opened: ${what}`, {
    hint: "Nothing was changed. Restore a backup into another data directory: nocturne restore PATH --data-dir DIR",
    ...options,
  });
}

function sharedDirectory(): ValidationError {
  return new ValidationError("shared_directory", "This folder is shared by all users of this machine.", {
    hint: "Choose a folder of your own with --data-dir.",
  });
}
