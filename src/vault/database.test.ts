import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { CodecError, InternalError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { Database } from "./database.ts";

let folder: string;
let path: string;
let open: Database[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nocturne-database-"));
  path = join(folder, "vault.db");
  open = [];
});

afterEach(() => {
  for (const database of open) database.close();
  rmSync(folder, { recursive: true });
});

function openDatabase(): Database {
  const database = new Database(path);
  open.push(database);
  database.migrate();
  database.exec("CREATE TABLE IF NOT EXISTS t(a INTEGER)");
  return database;
}

function countRows(database: Database): number {
  return Number(database.prepare("SELECT count(*) AS n FROM t").get()?.n);
}

function insert(database: Database, value: number): void {
  database.attempt(() => database.prepare("INSERT INTO t VALUES(?)").run(value));
}

test("commits what a transaction wrote, and nested calls join it", () => {
  const database = openDatabase();
  const result = database.transaction(() => {
    insert(database, 1);
    return database.transaction(() => {
      insert(database, 2);
      return "done";
    });
  });
  assert.equal(result, "done");
  database.close();
  assert.equal(countRows(openDatabase()), 2);
});

test("an error rolls everything back and the next transaction works", () => {
  const database = openDatabase();
  const failure = new Error("no");
  const run = (): void =>
    database.transaction(() => {
      insert(database, 1);
      throw failure;
    });
  assert.throws(run, failure);
  assert.equal(countRows(database), 0);
  database.transaction(() => insert(database, 3));
  assert.equal(countRows(database), 1);
});

test("an inner error that the outer work swallows still rolls everything back", () => {
  const database = openDatabase();
  const failure = new Error("inner");
  const swallow = (): void =>
    database.transaction(() => {
      insert(database, 1);
      assert.throws(() =>
        database.transaction(() => {
          insert(database, 2);
          throw failure;
        }),
      );
    });
  assert.throws(swallow, failure);
  assert.equal(countRows(database), 0);
});

test("refuses an asynchronous transaction", () => {
  const database = openDatabase();
  const run = (): Promise<void> => database.transaction(async () => insert(database, 1));
  assert.throws(run, { code: "async_transaction" });
  assert.equal(countRows(database), 0);
});

test("a full disk keeps the former state, even if the work goes on after the failure", () => {
  const database = openDatabase();
  insert(database, 1);
  const pages = Number(database.prepare("PRAGMA page_count").get()?.page_count);
  database.exec(`CREATE TABLE big(a BLOB); PRAGMA max_page_count=${pages + 3}`);
  const fill = (): void =>
    database.transaction(() => {
      insert(database, 2);
      const large = (): unknown => database.prepare("INSERT INTO big VALUES(zeroblob(100000))").run();
      assert.throws(() => database.attempt(large), isDiskFull);
      insert(database, 3); // SQLite has rolled back by itself here: this one must not be committed alone
    });
  assert.throws(fill, isDiskFull);
  assert.equal(countRows(database), 1);
  insert(database, 4);
  assert.equal(countRows(database), 2);
});

function isDiskFull(error: unknown): boolean {
  return error instanceof InternalError && error.code === "disk_full";
}

test("a second opener is refused, in this process too, and admitted after close", () => {
  const database = openDatabase();
  assert.throws(() => new Database(path), isInUse);
  insert(database, 1);
  assert.throws(() => new Database(path), isInUse);
  database.close();
  assert.equal(countRows(openDatabase()), 1);
});

function isInUse(error: unknown): boolean {
  return error instanceof ValidationError && error.code === "vault_in_use" && error.hint !== undefined;
}

test("what is no database is called corrupt and left as it is", () => {
  writeFileSync(path, "this is not a database, but long enough to have a header of one ".repeat(20));
  const before = statSync(path).mtimeMs;
  assert.throws(
    () => new Database(path),
    (error) => error instanceof CodecError && error.code === "vault_corrupt",
  );
  assert.equal(statSync(path).mtimeMs, before);
});

test("a database of a newer version is refused", () => {
  const database = openDatabase();
  database.exec("PRAGMA user_version=99");
  database.close();
  assert.throws(() => new Database(path), { code: "vault_newer" });
});

test("a snapshot is whole while the database is written to, and only its owner may read it", async () => {
  const database = openDatabase();
  database.transaction(() => {
    for (let i = 0; i < 5_000; i++) insert(database, i);
  });
  const copy = join(folder, "copy.db");
  const done = database.snapshot(copy);
  insert(database, -1);
  await done;
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  const restored = new Database(copy);
  open.push(restored);
  assert.ok(countRows(restored) >= 5_000);
  assert.equal(restored.prepare("PRAGMA quick_check").get()?.quick_check, "ok");
  await assert.rejects(database.snapshot(copy), InternalError); // never over an existing file
});

test("a scrub leaves no byte of deleted rows, in the database or its log", () => {
  const database = openDatabase();
  database.exec("CREATE TABLE secrets(id INTEGER PRIMARY KEY, body BLOB)");
  const marks = Array.from({ length: 1_000 }, (_, i) => randomBytes(i % 50 === 0 ? 9_000 : 50 + (i % 400)));
  for (const body of marks) {
    database.attempt(() => database.prepare("INSERT INTO secrets(body) VALUES(?)").run(body));
  }
  database.exec("UPDATE secrets SET body = zeroblob(600) WHERE id % 5 = 0");
  database.exec("DELETE FROM secrets WHERE id % 2 = 0 OR id % 5 = 0");
  assert.ok(database.emptyLog());
  assert.equal(statSync(`${path}-wal`).size, 0);
  assert.ok(database.scrub());
  database.close();
  const bytes = readFileSync(path);
  const isDeleted = (id: number) => id % 2 === 0 || id % 5 === 0;
  marks.forEach((body, i) =>
    assert.equal(bytes.includes(Buffer.from(body.subarray(0, 32))), !isDeleted(i + 1), `row ${i + 1}`),
  );
});

test("a scrub waits for a snapshot that is being made", async () => {
  const database = openDatabase();
  const snapshot = database.snapshot(join(folder, "copy.db"));
  assert.equal(database.scrub(), false);
  assert.equal(database.emptyLog(), false);
  await snapshot;
  assert.equal(database.scrub(), true);
});
