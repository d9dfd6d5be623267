/**
 * What was said, on the disk: `<folder>/journal.db` (SQLite, 0600).
 *
 *   devices   id | key 32 | size | hash of the last entry | made at | minute, and how much was said in it (`measure.ts`)
 *   said      device | sequence | kind | made at | came at | void | bytes   see `said.ts`
 *   forks     key 32 | proof                                             of devices that keep two histories
 *   facts     "behind"                                                   others know more of our own log than this file
 *
 * Every change is on the disk when its transaction has ended: our own log is here, too, and what it says once it must not say otherwise.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { fromHex, toHex } from "../../core/bytes.ts";
import { CodecError, toNocturneError } from "../../core/errors.ts";
import { inTransaction } from "../../core/transaction.ts";
import { openPrivateDatabase } from "../../mesh/private-database.ts";
import type { DeviceId } from "../agent-ids.ts";
import { STATEMENT_KINDS, type StatementKind } from "../statement.ts";
import type { Measure } from "./measure.ts";

/** A device's log, as far as it is here. */
export interface LogEnd {
  readonly size: number;
  /** 32 bytes, of the last entry. */
  readonly hash: Uint8Array;
  readonly madeAtMs: number;
  readonly measure: Measure;
}

export interface KeptSaid {
  readonly kind: StatementKind;
  readonly madeAtMs: number;
  /** By the clock of this machine. */
  readonly cameAtMs: number;
  /** Said too often to count. */
  readonly isVoid: boolean;
  readonly bytes: Uint8Array;
}

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS devices (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    hash BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    counts TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS said (
    device INTEGER NOT NULL REFERENCES devices (id),
    sequence INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    came_at INTEGER NOT NULL,
    is_void INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (device, sequence)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS forks (key BLOB PRIMARY KEY, proof BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;
const STATEMENTS = {
  device: "SELECT id FROM devices WHERE key = ?",
  addDevice: "INSERT INTO devices (key, size, hash, made_at, minute, counts) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
  setEnd: "UPDATE devices SET size = ?, hash = ?, made_at = ?, minute = ?, counts = ? WHERE id = ?",
  addSaid: "INSERT INTO said (device, sequence, kind, made_at, came_at, is_void, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
  after:
    "SELECT s.bytes FROM said s JOIN devices d ON d.id = s.device WHERE d.key = ? AND s.sequence > ? ORDER BY s.sequence LIMIT ?",
  one: "SELECT s.bytes FROM said s JOIN devices d ON d.id = s.device WHERE d.key = ? AND s.sequence = ?",
  fork: "SELECT proof FROM forks WHERE key = ?",
  addFork: "INSERT OR IGNORE INTO forks (key, proof) VALUES (?, ?)",
  fact: "SELECT value FROM facts WHERE name = ?",
  setFact: "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)",
} as const;

const KINDS = new Map<number, StatementKind>(
  Object.entries(STATEMENT_KINDS).map(([kind, code]) => [code, kind as StatementKind]),
);
/** Rows in memory where all of a journal is gone through. */
const PAGE_ROWS = 256;

export class JournalDatabase implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;
  readonly #ids = new Map<DeviceId, number>();

  /** Opens or makes it. Throws CodecError `journal_corrupt`, InternalError. */
  constructor(path: string) {
    this.#db = openPrivateDatabase(path);
    try {
      this.#db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
      const version = this.#db.prepare("PRAGMA user_version").get()?.["user_version"];
      if (version !== 0 && version !== SCHEMA_VERSION) throw corrupt();
      this.#db.exec(`${SCHEMA} PRAGMA user_version=${SCHEMA_VERSION}`);
      const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, this.#db.prepare(sql)]);
      this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, StatementSync>;
    } catch (cause) {
      this.#db.close();
      throw cause instanceof CodecError ? cause : corrupt(cause);
    }
  }

  /** All of its work, or nothing. */
  transaction<T>(work: () => T): T {
    try {
      return inTransaction(this.#db, work);
    } catch (error) {
      this.#ids.clear();
      throw toNocturneError(error);
    }
  }

  ends(): Map<DeviceId, LogEnd> {
    const rows = this.#db.prepare("SELECT key, size, hash, made_at, minute, counts FROM devices").all();
    return new Map(rows.map((row) => [toHex(row["key"] as Uint8Array) as DeviceId, endOf(row)]));
  }

  /** As the next of its log; `end` is what the log is then. Returns its row: rows rise. */
  add(device: DeviceId, end: LogEnd, { kind, madeAtMs, cameAtMs, isVoid, bytes }: KeptSaid): number {
    const id = this.#idOf(device, end);
    const { size, hash, measure } = end;
    this.#statements.setEnd.run(size, hash, end.madeAtMs, measure.minute, JSON.stringify(measure.counts), id);
    const said = [id, size, STATEMENT_KINDS[kind], madeAtMs, cameAtMs, isVoid ? 1 : 0, bytes] as const;
    return Number(this.#statements.addSaid.run(...said).lastInsertRowid);
  }

  /** What a device said after `sequence`, in order, at most `count`. */
  after(device: DeviceId, sequence: number, count: number): Uint8Array[] {
    return this.#statements.after.all(fromHex(device), sequence, count).map((row) => row["bytes"] as Uint8Array);
  }

  one(device: DeviceId, sequence: number): Uint8Array | null {
    return (this.#statements.one.get(fromHex(device), sequence)?.["bytes"] as Uint8Array | undefined) ?? null;
  }

  /** Of these kinds what came after `row`, in the order in which it came; a page in memory at a time. */
  *all(kinds: readonly StatementKind[], row: number): Generator<KeptSaid & { readonly row: number }> {
    const codes = kinds.map((kind) => STATEMENT_KINDS[kind]).join();
    const page = this.#db.prepare(
      `SELECT rowid, kind, made_at, came_at, is_void, bytes FROM said WHERE kind IN (${codes}) AND rowid > ? ORDER BY rowid LIMIT ?`,
    );
    for (let last = row; ; ) {
      const rows = page.all(last, PAGE_ROWS);
      if (rows.length === 0) return;
      for (const found of rows) {
        last = found["rowid"] as number;
        const kind = KINDS.get(found["kind"] as number);
        if (!kind) throw corrupt();
        const [madeAtMs, cameAtMs] = [found["made_at"] as number, found["came_at"] as number];
        const [isVoid, bytes] = [found["is_void"] === 1, found["bytes"] as Uint8Array];
        yield { kind, madeAtMs, cameAtMs, isVoid, bytes, row: last };
      }
    }
  }

  /** 0 for one that was not set. */
  fact(name: "behind"): number {
    return (this.#statements.fact.get(name)?.["value"] as number | undefined) ?? 0;
  }

  setFact(name: "behind", value: number): void {
    this.#statements.setFact.run(name, value);
  }

  fork(device: DeviceId): Uint8Array | null {
    return (this.#statements.fork.get(fromHex(device))?.["proof"] as Uint8Array | undefined) ?? null;
  }

  addFork(device: DeviceId, proof: Uint8Array): void {
    this.#statements.addFork.run(fromHex(device), proof);
  }

  forked(): DeviceId[] {
    return this.#db
      .prepare("SELECT key FROM forks ORDER BY key")
      .all()
      .map((row) => toHex(row["key"] as Uint8Array) as DeviceId);
  }

  [Symbol.dispose](): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #idOf(device: DeviceId, { hash, measure }: LogEnd): number {
    const key = fromHex(device);
    const known = this.#ids.get(device) ?? (this.#statements.device.get(key)?.["id"] as number | undefined);
    const counts = JSON.stringify(measure.counts);
    const id = known ?? (this.#statements.addDevice.get(key, 0, hash, 0, measure.minute, counts)?.["id"] as number);
    this.#ids.set(device, id);
    return id;
  }
}

function endOf(row: Record<string, SQLOutputValue>): LogEnd {
  return {
    size: row["size"] as number,
    hash: row["hash"] as Uint8Array,
    madeAtMs: row["made_at"] as number,
    measure: { minute: row["minute"] as number, counts: JSON.parse(row["counts"] as string) as Measure["counts"] },
  };
}

function corrupt(cause?: unknown): CodecError {
  return new CodecError("journal_corrupt", "The agent's journal is damaged, of a newer version, or something else.", {
    hint: "Do not put an older copy back: signing on from it would be a second history. Begin with a new device key, and a certificate for it.",
    cause,
  });
}
