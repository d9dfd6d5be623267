import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { isHeadOf, proveHead, readCheckpoint, readCheckpointStatement, signCheckpoint } from "./checkpoint.ts";
import { readHead, signHead } from "./head.ts";
import { history, NOW, signer } from "./testing.ts";
import { STATEMENT_BYTES } from "./tree-statement.ts";

const node = signer(50);
const heads = [3, 1, 2, 5, 4].map((number) => history(signer(number), ["a", "b"]).head());

test("heads of many signers are under one root, in one order", () => {
  const checkpoint = signCheckpoint(heads, NOW, node);
  assert.deepEqual(readCheckpoint(checkpoint.bytes), checkpoint);
  assert.deepEqual(signCheckpoint([...heads].reverse(), NOW, node), checkpoint);
  const tooMany = Array.from({ length: MESH_LIMITS.ledgerSigners + 1 }, () => heads[0] as (typeof heads)[0]);
  for (const wrong of [[], tooMany]) assert.throws(() => signCheckpoint(wrong, NOW, node), { code: "ledger_head" });
});

test("whoever has the statement alone is shown a head, and no other", () => {
  const checkpoint = signCheckpoint(heads, NOW, node);
  const statement = readCheckpointStatement(checkpoint.bytes.subarray(0, STATEMENT_BYTES));
  assert.ok(statement);
  for (const [index, head] of checkpoint.heads.entries()) {
    const proof = proveHead(checkpoint, index);
    assert.ok(isHeadOf(statement, index, head, proof));
    const other = history(signer(index + 1), ["a", "X"]).head();
    assert.ok(!isHeadOf(statement, index, other, proof));
    assert.ok(!isHeadOf(statement, (index + 1) % heads.length, head, proof));
  }
});

test("a head left out, put in, exchanged or repeated is noticed, and so is an altered byte", () => {
  const { bytes, statement, heads: sorted } = signCheckpoint(heads, NOW, node);
  const withHeads = (some: readonly { bytes: Uint8Array }[]) =>
    concatBytes(statement.bytes, ...some.map((one) => one.bytes));
  const [first, second, ...rest] = sorted;
  assert.ok(first && second);
  const later = signHead({ ...first, madeAtMs: NOW + 1 }, signer(1));
  for (const some of [
    [second, ...rest],
    [second, first, ...rest],
    [first, first, ...rest],
    [later, second, ...rest],
  ]) {
    assert.equal(readCheckpoint(withHeads(some)), null);
  }
  for (let at = 0; at < bytes.length; at += 5) {
    const altered = bytes.slice();
    altered[at] = (altered[at] as number) ^ 2;
    assert.equal(readCheckpoint(altered), null, `byte ${at}`);
  }
});

test("the attack: a checkpoint is shown as the head of a ledger, or the other way round", () => {
  const { statement } = signCheckpoint(heads, NOW, node);
  assert.equal(readHead(statement.bytes), null);
  assert.equal(readCheckpointStatement((heads[0] as (typeof heads)[0]).bytes), null);
});
