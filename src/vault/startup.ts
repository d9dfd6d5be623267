/**
 * Taking hold of a data directory: is it locked, new, whole, or damaged? Decided before anything is written.
 *
 *   vault.json  vault.db             meaning
 *   -           -                    first start
 *   -           not marked complete  a first start that was interrupted: nobody has seen its identity; begin anew
 *   whole       whole                a vault
 *   anything else                    damaged: say so and touch nothing
 */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { isSystemError, toNocturneError } from "../core/errors.ts";
import type { DecodedHeader } from "../crypto/sealed-header.ts";
import {
  closeFilePermissions,
  DATABASE_FILE,
  HEADER_FILE,
  KEY_FILE,
  prepareDataDirectory,
  sweepTemporaryFiles,
  vaultCorrupt,
} from "./data-directory.ts";
import { Database } from "./database.ts";
import { createPrivateFile } from "./durable-file.ts";
import { readVaultFile } from "./vault-file.ts";
import { isWipeUnfinished, wipeDataDirectory } from "./wipe.ts";

/** The directory's lock is held through `database`; `header` is null at a first start. */
export interface ClaimedDirectory {
  readonly database: Database;
  readonly header: DecodedHeader | null;
}

/**
 * Throws ValidationError `vault_in_use`, `vault_newer`, `shared_directory`; CodecError `vault_corrupt`; InternalError
 * of the file system.
 */
export function claimDataDirectory(dataDir: string): ClaimedDirectory {
  prepareDataDirectory(dataDir);
  if (isWipeUnfinished(dataDir)) wipeDataDirectory(dataDir);
  const database = lockDatabase(dataDir);
  try {
    const header = readVaultFile(dataDir);
    refuseDamage(dataDir, database, header);
    closeFilePermissions(dataDir);
    sweepTemporaryFiles(dataDir);
    database.migrate();
    return { database, header };
  } catch (error) {
    database.close();
    throw error;
  }
}

function lockDatabase(dataDir: string): Database {
  const path = join(dataDir, DATABASE_FILE);
  // Looked at before the database: another process that starts here makes its database first.
  const hadVault = existsSync(join(dataDir, HEADER_FILE)) || existsSync(join(dataDir, KEY_FILE));
  const isEmpty = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
  if (hadVault && isEmpty) throw vaultCorrupt("its database (vault.db) is missing.");
  if (isEmpty) createUnlessPresent(path);
  return new Database(path);
}

function refuseDamage(dataDir: string, database: Database, header: DecodedHeader | null): void {
  const isEmpty = database.version === 0;
  if (header && isEmpty) throw vaultCorrupt("its database (vault.db) is empty.");
  if (header) return;
  if (database.isComplete) throw vaultCorrupt("its header (vault.json) is missing.");
  if (isEmpty && existsSync(join(dataDir, KEY_FILE))) throw vaultCorrupt("only its key file (vault.key) is left.");
}

function createUnlessPresent(path: string): void {
  try {
    createPrivateFile(path);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "EEXIST") throw toNocturneError(error);
  }
}
