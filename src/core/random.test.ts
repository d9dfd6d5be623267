import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "./bytes.ts";
import { randomBelow, randomBytes } from "./random.ts";

test("random bytes of any length, in memory of their own, never twice the same", () => {
  for (const length of [0, 1, 12, 63, 64, 65, 1_024, 65_537]) {
    const bytes = randomBytes(length);
    assert.equal(bytes.length, length);
    assert.equal(bytes.buffer.byteLength, length);
  }
  const drawn = Array.from({ length: 5_000 }, (_, i) => toHex(randomBytes(16 + (i % 49)).subarray(0, 16)));
  assert.equal(new Set(drawn).size, drawn.length);
});

test("what was drawn changes nothing that is drawn later", () => {
  const kept = Array.from({ length: 200 }, () => randomBytes(32));
  const before = kept.map(toHex);
  for (let i = 0; i < 200; i++) randomBytes(64).fill(0);
  assert.deepEqual(kept.map(toHex), before);
});

test("bytes and numbers are spread evenly", () => {
  const counts = new Array<number>(256).fill(0);
  for (let i = 0; i < 8_000; i++) for (const byte of randomBytes(32)) counts[byte] = (counts[byte] ?? 0) + 1;
  // 1,000 each expected; seven standard deviations are 221.
  for (const count of counts) assert.ok(Math.abs(count - 1_000) < 221, `${count}`);
  const numbers = Array.from({ length: 10_000 }, () => randomBelow(10));
  for (let i = 0; i < 10; i++) {
    const count = numbers.filter((number) => number === i).length;
    assert.ok(Math.abs(count - 1_000) < 210, `${i}: ${count}`);
  }
  for (const number of [1, 3, 172_801, 2 ** 32]) assert.ok(randomBelow(number) < number && randomBelow(number) >= 0);
});
