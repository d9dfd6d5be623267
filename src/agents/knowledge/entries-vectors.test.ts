/** `vectors/agent-entries.json`, NEP-29. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../../core/bytes.ts";
import { encodeStatement, readStatement } from "../statement.ts";
import { encodeKnowledgeEntry, entryIdOf, readKnowledgeEntry } from "./entry.ts";
import { encodeWithdrawal, readWithdrawal } from "./withdrawal.ts";

const { entries, withdrawals } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../vectors/agent-entries.json"), "utf8"),
);

test("entries and their ids", () => {
  for (const { network, statement, id, ...entry } of entries.valid) {
    const read = readStatement(fromHex(statement));
    assert.ok(read?.kind === "entry" && read.network === network);
    assert.deepEqual(readKnowledgeEntry(read.body), entry);
    assert.equal(toHex(encodeStatement({ ...read, body: encodeKnowledgeEntry(entry) })), statement);
    assert.equal(entryIdOf(fromHex(statement)), id);
  }
  const ids = new Set(entries.valid.map(({ id }: { id: string }) => id));
  assert.equal(ids.size, entries.valid.length);
});

test("what is no entry", () => {
  for (const { why, body } of entries.invalid) assert.equal(readKnowledgeEntry(fromHex(body)), null, why);
});

test("withdrawals", () => {
  for (const { entry, body } of withdrawals.valid) {
    assert.equal(readWithdrawal(fromHex(body)), entry);
    assert.equal(toHex(encodeWithdrawal(entry)), body);
  }
  for (const { why, body } of withdrawals.invalid) assert.equal(readWithdrawal(fromHex(body)), null, why);
});
