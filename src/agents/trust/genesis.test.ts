import assert from "node:assert/strict";
import { test } from "node:test";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, fromHex } from "../../core/bytes.ts";
import type { OperatorId } from "../agent-ids.ts";
import { encodeGenesis, networkIdOf, readGenesis } from "./genesis.ts";
import { keyPair, NOW, operatorOf } from "./testing.ts";

const operators = [1, 2, 3, 4].map((n) => operatorOf(keyPair(n))).sort();
const shape = { name: "our agents", madeAtMs: NOW, commitMs: 86_400_000, revealMs: 43_200_000, operators };
const genesis = encodeGenesis(shape);
const HEAD_BYTES = 2 + shape.name.length + 8 + 4 + 4;

/** The same with other operators, as somebody writes it who does not care for our rules. */
function written(ids: readonly string[]): Uint8Array {
  return concatBytes(genesis.subarray(0, HEAD_BYTES), Uint8Array.of(ids.length), ...ids.map(fromHex));
}

const refuses = (change: object): void =>
  assert.throws(() => encodeGenesis({ ...shape, ...change }), { code: "agent_genesis" }, JSON.stringify(change));

test("a genesis is read as it was written, under the name of its hash", () => {
  assert.deepEqual(readGenesis(genesis), { ...shape, network: networkIdOf(genesis) });
  assert.deepEqual(readGenesis(written(operators)), readGenesis(genesis));
  assert.deepEqual(encodeGenesis({ ...shape, operators: operators.toReversed() }), genesis);
  assert.notEqual(networkIdOf(encodeGenesis({ ...shape, madeAtMs: NOW + 1 })), networkIdOf(genesis));
});

test("a genesis of one operator is refused, who could never find three for anybody else, and one of two", () => {
  for (const count of [0, 1, 2]) {
    refuses({ operators: operators.slice(0, count) });
    assert.equal(readGenesis(written(operators.slice(0, count))), null, `${count} operators`);
  }
  assert.ok(readGenesis(written(operators.slice(0, 3))));
});

test("an all-zero key in a genesis is refused, and every other key that is not one signer's", () => {
  const bad = ["00".repeat(32), `01${"00".repeat(31)}`, `ec${"ff".repeat(30)}7f`, `02${"00".repeat(31)}`];
  for (const key of bad) {
    const ids = [...operators.slice(0, 3), key as OperatorId].sort();
    refuses({ operators: ids });
    assert.equal(readGenesis(written(ids)), null, key);
  }
});

test("operators rise, and each is there once", () => {
  assert.equal(readGenesis(written(operators.toReversed())), null);
  const twice = [...operators, operators[3] as OperatorId];
  refuses({ operators: twice });
  assert.equal(readGenesis(written(twice)), null);
});

test("there is a most of operators", () => {
  const many = Array.from({ length: AGENT_LIMITS.genesisMost + 1 }, (_, n) => operatorOf(keyPair(n + 1))).sort();
  refuses({ operators: many });
  assert.equal(readGenesis(written(many)), null);
  assert.ok(readGenesis(written(many.slice(1))));
});

test("windows have whole seconds, and bounds", () => {
  const { windowLeastS, windowMostS } = AGENT_LIMITS;
  for (const ms of [0, -1_000, 500, 1_500, (windowMostS + 1) * 1_000, Number.NaN]) {
    refuses({ commitMs: ms });
    refuses({ revealMs: ms });
  }
  const bounds = { ...shape, commitMs: windowLeastS * 1_000, revealMs: windowMostS * 1_000 };
  assert.equal(readGenesis(encodeGenesis(bounds))?.revealMs, windowMostS * 1_000);
  for (const at of [HEAD_BYTES - 8, HEAD_BYTES - 4])
    for (const value of [0, 0xff]) assert.equal(readGenesis(genesis.slice().fill(value, at, at + 4)), null);
});

test("names and times that cannot be", () => {
  for (const name of ["a\nb", "x".repeat(AGENT_LIMITS.labelBytes + 1), "\u202egnp", "e\u0301"]) refuses({ name });
  for (const madeAtMs of [-1, 1.5, 2 ** 53]) refuses({ madeAtMs });
});

test("nothing can be cut or put behind, and another version is none", () => {
  for (let length = 0; length < genesis.length; length++) assert.equal(readGenesis(genesis.subarray(0, length)), null);
  assert.equal(readGenesis(concatBytes(genesis, Uint8Array.of(0))), null);
  assert.equal(readGenesis(genesis.with(0, 2)), null);
});
