import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { temporaryFolder } from "../../test/support/cleanup.ts";
import { toHex, utf8Encode } from "../core/bytes.ts";
import { PERSONA_LIMITS } from "../core/limits.ts";
import { openBytes } from "../crypto/aead.ts";
import { KeyRing } from "./key-ring.ts";
import { openByKeyFile } from "./access.ts";
import { restoreBackup } from "./restore.ts";
import { childProgram, PASSPHRASE, readAllFiles, START_MS, TestBox } from "./testing.ts";
import type { Vault } from "./vault.ts";
import { readVaultFile } from "./vault-file.ts";

interface Row {
  readonly id: string;
  readonly text?: string;
}

const ROWS = { name: "rows", key: (row: Row) => row.id };
const FACTS = { label: "shop", displayName: "Quillon", relays: ["wss://relay.example"], expiresAtMs: null };

/** A copy of the database as it lies on the disk; reading it in place would drop the vault's lock. */
function copyOf(t: TestContext, box: TestBox): string {
  const folder = temporaryFolder(t);
  execFileSync("sh", ["-c", `cp "$1"/vault.db* "$2"/`, "cp", box.dataDir, folder]);
  return join(folder, "vault.db");
}

interface Sealed {
  readonly table: string;
  readonly key: Uint8Array;
  readonly body: Uint8Array;
}

/** Every row of every table whose name begins so. */
function sealedRows(path: string, prefix: string): Sealed[] {
  using database = new DatabaseSync(path);
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return tables
    .map(({ name }) => String(name))
    .filter((name) => name.startsWith(prefix))
    .flatMap((table) =>
      database
        .prepare(`SELECT key, body FROM ${table}`)
        .all()
        .map((row) => ({ table, ...row })),
    )
    .map((row) => row as unknown as Sealed);
}

function opens(ring: KeyRing, { table, key, body }: Sealed): boolean {
  const associated = Buffer.concat([utf8Encode(`${table}\0`), key]);
  for (const secret of [ring.tableKeys(table).rows, ring.rootKey, ring.personaKey, ring.vaultKey]) {
    try {
      openBytes(secret, body, associated);
      return true;
    } catch {
      // the next key
    }
  }
  return false;
}

function inFiles(box: TestBox, needles: readonly Uint8Array[]): number {
  const files = readAllFiles(box.dataDir);
  return needles.filter((needle) => files.some(({ bytes }) => bytes.includes(Buffer.from(needle)))).length;
}

test("a persona has keys and rows of its own, apart from the root's and from another's", async () => {
  using box = new TestBox();
  const vault = await box.open();
  const [one, other] = [vault.personas.create(FACTS, START_MS), vault.personas.create(FACTS, START_MS)];
  const accounts = [vault, vault.personas.account(one.id), vault.personas.account(other.id)];
  accounts.forEach((account, i) => {
    account.table(ROWS).put({ id: "the same id", text: `of ${i}` });
    account.writeMeta("cursor", i);
  });
  accounts.forEach((account, i) => {
    assert.deepEqual(
      account
        .table(ROWS)
        .list()
        .map(({ text }) => text),
      [`of ${i}`],
    );
    assert.equal(account.readMeta("cursor"), i);
  });
  const identities = accounts.map((account) => account.identity());
  for (const part of ["publicKey", "npub", "fingerprint"] as const) {
    assert.equal(new Set(identities.map((identity) => identity[part])).size, 3, part);
  }
  assert.equal(new Set(identities.map(({ hybrid }) => toHex(hybrid.publicKey))).size, 3);
  assert.equal(new Set(identities.map(({ signing }) => toHex(signing.publicKey))).size, 3);
});

test("equal rows of root and persona have nothing in common in the file, and a moved row does not open", async (t) => {
  using box = new TestBox();
  const vault = await box.open();
  const { id } = vault.personas.create(FACTS, START_MS);
  vault.table(ROWS).put({ id: "same" });
  vault.personas.account(id).table(ROWS).put({ id: "same" });
  const path = copyOf(t, box);
  const [[root], [persona]] = [sealedRows(path, "rows"), sealedRows(path, `p${id}_rows`)];
  assert.ok(root && persona);
  assert.notDeepEqual(persona.key, root.key);
  const ring = new KeyRing(openByKeyFile(box.dataDir, readVaultFile(box.dataDir) as never));
  assert.ok(opens(ring, root), "the search opens what is the root's");
  assert.ok(!opens(ring, persona));
  vault.close();
  using database = new DatabaseSync(box.path("vault.db"));
  database.exec(`UPDATE rows SET body = (SELECT body FROM p${id}_rows)`);
  database.close();
  const again = await box.open();
  assert.throws(() => again.table(ROWS).list(), { code: "cannot_open" });
});

