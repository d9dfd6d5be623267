/** The vault's own sealed rows: the root of the identity, and what other rooms keep under a name of theirs. */

import { CryptoError, InternalError } from "../core/errors.ts";
import { vaultCorrupt } from "./data-directory.ts";
import type { Database } from "./database.ts";
import { openRoot, type RootSecrets, type SealedRoot, sealRoot } from "./identity.ts";
import type { KeyRing } from "./key-ring.ts";
import { SealedTable } from "./sealed-table.ts";

interface MetaRow {
  readonly key: string;
  readonly value: unknown;
}

const ROOT = "root";

export class MetaTable {
  readonly #table: SealedTable<MetaRow>;
  readonly #ring: () => KeyRing;

  /** `name`: of the table in the file; personas have theirs. */
  constructor(database: Database, ring: () => KeyRing, name = "meta") {
    this.#table = new SealedTable(database, { name, key: (row) => row.key }, () => ring().tableKeys(name));
    this.#ring = ring;
  }

  /** What was written under this name, or null. The caller says what it wrote. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- spares every caller the same cast
  read<T>(key: string): T | null {
    refuseRoot(key);
    const row = this.#table.get(key);
    return row ? (row.value as T) : null;
  }

  write(key: string, value: unknown): void {
    refuseRoot(key);
    this.#table.put({ key, value });
  }

  /** Throws CodecError `vault_corrupt` if the root is missing or altered. */
  readRoot(): RootSecrets {
    try {
      const row = this.#table.get(ROOT);
      if (row) return openRoot(row.value as SealedRoot, this.#ring().rootKey);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
    }
    throw vaultCorrupt("its database (vault.db) does not belong to its header.");
  }

  writeRoot(root: RootSecrets): void {
    this.#table.put({ key: ROOT, value: sealRoot(root, this.#ring().rootKey) });
  }
}

function refuseRoot(key: string): void {
  if (key === ROOT) throw new InternalError("reserved_name", "This name is kept for the vault itself.");
}
