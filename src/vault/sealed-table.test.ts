import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { CryptoError, InternalError, LockedError, ValidationError } from "../core/errors.ts";
import { VAULT_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { Database } from "./database.ts";
import { KeyRing } from "./key-ring.ts";
import { SealedTable, type TableDefinition } from "./sealed-table.ts";

interface Note {
  readonly id: string;
  readonly folder: string | null;
  readonly text: string;
}

let directory: string;
let database: Database;
let ring: KeyRing | null;
let tables = 0;

before(() => {
  directory = mkdtempSync(join(tmpdir(), "nocturne-table-"));
  database = new Database(join(directory, "vault.db"));
  database.migrate();
  ring = new KeyRing(randomBytes(32));
});

after(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

function openTable<Row extends object>(definition: TableDefinition<Row>): SealedTable<Row> {
  return new SealedTable(database, definition, () => {
    if (!ring) throw new LockedError();
    return ring.tableKeys(definition.name);
  });
}

/** A table of notes that no other test has. */
function noteTable(): { name: string; notes: SealedTable<Note> } {
  const name = `notes_${tables++}`;
  return { name, notes: openTable<Note>({ name, key: (row) => row.id, indexes: { folder: (row) => row.folder } }) };
}

function note(id: string, folder: string | null = "inbox", text = `text of ${id}`): Note {
  return { id, folder, text };
}

/** Rows without their place. */
function plain(rows: readonly Note[]): Note[] {
  return rows.map(({ id, folder, text }) => ({ id, folder, text }));
}

test("any JSON row comes back as it was, by key and by index", () => {
  const indexes = { id: (row: { id: string }) => row.id };
  const table = openTable<{ id: string; value: unknown }>({ name: "anything", key: (row) => row.id, indexes });
  const anyText = fc.string({ unit: "binary" }); // half surrogate pairs included
  const roundTrip = fc.property(anyText, fc.jsonValue({ noUnicodeString: false, maxDepth: 2 }), (id, value) => {
    const row = JSON.parse(JSON.stringify({ id, value })); // -0 and the like are not JSON
    const seq = table.put(row);
    assert.deepEqual(table.get(row.id), { ...row, seq });
    assert.deepEqual(table.find("id", row.id), [{ ...row, seq }]);
  });
  database.transaction(() => fc.assert(roundTrip));
});

test("agrees with a plain map under any sequence of puts and deletes", () => {
  const id = fc.constantFrom("a", "b", "c", "d");
  const folder = fc.option(fc.constantFrom("x", "y"));
  const put = fc.record({ id, folder, text: fc.string() }, { noNullPrototype: true });
  const step = fc.oneof(put, fc.record({ remove: id }));
  const runOnBoth = (steps: (Note | { remove: string })[]): void => {
    const { notes } = noteTable();
    const oracle = new Map<string, Note>();
    for (const next of steps) {
      if ("remove" in next) {
        notes.delete(next.remove);
        oracle.delete(next.remove);
      } else {
        notes.put(next);
        oracle.set(next.id, next); // like `seq`, a map keeps the place of a replaced key
      }
    }
    const all = [...oracle.values()];
    assert.deepEqual(plain(notes.list()), all);
    assert.equal(notes.count(), all.length);
    for (const name of ["x", "y"]) {
      const expected = all.filter((row) => row.folder === name);
      assert.deepEqual(plain(notes.find("folder", name)), expected);
      assert.equal(notes.count("folder", name), expected.length);
    }
    for (const name of ["a", "b", "c", "d"]) assert.equal(notes.has(name), oracle.has(name));
  };
  const agree = fc.property(fc.array(step, { maxLength: 12 }), runOnBoth);
  database.transaction(() => fc.assert(agree, { numRuns: 60 }));
});

test("a replaced row keeps its place, a deleted one's place is never given again", () => {
  const { notes } = noteTable();
  const first = notes.put(note("a"));
  const second = notes.put(note("b"));
  assert.equal(notes.put({ ...(notes.get("a") as Note), text: "other" }), first);
  assert.deepEqual(notes.get("a"), { ...note("a", "inbox", "other"), seq: first });
  notes.delete("b");
  assert.ok(notes.put(note("b")) > second);
  notes.delete("never there");
});

test("pages forwards and backwards by seq", () => {
  const { notes } = noteTable();
  for (let i = 1; i <= 9; i++) notes.put(note(`n${i}`, i % 3 === 0 ? "third" : "other"));
  const ids = (rows: Note[]): string[] => rows.map((row) => row.id);
  assert.deepEqual(ids(notes.list({ limit: 2 })), ["n1", "n2"]);
  assert.deepEqual(ids(notes.list({ limit: 2, newestFirst: true })), ["n9", "n8"]);
  assert.deepEqual(ids(notes.list({ after: 3, before: 6 })), ["n4", "n5"]);
  assert.deepEqual(ids(notes.find("folder", "third", { before: 9, newestFirst: true, limit: 5 })), ["n6", "n3"]);
  assert.deepEqual(ids(notes.find("folder", "third", { after: 3 })), ["n6", "n9"]);
  assert.deepEqual(ids(notes.find("folder", "nowhere")), []);
});

test("a row put under another key does not open", () => {
  const { name, notes } = noteTable();
  notes.put(note("mine"));
  notes.put(note("victim"));
  database.exec(`UPDATE ${name} SET body = (SELECT body FROM ${name} WHERE seq = 1) WHERE seq = 2`);
  assert.throws(() => notes.get("victim"), CryptoError);
  assert.throws(() => notes.list(), CryptoError);
  assert.equal(notes.get("mine")?.id, "mine");
});

test("a row put into another table does not open, not even under the same key bytes", () => {
  const { name, notes } = noteTable();
  const other = noteTable();
  notes.put(note("a"));
  other.notes.put(note("a"));
  database.exec(`UPDATE ${other.name} SET body = (SELECT body FROM ${name})`);
  assert.throws(() => other.notes.get("a"), CryptoError);
  database.exec(`UPDATE ${other.name} SET key = (SELECT key FROM ${name})`);
  assert.throws(() => other.notes.list(), CryptoError);
});

test("a row put under a foreign index value is refused", () => {
  const { name, notes } = noteTable();
  notes.put(note("a", "friend"));
  notes.put(note("b", "stranger"));
  database.exec(`UPDATE ${name} SET ix_folder = (SELECT ix_folder FROM ${name} WHERE seq = 1)`);
  assert.throws(() => notes.find("folder", "friend"), CryptoError);
});

test("no changed byte of a body goes unnoticed, whatever type it has", () => {
  const { name, notes } = noteTable();
  notes.put(note("a"));
  const body = database.prepare(`SELECT body FROM ${name}`).get()?.body as Uint8Array;
  for (let i = 0; i < body.length; i++) {
    const changed = body.slice();
    changed[i] = (changed[i] as number) ^ 1;
    database.prepare(`UPDATE ${name} SET body = ?`).run(changed);
    assert.throws(() => notes.get("a"), CryptoError);
  }
  for (const forged of ["text", 7, new Uint8Array(0), body.subarray(0, body.length - 1)]) {
    database.prepare(`UPDATE ${name} SET body = ?`).run(forged);
    assert.throws(() => notes.get("a"), CryptoError);
  }
});

test("the same value gives other bytes in another table, another column and under another key", () => {
  const first = noteTable();
  const second = noteTable();
  first.notes.put(note("same", "same"));
  second.notes.put(note("same", "same"));
  const blinds = (name: string): string[] => {
    const row = database.prepare(`SELECT key, ix_folder FROM ${name}`).get();
    return [row?.key, row?.ix_folder].map((blob) => Buffer.from(blob as Uint8Array).toString("hex"));
  };
  assert.equal(new Set([...blinds(first.name), ...blinds(second.name)]).size, 4);
});

test("refuses rows above the limit and keeps the former one", () => {
  const { notes } = noteTable();
  notes.put(note("a"));
  const large = note("a", null, "x".repeat(VAULT_LIMITS.rowBytes));
  assert.throws(
    () => notes.put(large),
    (error) => error instanceof ValidationError && error.code === "row_too_large",
  );
  assert.equal(notes.get("a")?.text, "text of a");
  const envelope = JSON.stringify(note("b", null, "")).length;
  notes.put(note("b", null, "x".repeat(VAULT_LIMITS.rowBytes - envelope)));
});

test("every call is refused while there is no key", () => {
  const { notes } = noteTable();
  notes.put(note("a"));
  const kept = ring;
  ring = null;
  try {
    const calls = [
      () => notes.put(note("b")),
      () => notes.get("a"),
      () => notes.has("a"),
      () => notes.find("folder", "inbox"),
      () => notes.list(),
      () => notes.count(),
      () => notes.delete("a"),
    ];
    for (const call of calls) assert.throws(call, LockedError);
  } finally {
    ring = kept;
  }
  assert.equal(notes.count(), 1);
});

test("names that SQL would misread are refused", () => {
  for (const name of ["", "a b", 'a"b', "a;DROP TABLE meta", "1a", "a\0b"]) {
    assert.throws(() => openTable({ name, key: () => "" }), InternalError);
  }
  const indexes = { "a) --": () => null };
  assert.throws(() => openTable({ name: "fine", key: () => "", indexes }), InternalError);
  const { notes } = noteTable();
  assert.throws(() => notes.find("key", "a"), InternalError);
});

test("a table of an earlier version gets the indexes that it lacks, and its rows once they are put again", () => {
  const name = `notes_${tables++}`;
  const old = openTable<Note>({ name, key: (row) => row.id });
  assert.equal(old.outdated, false);
  old.put(note("a"));
  old.put(note("b", "archive"));
  const definition = { name, key: (row: Note) => row.id, indexes: { folder: (row: Note) => row.folder } };
  const next = openTable<Note>(definition);
  assert.equal(next.outdated, true);
  assert.deepEqual(next.find("folder", "inbox"), []);
  for (const row of next.list()) next.put(row);
  assert.deepEqual(plain(next.find("folder", "inbox")), [note("a")]);
  assert.equal(openTable<Note>(definition).outdated, false);
});
