/** Getting everything back, while no node runs: by the recovery key alone (of relays, or of the mesh), or from a backup file. */
import { createReadStream } from "node:fs";
import { systemClock } from "../core/clock.ts";
import { wipeBytes } from "../core/bytes.ts";
import { createLogger } from "../core/log.ts";
import { parseRecoveryKey } from "../crypto/recovery-key.ts";
import { ContactBook } from "../messaging/contact-book.ts";
import { restoreBackup as unpackBackup } from "../vault/restore.ts";
import { openVault } from "../vault/vault.ts";
import { fillFrom, isUnused, searchRelays } from "./account-recovery.ts";
import type { Config } from "./config.ts";
import type { MeshRestoreOptions } from "./mesh-restore.ts";
import { readRecoveryKey } from "./recovery-input.ts";
import { openServices } from "./services.ts";
import type { RestoreResult } from "./views.ts";

/**
 * On an empty machine the identity is made anew from its recovery key (hex, words, or shares of it, one a line), and filled with what the configured relays have
 * of it; an existing vault, its passphrase forgotten, is opened by it. Afterwards the configured secret opens the vault, or
 * a key file. Throws what `readRecoveryKey` throws; ValidationError `vault_in_use`; CryptoError for another vault's key.
 */
export async function restoreByKey(config: Config, text: string, asShares?: boolean): Promise<RestoreResult> {
  const recoveryKey = await readRecoveryKey(text, asShares);
  try {
    const vault = await openVault({ ...surroundings(config), ...secretOf(config.secret), recoveryKey });
    vault.close();
    return await readResult(config, { recoveryKey });
  } finally {
    wipeBytes(recoveryKey);
  }
}

/**
 * Onto an empty machine, everything as the mesh has it; files stay there until they are read. Throws what `restoreFromMesh` throws.
 */
export async function restoreByMesh(
  config: Config,
  text: string,
  asShares: boolean,
  options: MeshRestoreOptions,
): Promise<RestoreResult> {
  const { restoreFromMesh } = await import("./mesh-restore.ts");
  const { madeAtMs } = await restoreFromMesh(config, text, asShares, options);
  return { ...(await readResult(config)), meshCopyOf: new Date(madeAtMs).toISOString() };
}

/**
 * Unpacks a backup into an empty data directory. `secret` is the recovery key (hex or words) or the
 * passphrase. Throws as the vault's `restoreBackup` does; InternalError `no_such_file`.
 */
export async function restoreBackup(config: Config, path: string, secret: string): Promise<RestoreResult> {
  const recoveryKey = recoveryKeyIn(secret);
  const next = recoveryKey ? config.secret : secret;
  const source = createReadStream(path);
  const secrets = { ...secretOf(next), ...(recoveryKey ? { recoveryKey } : {}) };
  await unpackBackup({ ...surroundings(config), ...secrets, source }).finally(
    () => recoveryKey && wipeBytes(recoveryKey),
  );
  return readResult({ ...config, secret: next }, { isOtherMachine: true });
}

async function readResult(
  config: Config,
  {
    recoveryKey,
    isOtherMachine = false,
  }: { readonly recoveryKey?: Uint8Array; readonly isOtherMachine?: boolean } = {},
): Promise<RestoreResult> {
  const services = await openServices(config, { online: false });
  try {
    const { vault, files, mesh } = services;
    // Fragments and ledger of the node in the backup are not in it: going on under its key would be a second history.
    if (isOtherMachine) mesh.settings.forgetNode();
    const search =
      recoveryKey && isUnused(vault, files) ? await searchRelays(services, recoveryKey, config.relays) : null;
    const found = search ? { summary: fillFrom(services, search) } : {};
    const { npub } = vault.identity();
    return { npub, contacts: new ContactBook(vault).list().length, files: files.list().length, ...found };
  } finally {
    await services.close();
  }
}

/** A passphrase may be anything, so whatever reads as a recovery key is taken for one. */
function recoveryKeyIn(text: string): Uint8Array | null {
  try {
    return parseRecoveryKey(text);
  } catch {
    return null;
  }
}

function surroundings({ dataDir, logLevel }: Config) {
  return { dataDir, clock: systemClock, log: createLogger(logLevel) };
}

function secretOf(secret: string | null): { secret?: string } {
  return secret === null ? {} : { secret };
}
