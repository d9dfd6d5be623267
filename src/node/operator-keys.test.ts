import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toHex } from "../core/bytes.ts";
import { newFolder } from "../agents/testing.ts";
import { makeOperatorKeys, readOpenOperatorKeys, readOperatorKeys } from "./operator-keys.ts";

const nobody = (): Promise<null> => Promise.resolve(null);
const PASSPHRASE = "four words nobody guesses";
const idsOf = (keys: readonly { readonly publicKey: Uint8Array }[] | null): string[] =>
  (keys ?? []).map(({ publicKey }) => toHex(publicKey));

test("keys of an operator are made once, kept for their user alone, and read again", async (t) => {
  const path = join(newFolder(t), "agent", "operator.key");
  const made = await makeOperatorKeys(path, 3, null);
  assert.equal(new Set(idsOf(made)).size, 3);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(idsOf(await readOperatorKeys(path, nobody)), idsOf(made));
  assert.deepEqual(idsOf(readOpenOperatorKeys(path)), idsOf(made));
  await assert.rejects(makeOperatorKeys(path, 1, null), { code: "operator_keys_exist" });
  assert.deepEqual(idsOf(readOpenOperatorKeys(path)), idsOf(made));
});

test("under a passphrase nothing of a key lies open, and only the passphrase opens it", async (t) => {
  const path = join(newFolder(t), "operator.key");
  await assert.rejects(makeOperatorKeys(path, 1, "short"), { code: "passphrase_too_short" });
  const made = await makeOperatorKeys(path, 2, PASSPHRASE);
  const text = readFileSync(path, "utf8");
  for (const { secretKey } of made) assert.ok(!text.includes(toHex(secretKey)));
  assert.equal(readOpenOperatorKeys(path), null);
  await assert.rejects(readOperatorKeys(path, nobody), { code: "operator_keys_sealed" });
  await assert.rejects(
    readOperatorKeys(path, () => Promise.resolve("four words somebody guesses")),
    { code: "cannot_open" },
  );
  const read = await readOperatorKeys(path, () => Promise.resolve(PASSPHRASE));
  assert.deepEqual(idsOf(read), idsOf(made));
});

test("what is no file of keys is told apart from none", async (t) => {
  const path = join(newFolder(t), "operator.key");
  await assert.rejects(readOperatorKeys(path, nobody), { code: "operator_keys_missing" });
  for (const text of ["", "\n", "zz", `${"0".repeat(63)}\n`, "sealed \n", `${"0".repeat(64)}\nmore\n`]) {
    writeFileSync(path, text);
    await assert.rejects(readOperatorKeys(path, nobody), { code: "operator_keys_corrupt" }, JSON.stringify(text));
    assert.equal(readOpenOperatorKeys(path), null);
  }
});
