import assert from "node:assert/strict";
import { it } from "node:test";
import { KeyCache } from "./key-cache.ts";

it("a key is parsed once per buffer, and again when the buffer holds another key", () => {
  const parsed: number[] = [];
  const cache = new KeyCache((bytes) => parsed.push(bytes[0] as number));
  const buffer = Uint8Array.of(1, 2, 3);
  assert.equal(cache.get(buffer), cache.get(buffer));
  assert.deepEqual(parsed, [1]);
  buffer[0] = 9;
  cache.get(buffer);
  buffer.fill(0);
  cache.get(buffer);
  assert.deepEqual(parsed, [1, 9, 0]);
});

it("a key that cannot be parsed is not remembered", () => {
  let good = false;
  const cache = new KeyCache(() => {
    if (!good) throw new Error("bad key");
    return "key";
  });
  const buffer = Uint8Array.of(1);
  assert.throws(() => cache.get(buffer), /bad key/);
  good = true;
  assert.equal(cache.get(buffer), "key");
});
