/** `vectors/agent-cases.json`, NEP-33. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, toHex } from "../../core/bytes.ts";
import { caseIdOf, encodeCase, readCase } from "./case.ts";

const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../vectors/agent-cases.json"), "utf8"));

test("cases and their ids", () => {
  for (const { network, operator, madeAtMs, body, id, ...told } of cases.valid) {
    assert.deepEqual(readCase(fromHex(body)), told);
    assert.equal(toHex(encodeCase(told)), body);
    assert.equal(caseIdOf(network, operator, madeAtMs, fromHex(body)), id);
  }
  const ids = new Set(cases.valid.map(({ id }: { id: string }) => id));
  assert.equal(ids.size, cases.valid.length);
});

test("what is no case", () => {
  for (const { why, body } of cases.invalid) assert.equal(readCase(fromHex(body)), null, why);
});