test("no key of the root opens a row of a persona; once destroyed and swept, not a byte of its rows is left", async (t) => {
  using box = new TestBox();
  const vault = await box.open();
  const { id } = vault.personas.create({ ...FACTS, label: "the-label-of-it" }, START_MS);
  const table = vault.personas.account(id).table(ROWS);
  vault.transaction(() => {
    for (let i = 0; i < 1_000; i++) table.put({ id: `${i}`, text: `secret ${i} `.repeat(1 + (i % 40)) });
  });
  for (let i = 0; i < 1_000; i += 10) table.put({ id: `${i}`, text: "shorter" });
  vault.table(ROWS).put({ id: "of the root" });
  assert.ok(vault.emptyLog());
  const before = sealedRows(copyOf(t, box), `p${id}_`);
  const bodies = before.map(({ body }) => body);
  const ring = new KeyRing(openByKeyFile(box.dataDir, readVaultFile(box.dataDir) as never));
  assert.ok(before.length > 1_000 && before.every((row) => !opens(ring, row)));
  assert.equal(inFiles(box, bodies), bodies.length, "they are all there before");
  assert.equal(inFiles(box, ["the-label-of-it", "Quillon", "relay.example", "secret 7"].map(utf8Encode)), 0);

  vault.personas.destroy(id);
  assert.ok(vault.emptyLog() && vault.scrub());
  assert.equal(inFiles(box, bodies), 0);
  assert.equal(inFiles(box, [utf8Encode(`p${id}`)]), 0, "nor the names of its tables");
  assert.deepEqual(vault.personas.list(), []);
  assert.throws(() => vault.personas.account(id), { code: "unknown_persona" });
  assert.throws(() => table.list(), { code: "unknown_persona" });
  assert.ok(vault.table(ROWS).has("of the root"));
});

test("the lock takes the keys of personas, the unlock brings them back", async () => {
  using box = new TestBox();
  const vault = await box.open({ secret: PASSPHRASE });
  const { id } = vault.personas.create(FACTS, START_MS);
  const account = vault.personas.account(id);
  const identity = account.identity();
  const { publicKey, nostrSecretKey } = identity;
  account.table(ROWS).put({ id: "kept" });
  vault.lock();
  assert.ok(nostrSecretKey.every((byte) => byte === 0) && identity.hybrid.secretKey.every((byte) => byte === 0));
  for (const use of [() => account.identity(), () => account.table(ROWS), () => vault.personas.list()]) {
    assert.throws(use, { code: "locked" });
  }
  await vault.unlock(PASSPHRASE);
  assert.equal(account.identity().publicKey, publicKey);
  assert.ok(account.table(ROWS).has("kept"));
});

test("a backup brings personas back, but for their unsaved rows; the recovery key alone does not", async () => {
  using box = new TestBox();
  using target = new TestBox();
  using bare = new TestBox();
  const vault = await box.open();
  const { id } = vault.personas.create(FACTS, START_MS);
  const account = vault.personas.account(id);
  const brief = { ...ROWS, indexes: { unsaved: (row: Row) => (row.id === "brief" ? "yes" : null) } };
  account.table<Row>(brief).put({ id: "brief" });
  account.table<Row>(brief).put({ id: "lasting" });
  const { publicKey } = account.identity();
  const recoveryKey = vault.recoveryKey();
  const { dataDir, log } = target.options();
  const clock = { nowMs: () => START_MS };
  await restoreBackup({ source: vault.backup(), dataDir, clock, log, recoveryKey: recoveryKey.slice() });
  const restored = (await target.open()).personas.account(id);
  assert.equal(restored.identity().publicKey, publicKey);
  assert.deepEqual(
    restored
      .table<Row>(brief)
      .list()
      .map((row) => row.id),
    ["lasting"],
  );
  assert.deepEqual((await bare.open({ recoveryKey })).personas.list(), []);
});

test("there are so many personas and no more", async () => {
  using box = new TestBox();
  const vault = await box.open();
  for (let i = 0; i < PERSONA_LIMITS.personas; i++) vault.personas.create(FACTS, START_MS);
  assert.throws(() => vault.personas.create(FACTS, START_MS), { code: "too_many_personas" });
});

test("kill -9 while personas are made and destroyed leaves each of them whole or gone", async () => {
  using box = new TestBox();
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, childProgram(box.dataDir, CHURN), { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    for (let i = 0; i < 3 + round; i++) await lines.next();
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    const vault = await box.open();
    const left = vault.personas.list();
    for (const { id } of left) assert.equal(vault.personas.account(id).identity().npub.slice(0, 5), "npub1");
    assert.deepEqual(tableOwners(vault, box), left.map(({ id }) => id).toSorted());
    vault.close();
  }
});

/** Tells of each step, so that the kill falls into another place each time. */
const CHURN = `
  const vault = await openVault(options);
  const facts = { label: "l", displayName: "", relays: [], expiresAtMs: null };
  for (;;) {
    const { id } = vault.personas.create(facts, 0);
    const rows = vault.personas.account(id).table({ name: "rows", key: (row) => row.id });
    vault.transaction(() => { for (let i = 0; i < 500; i++) rows.put({ id: "r" + i }); });
    await new Promise((resolve) => process.stdout.write("made\\n", resolve));
    vault.personas.destroy(id);
    await new Promise((resolve) => process.stdout.write("destroyed\\n", resolve));
  }`;

/** The ids for which the file has tables. */
function tableOwners(vault: Vault, box: TestBox): string[] {
  assert.ok(vault.emptyLog());
  const names = readAllFiles(box.dataDir)
    .filter(({ name }) => name.endsWith("vault.db"))
    .flatMap(({ bytes }) => [...bytes.toString("latin1").matchAll(/CREATE TABLE p([0-9a-f]{16})_/g)]);
  return [...new Set(names.map(([, id]) => id ?? ""))].toSorted();
}
