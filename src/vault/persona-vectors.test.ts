/** NEP-11: the vectors of `vectors/persona.json`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, toHex, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { openBytes } from "../crypto/aead.ts";
import { Database } from "./database.ts";
import { identityOf, openRoot } from "./identity.ts";
import { KeyRing } from "./key-ring.ts";
import { openPersonaKey, personaTableName } from "./persona-accounts.ts";
import { SealedTable } from "./sealed-table.ts";

interface Row {
  readonly id: string;
  readonly state: string;
}

const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/persona.json", import.meta.url), "utf8")) as {
  readonly vaultKey: string;
  readonly id: string;
  readonly personaKey: string;
  readonly wrappingKey: string;
  readonly sealed: string;
  readonly tables: readonly {
    readonly name: string;
    readonly inFile: string;
    readonly rows: string;
    readonly index: string;
    readonly row: Row;
    readonly key: string;
    readonly state: string;
    readonly body: string;
  }[];
  readonly root: {
    readonly key: string;
    readonly sealed: string;
    readonly seed: string;
    readonly nostrSecretKey: string;
    readonly nostrPublicKey: string;
  };
  readonly refused: readonly { readonly why: string; readonly id: string; readonly sealed: string }[];
};

test("the vault key leads to the persona key, and nothing that was altered or moved does", () => {
  const wrappingKey = new KeyRing(fromHex(VECTORS.vaultKey)).personaKey;
  assert.equal(toHex(wrappingKey), VECTORS.wrappingKey);
  assert.equal(toHex(openPersonaKey(VECTORS.sealed, VECTORS.id, wrappingKey)), VECTORS.personaKey);
  for (const { why, id, sealed } of VECTORS.refused) {
    assert.throws(() => openPersonaKey(sealed, id, wrappingKey), { code: "cannot_open" }, why);
  }
});

test("the persona key leads to the keys of its tables, which open the vectors' row", () => {
  const ring = new KeyRing(fromHex(VECTORS.personaKey));
  for (const { name, inFile, rows, index, row, key, body } of VECTORS.tables) {
    assert.equal(personaTableName(VECTORS.id, name), inFile);
    const keys = ring.tableKeys(inFile);
    assert.deepEqual([toHex(keys.rows), toHex(keys.index)], [rows, index]);
    const associated = Buffer.concat([utf8Encode(`${inFile}\0`), fromHex(key)]);
    assert.deepEqual(JSON.parse(utf8Decode(openBytes(keys.rows, fromHex(body), associated))), row);
  }
});

test("a table of a persona writes the vectors' blind values", () => {
  const database = new Database(":memory:");
  const ring = new KeyRing(fromHex(VECTORS.personaKey));
  for (const { inFile, row, key, state } of VECTORS.tables) {
    const definition = { name: inFile, key: ({ id }: Row) => id, indexes: { state: (one: Row) => one.state } };
    new SealedTable<Row>(database, definition, () => ring.tableKeys(inFile)).put(row);
    const written = database.prepare(`SELECT key, ix_state FROM ${inFile}`).get() as Record<string, Uint8Array>;
    assert.deepEqual([toHex(written["key"] as Uint8Array), toHex(written["ix_state"] as Uint8Array)], [key, state]);
  }
  database.close();
});

test("the persona's seed gives its identity as a recovery key does", () => {
  const { root } = VECTORS;
  const rootKey = new KeyRing(fromHex(VECTORS.personaKey)).rootKey;
  assert.equal(toHex(rootKey), root.key);
  const secrets = openRoot({ sealed: root.sealed, devices: [] }, rootKey);
  assert.equal(toHex(secrets.recoveryKey), root.seed);
  assert.equal(toHex(secrets.nostrSecretKey), root.nostrSecretKey);
  assert.equal(identityOf(secrets).publicKey, root.nostrPublicKey);
});
