/** Changes of an SQLite database that are made together. */

/** What is needed of a `DatabaseSync`. */
export interface Transactional {
  exec(sql: string): void;
  readonly isTransaction: boolean;
}

/**
 * All that `work` does, or nothing of it if it throws; inside another one, as a part of that. IMMEDIATE takes the write lock at once: what is
 * read inside cannot change before it is written.
 */
export function inTransaction<T>(db: Transactional, work: () => T): T {
  if (db.isTransaction) return work();
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
