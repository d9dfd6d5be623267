/**
 * An account: one identity, and the sealed tables with its contacts, messages and session keys. The vault is the root's
 * account. The messenger asks for nothing else, so that it serves each account of a vault alike, and none sees into
 * another.
 */

import type { Identity } from "./identity.ts";
import type { SealedTable, TableDefinition } from "./sealed-table.ts";

/** Every call throws LockedError while the vault is locked, but for `table`, which may be kept meanwhile. */
export interface Account {
  /** The live keys: the owner overwrites them, so use them where they are and keep no copy. */
  identity(): Identity;

  /** This account's table of this definition, made if it does not exist. */
  table<Row extends object>(definition: TableDefinition<Row>): SealedTable<Row>;

  /** All that `work` writes, or nothing of it; nested calls join. `work` is synchronous. */
  transaction<T>(work: () => T): T;

  /** A JSON value kept under a name, or null. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- spares every caller the same cast
  readMeta<T>(key: string): T | null;
  writeMeta(key: string, value: unknown): void;

  /** Takes deleted rows out of the database's log. False: not now, because of a backup; ask again. */
  emptyLog(): boolean;

  /** Leaves not a byte of deleted rows in the database; slow, about 7 ms a MiB. False: not now, ask again. */
  scrub(): boolean;
}
