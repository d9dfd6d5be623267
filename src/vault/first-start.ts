/**
 * Making a vault where none is. What is written last makes it count:
 *
 *   root row in vault.db -> vault.key (unless a passphrase is given) -> vault.json -> vault.db marked complete
 *
 * A crash before vault.json leaves an identity that nobody has seen; the next start begins anew.
 */

import { ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { sealWithPassword, sealWithKey } from "../crypto/key-slots.ts";
import { RECOVERY_KEY_BYTES } from "../crypto/recovery-key.ts";
import type { DecodedHeader } from "../crypto/sealed-header.ts";
import { checkPassphrase, sealRecoverySlot } from "./access.ts";
import type { Database } from "./database.ts";
import { createRoot, wipeRoot } from "./identity.ts";
import { KeyRing } from "./key-ring.ts";
import { MetaTable } from "./meta-table.ts";
import { writeKeyFile, writeVaultFile } from "./vault-file.ts";

const VAULT_KEY_BYTES = 32;

export interface FirstStart {
  readonly dataDir: string;
  readonly secret?: string;
  readonly recoveryKey?: Uint8Array;
  readonly nowMs: number;
}

/** A new vault's header and its 32-byte key. Throws ValidationError of `checkPassphrase`, `bad_recovery_key`. */
export async function createVault(
  database: Database,
  { dataDir, secret, recoveryKey, nowMs }: FirstStart,
): Promise<{ header: DecodedHeader; vaultKey: Uint8Array }> {
  if (secret !== undefined) checkPassphrase(secret);
  if (recoveryKey && recoveryKey.length !== RECOVERY_KEY_BYTES) throw badRecoveryKey();
  const ring = new KeyRing(randomBytes(VAULT_KEY_BYTES));
  const vaultKey = ring.vaultKey.slice();
  const root = createRoot(recoveryKey?.slice() ?? randomBytes(RECOVERY_KEY_BYTES), nowMs);
  const recoverySlot = sealRecoverySlot(vaultKey, root.recoveryKey);
  const passwordSlot = secret === undefined ? null : await sealWithPassword(vaultKey, secret);
  database.transaction(() => {
    database.exec("DELETE FROM meta");
    new MetaTable(database, () => ring).writeRoot(root);
  });
  wipeRoot(root);
  ring.wipe();
  const slot = passwordSlot ?? sealWithKey("key-file", vaultKey, writeKeyFile(dataDir));
  const header = writeVaultFile(dataDir, [slot, recoverySlot], vaultKey);
  database.markComplete();
  return { header, vaultKey };
}

function badRecoveryKey(): ValidationError {
  return new ValidationError("bad_recovery_key", `A recovery key has ${RECOVERY_KEY_BYTES} bytes.`, {
    hint: "Compare it with what you wrote down.",
  });
}
