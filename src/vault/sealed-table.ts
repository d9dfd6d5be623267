/**
 * A table whose file shows neither contents nor keys: how many rows, how long, in which order, and which
 * share an index value is all that a thief of the disk learns.
 *
 *   NAME(seq, key, ix_A, ix_B, ..., body)
 *   seq       order of insertion, never reused; stays when a row is replaced
 *   key, ix   HMAC-SHA-256(index key, table 00 column 00 JSON of value)[0..16]; an index may be null
 *   body      nonce 12 | AES-256-GCM(JSON of the row) | tag 16, associated data: table 00 key
 *
 * A body put under another key or into another table does not open. What a writer to the disk can do is
 * remove rows, bring old ones back, and change their order.
 */

import { concatBytes, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { CryptoError, InternalError, ValidationError } from "../core/errors.ts";
import { VAULT_LIMITS } from "../core/limits.ts";
import { openBytes, sealBytes } from "../crypto/aead.ts";
import { hmacSha256 } from "../crypto/key-derivation.ts";
import type { Database } from "./database.ts";
import type { TableKeys } from "./key-ring.ts";

export interface TableDefinition<Row> {
  /** Lower case and underscores; readable in the file. */
  readonly name: string;
  /** What makes a row the same row: putting it again replaces it. */
  readonly key: (row: Row) => string;
  /**
   * What `find` and `count` can ask for; null keeps a row out of that index. Rows in the index `unsaved` stay out of
   * backups.
   */
  readonly indexes?: Readonly<Record<string, (row: Row) => string | null>>;
}

/** A row as it comes back, with its place in the order of insertion. */
export type Stored<Row> = Row & { readonly seq: number };

/** Which part of the rows: `seq` beyond `after` and below `before`, oldest first unless asked otherwise. */
export interface Page {
  readonly after?: number;
  readonly before?: number;
  readonly limit?: number;
  readonly newestFirst?: boolean;
}

interface SealedRow {
  readonly seq: number;
  readonly key: Uint8Array;
  readonly body: Uint8Array;
}

const BLIND_BYTES = 16;
const NAME = /^[a-z][a-zA-Z0-9_]*$/;
const NO_LIMIT = -1;

/** Rows are plain JSON objects; `seq` in them is the table's own. Every call throws LockedError while the vault is locked. */
export class SealedTable<Row extends object> {
  readonly #database: Database;
  readonly #definition: TableDefinition<Row>;
  readonly #keys: () => TableKeys;
  readonly #indexes: readonly (readonly [column: string, value: (row: Row) => string | null])[];
  readonly #putSql: string;
  /** The table is older than one of its indexes: its rows are in none of the new ones before they are put again. */
  readonly outdated: boolean;

  constructor(database: Database, definition: TableDefinition<Row>, keys: () => TableKeys) {
    this.#database = database;
    this.#definition = definition;
    this.#keys = keys;
    this.#indexes = Object.entries(definition.indexes ?? {}).map(([name, value]) => [`ix_${name}`, value]);
    const columns = this.#indexes.map(([column]) => column);
    for (const name of [definition.name, ...columns]) refuseBadName(name);
    this.#putSql = putStatement(definition.name, columns);
    const [create, ...createIndexes] = createStatements(definition.name, columns);
    database.exec(create as string);
    this.outdated = addColumns(database, definition.name, columns);
    for (const sql of createIndexes) database.exec(sql);
  }

  /** Inserts the row, or replaces the one with its key, and returns its `seq`. Throws ValidationError `row_too_large`. */
  put(row: Row): number {
    const keys = this.#keys();
    const json = utf8Encode(JSON.stringify("seq" in row ? { ...row, seq: undefined } : row));
    if (json.length > VAULT_LIMITS.rowBytes) throw rowTooLarge();
    const key = this.#blind(keys, "key", this.#definition.key(row));
    const blinds = this.#indexes.map(([column, valueOf]) => this.#blindOrNull(keys, column, valueOf(row)));
    const body = sealBytes(keys.rows, json, this.#associatedData(key));
    // Not `get`: it stops at the first row, and Node drops the error of the commit that follows (a full disk).
    const [stored] = this.#run(this.#putSql, (statement) => statement.all(key, ...blinds, body));
    return Number(stored?.seq);
  }

  /** The row with this key, or null. Throws CryptoError if it was altered on disk. */
  get(key: string): Stored<Row> | null {
    const keys = this.#keys();
    const sql = `SELECT seq, key, body FROM ${this.#definition.name} WHERE key = ?`;
    const sealed = this.#run(sql, (statement) => statement.get(this.#blind(keys, "key", key)));
    return sealed ? this.#open(keys, sealed as unknown as SealedRow) : null;
  }

  has(key: string): boolean {
    const blind = this.#blind(this.#keys(), "key", key);
    return this.#run(`SELECT 1 FROM ${this.#definition.name} WHERE key = ?`, (all) => all.get(blind)) !== undefined;
  }

  /** Rows whose index has this value. Throws CryptoError if one was altered on disk or put under a foreign value. */
  find(index: string, value: string, page: Page = {}): Stored<Row>[] {
    const { column, valueOf } = this.#index(index);
    const keys = this.#keys();
    const rows = this.#select(keys, `${column} = ? AND `, [this.#blind(keys, column, value)], page);
    for (const row of rows) if (valueOf(row) !== value) throw new CryptoError();
    return rows;
  }

  list(page: Page = {}): Stored<Row>[] {
    return this.#select(this.#keys(), "", [], page);
  }

  /** How many rows there are, or how many whose index has this value. */
  count(index?: string, value = ""): number {
    const keys = this.#keys();
    const column = index === undefined ? null : this.#index(index).column;
    const sql = `SELECT count(*) AS count FROM ${this.#definition.name}${column ? ` WHERE ${column} = ?` : ""}`;
    const values = column ? [this.#blind(keys, column, value)] : [];
    return Number(this.#run(sql, (statement) => statement.get(...values))?.count);
  }

  /** Removes the row with this key, if there is one; SQLite overwrites its bytes (`secure_delete`). */
  delete(key: string): void {
    const blind = this.#blind(this.#keys(), "key", key);
    this.#run(`DELETE FROM ${this.#definition.name} WHERE key = ?`, (statement) => statement.run(blind));
  }

  #select(keys: TableKeys, condition: string, values: Uint8Array[], page: Page): Stored<Row>[] {
    const order = page.newestFirst ? "DESC" : "ASC";
    const range = `${condition}seq > ? AND seq < ? ORDER BY seq ${order} LIMIT ?`;
    const bounds = [page.after ?? 0, page.before ?? Number.MAX_SAFE_INTEGER, page.limit ?? NO_LIMIT];
    const sql = `SELECT seq, key, body FROM ${this.#definition.name} WHERE ${range}`;
    const sealed = this.#run(sql, (statement) => statement.all(...values, ...bounds));
    return sealed.map((row) => this.#open(keys, row as unknown as SealedRow));
  }

  #open(keys: TableKeys, sealed: SealedRow): Stored<Row> {
    // SQLite keeps any type in any column, and so may a forger.
    if (!(sealed.body instanceof Uint8Array && sealed.key instanceof Uint8Array)) throw new CryptoError();
    const json = openBytes(keys.rows, sealed.body, this.#associatedData(sealed.key));
    return Object.assign(JSON.parse(utf8Decode(json)), { seq: sealed.seq });
  }

  #associatedData(key: Uint8Array): Uint8Array {
    return concatBytes(utf8Encode(`${this.#definition.name}\0`), key);
  }

  #blind(keys: TableKeys, column: string, value: string): Uint8Array {
    // JSON, because UTF-8 would make all strings with half a surrogate pair the same.
    const input = utf8Encode(`${this.#definition.name}\0${column}\0${JSON.stringify(value)}`);
    return hmacSha256(keys.index, input).subarray(0, BLIND_BYTES);
  }

  #blindOrNull(keys: TableKeys, column: string, value: string | null): Uint8Array | null {
    return value === null ? null : this.#blind(keys, column, value);
  }

  #index(name: string): { column: string; valueOf: (row: Row) => string | null } {
    const column = `ix_${name}`;
    const entry = this.#indexes.find((known) => known[0] === column);
    if (!entry)
      throw new InternalError("unknown_index", "A sealed table was asked for an index that it does not have.");
    return { column, valueOf: entry[1] };
  }

  #run<T>(sql: string, use: (statement: ReturnType<Database["prepare"]>) => T): T {
    return this.#database.attempt(() => use(this.#database.prepare(sql)));
  }
}

