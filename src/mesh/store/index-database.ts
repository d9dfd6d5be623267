/**
 * The SQLite file `fragments.db` of a node: one row for each owner who keeps a fragment.
 *
 *   leases   id 32 | owner 32 | bytes | bytes of the disk | until | put into the trash at, or null while it is kept
 *
 * Write-ahead log: what was committed and synced survives a power cut. Exclusive locking: one process owns the
 * folder, and the system frees the lock however that process ends. So nobody else may open this file meanwhile, not even
 * to read it: POSIX drops all locks that a process holds on a file as soon as it closes any descriptor of it.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isSystemError, type NocturneError } from "../../core/errors.ts";
import { createPrivateFile, syncDirectory } from "../../vault/durable-file.ts";
import { closeFile, openFile, syncData } from "./descriptor.ts";
import { diskBytes } from "./fragment-folders.ts";
import { diskProblem, indexDamaged, nodeInUse, nodeNewer } from "./store-errors.ts";

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE leases (
    id BLOB NOT NULL, owner BLOB NOT NULL, bytes INTEGER NOT NULL, disk_bytes INTEGER NOT NULL,
    until INTEGER NOT NULL, trashed_at INTEGER, PRIMARY KEY (id, owner)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX leases_until ON leases (until) WHERE trashed_at IS NULL;
  CREATE INDEX leases_trashed ON leases (trashed_at) WHERE trashed_at IS NOT NULL;
`;
/** Of 4 KiB: after so many the log is written back and begins anew, so that it stays within `MESH_LIMITS.indexLogBytes`. */
const CHECKPOINT_PAGES = 1_024;

// Primary result codes, https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Bytes of the disk that the index takes, and its log. */
export interface IndexBytes {
  readonly index: number;
  readonly log: number;
}

export class IndexDatabase {
  readonly #sqlite: DatabaseSync;
  readonly #path: string;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  /** The log's own file; SQLite locks only the other one. */
  #log: number | null = null;
  /** Bytes of the disk, as they were after the last change: a node asks with every fragment. */
  #used: IndexBytes | null = null;

  /**
   * Opens or makes the file (0600). `hasFragments` says that there are fragments already, which an empty index would not know of.
   * Throws InternalError `node_in_use`, CodecError `fragment_index_damaged`, ValidationError `node_newer`.
   */
  constructor(path: string, hasFragments: boolean) {
    this.#path = path;
    if (!existsSync(path)) createPrivateFile(path);
    this.#sqlite = inOwnWords(() => new DatabaseSync(path, { timeout: 0 }));
    try {
      this.#begin = this.prepare("BEGIN IMMEDIATE");
      this.#commit = this.prepare("COMMIT");
      inOwnWords(() => this.#prepareFile(hasFragments));
    } catch (error) {
      this.#sqlite.close();
      throw error;
    }
  }

  prepare(sql: string): StatementSync {
    return this.#sqlite.prepare(sql);
  }

  /** All that `work` writes, or nothing of it; on the disk once `sync` resolved. Throws PolicyError `node_full`, CodecError `fragment_index_damaged`. */
  transaction<T>(work: () => T): T {
    this.#used = null;
    return inOwnWords(() => {
      this.#begin.run();
      try {
        const result = work();
        this.#commit.run();
        return result;
      } catch (error) {
        // A full disk may have rolled back already.
        if (this.#sqlite.isTransaction) this.#sqlite.exec("ROLLBACK");
        throw error;
      }
    });
  }

  /**
   * Resolves when all that was committed before survives a power cut. With `synchronous = NORMAL` SQLite itself syncs the
   * log only where its order matters, before and after it is written back; a commit that is torn counts as none.
   */
  async sync(): Promise<void> {
    this.#log ??= await this.#openLog();
    await syncData(this.#log);
    // Only now the file system knows for sure.
    this.#used = null;
  }

  diskBytes(): IndexBytes {
    this.#used ??= { index: diskBytes(this.#path), log: diskBytes(this.#logPath()) };
    return this.#used;
  }

  async close(): Promise<void> {
    if (this.#log !== null) closeFile(this.#log);
    this.#sqlite.close();
  }

  #logPath(): string {
    return `${this.#path}-wal`;
  }

  async #openLog(): Promise<number> {
    syncDirectory(dirname(this.#path));
    return openFile(this.#logPath());
  }

  #prepareFile(hasFragments: boolean): void {
    this.#sqlite.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
    const { user_version: version } = this.prepare("PRAGMA user_version").get() as { user_version: number };
    if (version > SCHEMA_VERSION) throw nodeNewer();
    if (version === 0 && hasFragments) throw indexDamaged("their index is gone.");
    this.#sqlite.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${CHECKPOINT_PAGES * 4_096}`);
    if (version === 0) this.transaction(() => this.#sqlite.exec(`${SCHEMA}; PRAGMA user_version = ${SCHEMA_VERSION}`));
  }
}

/** Says why SQLite failed. */
export function inOwnWords<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): NocturneError {
  const resultCode = isSystemError(error) && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  if (resultCode === SQLITE_BUSY) return nodeInUse(error);
  if (resultCode === SQLITE_CORRUPT || resultCode === SQLITE_NOTADB)
    return indexDamaged("their index is damaged.", error);
  return diskProblem(error);
}
