/**
 * The SQLite file under the sealed tables: open, lock, migrate, transact.
 *
 * Write-ahead log with a full sync: what was committed survives a power cut. Exclusive locking: one process
 * owns the data directory, and the system frees the lock when that process dies.
 *
 * Never open or read vault.db through `node:fs` while it is in use: POSIX drops all locks that a process holds on
 * a file as soon as it closes any descriptor of it.
 */

import { backup, DatabaseSync, type StatementSync } from "node:sqlite";
import { InternalError, isSystemError, LockedError, toNocturneError, ValidationError } from "../core/errors.ts";
import { vaultCorrupt } from "./data-directory.ts";
import { createPrivateFile } from "./durable-file.ts";

/**
 * Step i brings a file of `user_version` i to i + 1, in one transaction. Sealed tables make themselves from
 * their definitions; steps are for what a definition cannot say. Only ever append.
 */
const MIGRATIONS: readonly string[] = [
  "CREATE TABLE meta (seq INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, body BLOB NOT NULL)",
];

/** Rows with a value in this column stay out of snapshots (see `TableDefinition.indexes`). */
const UNSAVED_COLUMN = "ix_unsaved";

/** "NOCT": marks a file whose vault was completed, so that an interrupted first start can be told from a loss. */
const COMPLETE_ID = 0x4e4f4354;

// Primary result codes, https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

export class Database {
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inTransaction = false;
  /** Copies under way, which a log that is emptied or pages that move would disturb. */
  #snapshots = 0;
  #failure: { readonly error: unknown } | null = null;

  /**
   * Opens or makes the file and takes the data directory's lock. Throws ValidationError `vault_in_use`,
   * `vault_newer`; CodecError `vault_corrupt` for a file that is no sound database.
   */
  constructor(path: string) {
    this.#sqlite = inOwnWords(() => new DatabaseSync(path, { timeout: 0 }));
    try {
      inOwnWords(() => this.#sqlite.exec("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT"));
      if (this.version > MIGRATIONS.length) throw newerVault();
    } catch (error) {
      this.#sqlite.close();
      throw error;
    }
  }

  /** Number of the last migration; 0 for an empty file. */
  get version(): number {
    return this.#readPragma("user_version");
  }

  get isComplete(): boolean {
    return this.#readPragma("application_id") === COMPLETE_ID;
  }

  markComplete(): void {
    this.exec(`PRAGMA application_id=${COMPLETE_ID}`);
  }

  /** Sets the file up for use; call it once it is known that the file belongs to a vault that may be written. */
  migrate(): void {
    this.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON");
    this.exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY");
    for (let version = this.version; version < MIGRATIONS.length; version++) {
      const step = MIGRATIONS[version] as string;
      this.transaction(() => this.exec(`${step}; PRAGMA user_version=${version + 1}`));
    }
  }

  exec(sql: string): void {
    this.attempt(() => this.#sqlite.exec(sql));
  }

  /** Removes all tables whose names begin so; SQLite overwrites their pages (`secure_delete`). */
  dropTables(prefix: string): void {
    const sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, ?) = ?";
    const tables = this.attempt(() => this.#sqlite.prepare(sql).all(prefix.length, prefix));
    for (const { name } of tables) this.exec(`DROP TABLE "${String(name)}"`);
    this.#statements.clear();
  }

  /** The statement of this text, compiled once: compiling costs more than most statements take. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = inOwnWords(() => this.#sqlite.prepare(sql));
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /**
   * Runs statements and says in our words why they fail. A failure ends the transaction around it: SQLite may have
   * rolled back by itself (full disk), and a statement after that would be committed alone.
   * Throws LockedError once the database is closed, as after a wipe.
   */
  attempt<T>(run: () => T): T {
    if (!this.#sqlite.isOpen) throw new LockedError();
    if (this.#failure) throw this.#failure.error;
    try {
      return inOwnWords(run);
    } catch (error) {
      if (this.#inTransaction) this.#failure = { error };
      throw error;
    }
  }

  /**
   * All that `work` writes, or nothing of it. A call inside another joins it, and what fails inside fails the whole,
   * even if the outer work catches the error. `work` must be synchronous.
   */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) return this.#join(work);
    this.exec("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = refusePromise(work());
      this.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec("ROLLBACK");
      throw error;
    } finally {
      this.#inTransaction = false;
      this.#failure = null;
    }
  }

  #join<T>(work: () => T): T {
    try {
      return refusePromise(work());
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  /**
   * Moves all that the write-ahead log holds into the database and empties the log's file: what was deleted is
   * overwritten in the one (`secure_delete`), but would live on in the other. False while a snapshot is being made.
   */
  emptyLog(): boolean {
    if (this.#snapshots > 0) return false;
    const result = this.attempt(() => this.#sqlite.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get());
    return result?.busy === 0;
  }

  /**
   * Writes the whole database anew: SQLite moves rows between pages without overwriting where they were, so that
   * `secure_delete` alone leaves a copy of one in a thousand. Takes about 7 ms a MiB. False while a snapshot is
   * being made.
   */
  scrub(): boolean {
    if (this.#snapshots > 0) return false;
    this.exec("VACUUM");
    return this.emptyLog();
  }

  /**
   * Copies the database as it is now into a new 0600 file, without stopping readers and writers. Rows that must not
   * outlive this machine's copy are left out.
   */
  async snapshot(path: string): Promise<void> {
    this.#snapshots++;
    try {
      createPrivateFile(path);
      await backup(this.#sqlite, path);
      dropUnsaved(path);
    } catch (error) {
      throw translate(error);
    } finally {
      this.#snapshots--;
    }
  }

  /** Frees the lock. Harmless if called again. */
  close(): void {
    this.#statements.clear();
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }

  #readPragma(name: "user_version" | "application_id"): number {
    const row = inOwnWords(() => this.#sqlite.prepare(`PRAGMA ${name}`).get());
    return Number(row?.[name]);
  }
}

/** Deletes and overwrites the unsaved rows of a copy; its journal stays in memory, so that no file keeps them. */
function dropUnsaved(path: string): void {
  using copy = new DatabaseSync(path);
  copy.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; PRAGMA secure_delete=ON");
  // A row that was moved within the copy leaves its old bytes (see `scrub`), hence the VACUUM.
  const tables = copy
    .prepare(
      "SELECT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND c.name = ?",
    )
    .all(UNSAVED_COLUMN);
  // Names of our own tables: `refuseBadName` of the sealed tables keeps anything else out of them.
  for (const { name } of tables) copy.exec(`DELETE FROM "${String(name)}" WHERE ${UNSAVED_COLUMN} IS NOT NULL`);
  copy.exec("VACUUM");
}

function inOwnWords<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): Error {
  const resultCode = isSystemError(error) && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  if (resultCode === SQLITE_BUSY) {
    return new ValidationError("vault_in_use", "Another Nocturne is using this data directory.", {
      hint: "Stop it with: nocturne stop - or choose another folder with --data-dir.",
      cause: error,
    });
  }
  if (resultCode === SQLITE_CORRUPT || resultCode === SQLITE_NOTADB) {
    return vaultCorrupt("its database is damaged.", { cause: error });
  }
  return toNocturneError(error);
}

function newerVault(): ValidationError {
  return new ValidationError("vault_newer", "This vault was made by a newer Nocturne.", {
    hint: "Update Nocturne, then start it again.",
  });
}

/** A transaction cannot wait: an async function would return before it has written anything. */
function refusePromise<T>(result: T): T {
  if (result instanceof Promise) throw new InternalError("async_transaction", "A transaction must be synchronous.");
  return result;
}
