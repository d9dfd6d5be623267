/** Bytes that wait, of all connections together: who is left when they are too many. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldMemory, type Holder } from "./held-memory.ts";

const MIB = 1_048_576;

function start() {
  const closed: string[] = [];
  let told = 0;
  const memory = new HeldMemory(() => void told++);
  const holder = (name: string): Holder => ({ close: () => void closed.push(name) });
  return { memory, holder, closed, told: () => told };
}

test("of those that hold too much together the one is left whose bytes waited longest", () => {
  const { memory, holder, closed, told } = start();
  const [first, second, third] = [holder("first"), holder("second"), holder("third")];
  memory.hold(first, 8 * MIB);
  memory.hold(second, 8 * MIB);
  memory.hold(first, 9 * MIB);
  assert.deepEqual(closed, []);
  memory.hold(third, 8 * MIB);
  assert.deepEqual(closed, ["second"]);
  assert.equal(told(), 1);
  memory.hold(second, 20 * MIB);
  assert.deepEqual(closed, ["second"], "who was left does not count any more");
});

test("who holds nothing is never left, however long it waits", () => {
  const { memory, holder, closed } = start();
  const [idle, busy] = [holder("idle"), holder("busy")];
  memory.hold(idle, MIB);
  memory.hold(idle, 0);
  memory.hold(busy, 25 * MIB);
  assert.deepEqual(closed, ["busy"]);
});

test("memory is scarce above a quarter, until those that hold it have ended", () => {
  const { memory, holder } = start();
  const [one, other] = [holder("one"), holder("other")];
  memory.hold(one, 4 * MIB);
  assert.equal(memory.isScarce, false);
  memory.hold(other, 4 * MIB);
  assert.equal(memory.isScarce, true);
  memory.leave(one);
  memory.leave(one);
  assert.equal(memory.isScarce, false);
});
