import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBytes } from "./sizes.ts";

test("sizes are read as people type them", () => {
  const sizes = {
    "10GB": 1e10,
    "512 MiB": 536_870_912,
    "1.5tb": 1.5e12,
    "100": 100,
    "2TiB": 2_199_023_255_552,
    "7b": 7,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseBytes(text), bytes, text);
});

test("what is no size is refused", () => {
  for (const text of ["", "GB", "-1GB", "0", "1.2345GB", "10 pigs", "1e9", "999999999999TB", "0.5b"]) {
    assert.throws(() => parseBytes(text), /Use a size such as/, text);
  }
});