function createStatements(table: string, columns: readonly string[]): string[] {
  const indexColumns = columns.map((column) => `${column} BLOB, `).join("");
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (seq INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, ${indexColumns}body BLOB NOT NULL)`,
    ...columns.map((column) => `CREATE INDEX IF NOT EXISTS ${table}_${column} ON ${table}(${column})`),
  ];
}

/** Gives a table of an earlier version the columns that it lacks. True if there were any. */
function addColumns(database: Database, table: string, columns: readonly string[]): boolean {
  const rows = database.attempt(() => database.prepare("SELECT name FROM pragma_table_info(?)").all(table));
  const present = new Set(rows.map(({ name }) => name));
  const missing = columns.filter((column) => !present.has(column));
  for (const column of missing) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} BLOB`);
  return missing.length > 0;
}

function putStatement(table: string, columns: readonly string[]): string {
  const all = ["key", ...columns, "body"];
  const replaced = [...columns, "body"].map((column) => `${column} = excluded.${column}`).join(", ");
  const places = all.map(() => "?").join(", ");
  return `INSERT INTO ${table}(${all.join(", ")}) VALUES(${places}) ON CONFLICT(key) DO UPDATE SET ${replaced} RETURNING seq`;
}

// Names become SQL text and part of the blinded input, where a zero byte would make two columns one.
function refuseBadName(name: string): void {
  if (!NAME.test(name)) throw new InternalError("bad_table_name", "A sealed table has a name that SQL would misread.");
}

function rowTooLarge(): ValidationError {
  return new ValidationError(
    "row_too_large",
    `One entry of the vault may take ${VAULT_LIMITS.rowBytes} bytes at most.`,
    {
      hint: "Store less in one entry.",
    },
  );
}
