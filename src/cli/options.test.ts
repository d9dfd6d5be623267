import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidArgumentError } from "commander";
import { collect, parseCount, parsePort, parseSeconds } from "./options.ts";

function assertRefused(parse: (text: string) => number, texts: readonly string[]): void {
  for (const text of texts) assert.throws(() => parse(text), InvalidArgumentError, `${parse.name} ${text}`);
}

test("counts are whole numbers above 0", () => {
  assert.equal(parseCount("1"), 1);
  assert.equal(parseCount("250"), 250);
  assertRefused(parseCount, ["0", "-1", "1.5", "1e3", "", " ", "x", "0x10", "9999999999", "1 "]);
});

test("seconds may have fractions", () => {
  assert.equal(parseSeconds("0.5"), 0.5);
  assert.equal(parseSeconds("3600"), 3600);
  assertRefused(parseSeconds, ["0", "-3", "", " ", "soon", "NaN", "Infinity", "1e99"]);
});

test("ports are those that exist, and 0", () => {
  assert.equal(parsePort("0"), 0);
  assert.equal(parsePort("65535"), 65_535);
  assertRefused(parsePort, ["65536", "-1", "80.5", "", "http"]);
});

test("a repeated option collects", () => {
  assert.deepEqual(collect("b", collect("a")), ["a", "b"]);
});
