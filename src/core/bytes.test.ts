import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "@scure/base";
import * as fc from "fast-check";
import { fromHex, toHex } from "./bytes.ts";

test("hex is that of @scure/base, in both directions and cases", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const text = toHex(bytes);
      assert.equal(text, hex.encode(bytes));
      assert.deepEqual(fromHex(text), bytes);
      assert.deepEqual(fromHex(text.toUpperCase()), bytes);
    }),
  );
});

test("the bytes of hex lie in memory of their own", () => {
  assert.equal(fromHex("00ff").buffer.byteLength, 2);
  const whole = Uint8Array.of(1, 2, 3, 4);
  assert.equal(toHex(whole.subarray(1, 3)), "0203");
});

test("what is no hex is refused, also where Buffer would read something", () => {
  // U+0130 ends with the byte of "0", and its lower case is longer.
  for (const text of [
    "a",
    "abc",
    "zz",
    "abzz",
    "ab ",
    " ab",
    "0x12",
    "ab\u0130\u0130",
    "a\u0130",
    "é0",
    "-1",
    "ab\n",
  ]) {
    assert.throws(() => fromHex(text), { code: "bad_hex" }, JSON.stringify(text));
  }
});
