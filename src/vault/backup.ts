/**
 * A backup: one sealed stream of everything that the recovery key must bring back.
 *
 *   sealed header (purpose backup; slots recovery, and password if there is one, as in the vault)
 *   | payload (Cobblestone-256, `payload.ts`) of a tar: vault.json, vault.db, blobs/<32 hex>[.remote]...
 *
 * Sealed under a key derived from the vault key, so whoever can open the vault can open its backups and
 * nobody else. The tar hides in the payload: its names, sizes and count show only in the total length.
 */

import { rmSync } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import { utf8Encode } from "../core/bytes.ts";
import { isSystemError } from "../core/errors.ts";
import { deriveKey } from "../crypto/key-derivation.ts";
import type { KeySlot } from "../crypto/key-slots.ts";
import { PayloadSealer } from "../crypto/payload.ts";
import { encodeSealedHeader } from "../crypto/sealed-header.ts";
import { BLOB_FOLDER, DATABASE_FILE, HEADER_FILE } from "./data-directory.ts";
import type { Database } from "./database.ts";
import { PRIVATE_FILE_MODE, temporaryPath } from "./durable-file.ts";
import { encodeVaultFile } from "./vault-file.ts";

export interface BackupSource {
  readonly dataDir: string;
  readonly database: Database;
  readonly slots: readonly KeySlot[];
  /** 32 bytes; used before `createBackup` returns, never after. */
  readonly vaultKey: Uint8Array;
  /** Throws once the vault is locked: a backup does not outlive the right to make it. */
  readonly requireOpen: () => void;
  /** Whether the sealed files are in it; without them it opens alike, and they are read where they lie. */
  readonly withBlobs: boolean;
}

/**
 * Names of sealed files, and of pointers to those that lie in an operator's bucket: a backup tells where these are, and does
 * not fetch them. Anything else in the folder is unfinished and stays out.
 */
export const BLOB_NAME: RegExp = /^[0-9a-f]{32}(\.remote)?$/;
const POINTER_SUFFIX = ".remote";
export const BACKUP_CONTEXT: Uint8Array = utf8Encode("nocturne/backup/v1");

export function deriveBackupKey(vaultKey: Uint8Array): Uint8Array {
  return deriveKey(vaultKey, "vault/backup/v1");
}

/** The backup as a stream that is made while it is read. Ending it early leaves nothing behind. */
export function createBackup(source: BackupSource): AsyncGenerator<Uint8Array> {
  // The key file stays on its machine: a backup that carried it would open for everybody.
  const slots = source.slots.filter((slot) => slot.type !== "key-file");
  const header = encodeSealedHeader({ purpose: "backup", suite: "aes-256-gcm", slots }, source.vaultKey);
  const vaultFile = encodeVaultFile(slots, source.vaultKey);
  const sealer = new PayloadSealer(deriveBackupKey(source.vaultKey), BACKUP_CONTEXT);
  return sealArchive(source, header, vaultFile, sealer);
}

async function* sealArchive(
  source: BackupSource,
  header: Uint8Array,
  vaultFile: Uint8Array,
  sealer: PayloadSealer,
): AsyncGenerator<Uint8Array> {
  source.requireOpen();
  yield header;
  yield sealer.header;
  // Under a name that the next start sweeps if this process dies.
  const snapshot = temporaryPath(join(source.dataDir, DATABASE_FILE));
  const archive = pack();
  try {
    await source.database.snapshot(snapshot);
    const filling = fillArchive(archive, source, vaultFile, snapshot);
    filling.catch((error: Error) => archive.destroy(error));
    for await (const bytes of archive) {
      source.requireOpen();
      const sealed = sealer.update(bytes as Uint8Array);
      if (sealed.length > 0) yield sealed;
    }
    await filling;
    yield sealer.finish();
  } finally {
    archive.destroy();
    rmSync(snapshot, { force: true });
  }
}

async function fillArchive(
  archive: Pack,
  { dataDir, withBlobs }: BackupSource,
  vaultFile: Uint8Array,
  snapshot: string,
): Promise<void> {
  archive.entry({ name: HEADER_FILE, mode: PRIVATE_FILE_MODE, mtime: NO_TIME }, Buffer.from(vaultFile));
  await addFile(archive, DATABASE_FILE, snapshot);
  const folder = join(dataDir, BLOB_FOLDER);
  // Listed after the snapshot: whatever its rows speak of is there, unless it was deleted since.
  const names = withBlobs ? await listBlobs(folder) : [];
  for (const name of names) {
    const isAdded = await addFile(archive, `${BLOB_FOLDER}/${name}`, join(folder, name));
    // Moved into the bucket meanwhile.
    const pointer = `${name}${POINTER_SUFFIX}`;
    if (isAdded || names.includes(pointer)) continue;
    await addFile(archive, `${BLOB_FOLDER}/${pointer}`, join(folder, pointer));
  }
  archive.finalize();
}

// When the files were made is nobody's business, not even inside the seal.
const NO_TIME = new Date(0);

/** False for a file that was deleted meanwhile. */
async function addFile(archive: Pack, name: string, path: string): Promise<boolean> {
  await using file = await openIfPresent(path);
  if (!file) return false;
  const { size } = await file.stat();
  const entry = archive.entry({ name, size, mode: PRIVATE_FILE_MODE, mtime: NO_TIME });
  await pipeline(size === 0 ? Readable.from([]) : file.createReadStream({ end: size - 1, autoClose: false }), entry);
  return true;
}

async function openIfPresent(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return null;
    throw error;
  }
}

async function listBlobs(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => BLOB_NAME.test(name)).sort();
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return [];
    throw error;
  }
}
